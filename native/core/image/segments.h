// SPDX-License-Identifier: GPL-2.0-only
// Images that hold memory as it is, in segments: ELF vmcore, LiME and raw.
#pragma once
#include "file_image.h"

namespace cr3scope {

class SegmentImage : public FileImage {
 public:
  std::vector<RamRange> held() const override;
  void read(const u64* addresses, size_t count, u8* to, FrameStatus* status) const override;

 protected:
  using FileImage::FileImage;

  // Takes the segments, which must lie in the file. Of bytes in several segments the first one counts. `left_out` is
  // memory that the image is about but does not hold.
  void set_segments(std::vector<Segment> segments, std::vector<RamRange> left_out = {});

 private:
  std::vector<Segment> segments_;  // by address, disjoint, of whole frames
};

}  // namespace cr3scope
