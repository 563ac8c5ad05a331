// SPDX-License-Identifier: GPL-2.0-only
// Images that hold memory as it is, in segments: ELF vmcore, LiME and raw.
#pragma once
#include "../file.h"
#include "image.h"

namespace cr3scope {

class SegmentImage : public Image {
 public:
  std::string format() const override { return format_; }
  std::vector<RamRange> held() const override;
  void read(const u64* addresses, size_t count, u8* to, FrameStatus* status) const override;

 protected:
  // Throws Error with `what_call` if the path is not a file, or can't be opened.
  SegmentImage(const std::string& path, const char* format);

  // The bytes at an offset; throws Error if the file ends before.
  void read_file(u64 offset, void* to, size_t bytes) const;
  // Takes the segments, which must lie in the file. Of bytes in several segments the first one counts. `left_out` is
  // memory that the image is about but does not hold.
  void set_segments(std::vector<Segment> segments, std::vector<RamRange> left_out = {});
  [[noreturn]] void refuse(const std::string& why) const;

  const std::string path_, format_;
  File file_;
  u64 bytes_ = 0;  // of the file

 private:
  std::vector<Segment> segments_;  // by address, disjoint, of whole frames
};

// Each throws Error if the file is not what its first bytes say.
std::unique_ptr<Image> open_elf(const std::string& path);
std::unique_ptr<Image> open_lime(const std::string& path);
std::unique_ptr<Image> open_raw(const std::string& path, const std::vector<Segment>& ranges);

}  // namespace cr3scope
