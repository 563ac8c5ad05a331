// SPDX-License-Identifier: GPL-2.0-only
// The machine that this program runs on: /proc, and the module or else bpf as the reader of its memory.
#pragma once
#include <mutex>

#include "system.h"

namespace cr3scope {

class RunningSystem final : public System {
 public:
  // Throws Error as read_target().
  RunningSystem() : target_(read_target()) {}

  const Target& target() const override { return target_; }
  Facts facts() override { return read_facts(); }
  // Loads the module's reader if the module is loaded, else bpf's.
  Reader open_reader() override;
  std::optional<Error> refusal(Source source) override;
  u64 direct_map() const override { return direct_map_; }
  std::string direct_map_from() const override { return direct_map_from_; }

  std::vector<ProcessRow> processes(int only_pid) override { return read_processes(only_pid); }
  std::vector<Cgroup> cgroups() override { return read_cgroups(); }
  std::vector<Region> regions(int pid, bool gate_vma) override { return read_regions(pid, gate_vma); }
  std::string vm_flags(int pid, u64 va) override { return cr3scope::vm_flags(pid, va); }
  std::unique_ptr<RegionProbe> probe_regions(int pid) override { return std::make_unique<MapsProbe>(pid); }
  std::unique_ptr<FrameFacts> frame_facts() override;
  MemoryCounters memory_counters() override { return read_memory_counters(); }
  std::vector<std::unique_ptr<PageSource>> page_sources(const Machine& machine, const AddressSpace& space) override;
  const Types& types() override;
  void must_run(const char*) const override {}

 private:
  std::mutex mutex_;  // of the first reader
  Target target_;
  bool opened_ = false;
  std::optional<Error> module_refusal_;
  u64 direct_map_ = 0;
  std::string direct_map_from_;
  std::mutex types_mutex_;
  std::optional<Types> types_;  // read when they are first asked for
};

}  // namespace cr3scope
