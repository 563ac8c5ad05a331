// SPDX-License-Identifier: GPL-2.0-only
#include "address_space.h"

#include <algorithm>

#include "error.h"

namespace cr3scope {

AddressSpace::AddressSpace(const Machine& machine, int pid, u64 start_ticks)
    : system_(&machine.system), roots_(&machine.roots), pid_(pid), start_ticks_(start_ticks), root_pa_(0) {
  auto now = roots_->roots(pid);
  const std::string call = "find the root of process " + std::to_string(pid);
  if (now.empty()) throw Error(call, ESRCH, "There is no such process; `cr3scope ps` lists them.");
  if (!start_ticks) start_ticks_ = now[0].start_ticks;
  if (!now[0].kernel_thread && now[0].start_ticks == start_ticks_) root_pa_ = now[0].root_pa;
  if (!root_pa_)
    throw Error(call, ESRCH, "It has no address space: a kernel thread, a zombie, or a process that has just exited.");
}

u64 AddressSpace::root_now() const {
  auto now = roots_->roots(pid_);
  if (now.empty() || now[0].kernel_thread) return 0;
  return now[0].start_ticks == start_ticks_ ? now[0].root_pa : 0;
}

const std::vector<Region>& AddressSpace::read_regions() {
  regions_ = regions_now();
  flags_.clear();
  return regions_;
}

const std::string& AddressSpace::flags_at(u64 va) {
  auto known =
      std::find_if(flags_.begin(), flags_.end(), [&](auto& f) { return f.first.begin <= va && va < f.first.end; });
  if (known == flags_.end()) {
    u64 end = va + kPageSize;
    for (const Region& r : regions_)
      if (r.begin <= va && va < r.end) end = r.end;
    known = flags_.insert(flags_.end(), {{va, end}, system_->vm_flags(pid_, va)});
  }
  return known->second;
}

}  // namespace cr3scope
