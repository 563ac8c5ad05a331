// SPDX-License-Identifier: GPL-2.0-only
// Physical memory at one moment, in a file. Whoever made the file is not trusted: nothing in it may crash the reader or
// fill its memory.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "../cpus.h"
#include "../target.h"

namespace cr3scope {

// Where bytes of physical memory are in a file.
struct Segment {
  u64 pa, bytes, offset;
};

// A part of the memory of a virtual machine: `offset` in the file at `path`, or if that is empty the address in the
// memory of its QEMU.
struct VmPart {
  std::string path;
  u64 pa, bytes, offset;
};

struct VmOptions {
  int pid = 0;          // of QEMU; 0: it is not a virtual machine but a file
  bool frozen = false;  // it does not run while it is read
  std::vector<VmPart> parts;
  std::vector<CpuState> cpus;  // as QEMU says them
};

struct ImageOptions {
  std::string path;
  VmOptions vm;
  std::vector<Segment> ranges;  // of a raw file; empty: its offsets are physical addresses
  u64 root_pa = 0;              // of an address space that the user names; 0: none
  bool guess_roots = false;     // look for pages that look like roots (guess_roots.h)
  unsigned levels = 0;          // 4 or 5; 0: as found, else 4
  std::string places;           // a file that keeps where scans found things (places.h); empty: none
};

// Any number of threads may call its methods at once.
class Image {
 public:
  virtual ~Image() = default;

  virtual std::string format() const = 0;  // "ELF vmcore"
  // The memory that the image is about, by address, in whole frames. Frames in it may be missing.
  const std::vector<RamRange>& ranges() const { return ranges_; }
  // Where in it frames may be read: the rest can be larger than any machine, if the file lies.
  virtual std::vector<RamRange> held() const { return ranges_; }
  // The text of VMCOREINFO by the file's own notes; empty where it has none.
  const std::string& vmcoreinfo() const { return vmcoreinfo_; }
  // The registers of each CPU by the file's own notes; empty where it has none.
  const std::vector<CpuState>& cpus() const { return cpus_; }

  // Copies frames to `to`, 4096 bytes for each address; those whose status is not ok are left as they are. A frame
  // outside the ranges is notRam, one that whoever made the file has left out is excluded.
  virtual void read(const u64* addresses, size_t count, u8* to, FrameStatus* status) const = 0;

 protected:
  std::vector<RamRange> ranges_;
  std::string vmcoreinfo_;
  std::vector<CpuState> cpus_;
};

// Opens the virtual machine, or the file, in the format that its first bytes name. Throws Error where that is not
// supported, or if the file is not what they say.
std::unique_ptr<Image> open_image(const ImageOptions& options);

}  // namespace cr3scope
