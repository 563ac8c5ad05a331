// SPDX-License-Identifier: GPL-2.0-only
// The regions (VMAs) of a process, by /proc/PID/maps, and the VmFlags of one, by /proc/PID/smaps.
#pragma once
#include <string>
#include <vector>

#include "file.h"
#include "paging.h"

namespace cr3scope {

struct Region {
  u64 begin, end;  // virtual addresses, end exclusive
  u64 offset;      // in the file, bytes
  u64 inode;
  u32 device;               // of that file, as the kernel numbers it (MKDEV)
  std::string permissions;  // "rw-p"
  std::string path;         // file, "[heap]", or "" for anonymous memory; "\n" is octal-escaped by the kernel
};

// The regions of the user half, sorted by address. Throws Error where there is no such process or it can't be read;
// empty for a process without an address space (kernel thread, zombie, exiting). With `gate_vma` also [vsyscall], the
// one region in the kernel half (get_gate_vma(), arch/x86/entry/vsyscall/vsyscall_64.c), which pagemap does not cover.
std::vector<Region> read_regions(int pid, bool gate_vma = false);

// Answers repeatedly which addresses regions cover, cheaply if the kernel can be asked for a single region.
class RegionProbe {
 public:
  virtual ~RegionProbe() = default;

  // How far regions cover the addresses from `va` on without a hole, at most to `end`; `va` if none covers it. As
  // the regions are now, or were at some moment after forget().
  virtual u64 covered_until(u64 va, u64 end) = 0;
  virtual void forget() = 0;
};

class MapsProbe final : public RegionProbe {
 public:
  explicit MapsProbe(int pid) : pid_(pid) {}

  u64 covered_until(u64 va, u64 end) override;
  void forget() override { known_ = false; }

 private:
  int pid_;
  File maps_;              // for PROCMAP_QUERY
  bool has_query_ = true;  // since 6.11
  bool known_ = false;
  std::vector<Region> regions_;
};

// " rd wr mr mw me ac " of the region that contains va: two-letter flags between blanks, "" where it is gone.
std::string vm_flags(int pid, u64 va);

}  // namespace cr3scope
