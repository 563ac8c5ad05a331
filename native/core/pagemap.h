// SPDX-License-Identifier: GPL-2.0-only
// The pagemap source: /proc/PID/pagemap, the kernel's own report of where a virtual page lives
// (Documentation/admin-guide/mm/pagemap.rst, fs/proc/task_mmu.c).
#pragma once
#include <vector>

#include "file.h"
#include "words.h"

namespace cr3scope {

struct PageRange {
  u64 begin, end;  // virtual addresses
};

class Pagemap {
 public:
  // Pins the address space that the process has now: after exec this reads the old one, after its end nothing.
  explicit Pagemap(int pid);

  // Reads `count` words from the page at `va`; returns how many the kernel gave. Fewer means that the address space
  // is gone (0) or that the range passes the end of user addresses.
  size_t read(u64 va, size_t count, u64* words) const;

  // The ranges in [begin, end) that the kernel reports present or swapped, by PAGEMAP_SCAN (6.7, 52526ca7fdb9):
  // skips holes at the speed of the page-table walk. False where the kernel lacks the call.
  bool scan(u64 begin, u64 end, std::vector<PageRange>& ranges) const;

 private:
  File file_;
  int pid_;
};

}  // namespace cr3scope
