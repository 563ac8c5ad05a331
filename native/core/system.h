// SPDX-License-Identifier: GPL-2.0-only
// The system that is looked at: what reads its memory, and what its kernel says of processes and frames. Two
// implementations: the running machine, by /proc and its frame readers (running_system.h), and a memory image
// (image/image_system.h). What is above this interface does not know which one it has.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cpus.h"
#include "error.h"
#include "facts.h"
#include "frame_facts.h"
#include "frame_reader.h"
#include "kernel_module.h"
#include "page_source.h"
#include "processes.h"
#include "regions.h"
#include "roots.h"
#include "target.h"
#include "types.h"

namespace cr3scope {

struct Machine;
class AddressSpace;

// What one thread reads memory, roots and CPUs through. The pointers are into what `owner` keeps.
struct Reader {
  std::shared_ptr<void> owner;
  FrameReader* frames = nullptr;
  Roots* roots = nullptr;
  Cpus* cpus = nullptr;
  KernelModule* module = nullptr;  // null where it is not loaded
};

// All methods may be called from any number of threads, except where one says otherwise. What can't be read throws
// Error with the reason and the remedy, or is left out where the method says so. Nothing is invented.
class System {
 public:
  virtual ~System() = default;

  // What was found when the system was opened. It does not change.
  virtual const Target& target() const = 0;
  virtual Facts facts() = 0;

  // A reader of one's own. The first call comes alone; the facts below hold after it.
  virtual Reader open_reader() = 0;
  // Why a source other than the table walk is missing; none where it is there.
  virtual std::optional<Error> refusal(Source source) = 0;
  virtual u64 direct_map() const = 0;               // virtual address of physical address 0, 0 where it is not known
  virtual std::string direct_map_from() const = 0;  // what it was found by

  // All processes by PID, or the one where `only_pid` is not 0. One that is gone, or exits meanwhile, is left out.
  virtual std::vector<ProcessRow> processes(int only_pid) = 0;
  // As read_cgroups() of facts.h.
  virtual std::vector<Cgroup> cgroups() = 0;
  // As read_regions() and vm_flags() of regions.h.
  virtual std::vector<Region> regions(int pid, bool gate_vma) = 0;
  virtual std::string vm_flags(int pid, u64 va) = 0;
  virtual std::unique_ptr<RegionProbe> probe_regions(int pid) = 0;
  virtual std::unique_ptr<FrameFacts> frame_facts() = 0;
  // As read_memory_counters() of facts.h; a system that does not run shows none.
  virtual MemoryCounters memory_counters() { return {}; }

  // The sources of page words of a process, in the order in which they are read. Each pins the address space that the
  // process has at this moment.
  virtual std::vector<std::unique_ptr<PageSource>> page_sources(const Machine& machine, const AddressSpace& space) = 0;

  // Of the kernel, by its BTF. Throws Error where it has none.
  virtual const Types& types() = 0;

  // Throws Error with ENOTSUP if the system does not run: then nothing can be watched, traced or compared with what a
  // process itself reads. `what` is the action, "watch pages".
  virtual void must_run(const char* what) const = 0;
};

}  // namespace cr3scope
