// SPDX-License-Identifier: GPL-2.0-only
// The address space of a process: identified by PID and start time, because PIDs are reused, and by its root.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "machine.h"

namespace cr3scope {

class AddressSpace {
 public:
  // The one that the process has now; `start_ticks` 0 takes whatever process has the PID. Throws Error with ESRCH where
  // there is no such process or it has no address space.
  AddressSpace(const Machine& machine, int pid, u64 start_ticks);

  int pid() const { return pid_; }
  u64 start_ticks() const { return start_ticks_; }  // clock ticks since boot, never 0
  u64 root_pa() const { return root_pa_; }          // physical address of mm->pgd

  // The root that the process has now: root_pa() as long as it neither exits nor executes another program, 0 where it
  // is gone.
  u64 root_now() const;

  // The regions as they are now, sorted by address; throws Error as System::regions(). They are kept for flags_at().
  const std::vector<Region>& read_regions();
  // The same, not kept.
  std::vector<Region> regions_now() const { return system_->regions(pid_, false); }

  // VmFlags of the region at `va`, as System::vm_flags() gives them: looked up once for each of the regions that were
  // read last.
  const std::string& flags_at(u64 va);

 private:
  System* system_;
  Roots* roots_;
  int pid_;
  u64 start_ticks_, root_pa_;
  std::vector<Region> regions_;
  std::vector<std::pair<PageRange, std::string>> flags_;  // looked up so far
};

}  // namespace cr3scope
