// SPDX-License-Identifier: GPL-2.0-only
// What each CPU is doing.
#pragma once
#include <string>
#include <vector>

#include "paging.h"

namespace cr3scope {

// Registers are 0 where they are not known: all of them where only the task that runs there is.
struct CpuState {
  u32 cpu = 0;
  int pid = 0;  // thread group, 0: the idle task, or one that is hidden from this PID namespace
  u64 cr0 = 0, cr3 = 0, cr4 = 0, efer = 0, pat = 0, root_pa = 0;
  bool borrowed = false, kernel_thread = false;
  std::string name;
};

class Cpus {
 public:
  virtual ~Cpus() = default;

  // The CPUs that are online, by number, each at its own moment. Throws Error if the kernel refuses.
  virtual std::vector<CpuState> cpus() = 0;
};

}  // namespace cr3scope
