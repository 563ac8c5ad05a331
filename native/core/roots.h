// SPDX-License-Identifier: GPL-2.0-only
// Which processes there are, and where the page tables of each begin.
#pragma once
#include <vector>

#include "paging.h"

namespace cr3scope {

struct RootRecord {
  int pid = 0;
  u64 start_ticks = 0;  // start time as in /proc/PID/stat, clock ticks since boot
  u64 mm = 0;           // equal for processes that share one address space, 0 where there is none
  u64 root_pa = 0;      // physical address of mm->pgd; 0 where mm is 0
  u64 borrowed_pa = 0;  // root of the active_mm that a kernel thread borrows at this moment, else 0
  bool kernel_thread = false;
  bool on_cpu = false;
  unsigned cpu = 0;
};

class Roots {
 public:
  virtual ~Roots() = default;

  // The roots of all processes by PID, or of one where `only_pid` is not 0; a process that is gone is left out. Each
  // record is from its own moment: a process may exit or execute another program before the caller looks. Throws
  // Error where the kernel refuses.
  virtual std::vector<RootRecord> roots(int only_pid) = 0;
};

}  // namespace cr3scope
