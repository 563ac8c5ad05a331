// SPDX-License-Identifier: GPL-2.0-only
// The processes of /proc.
#pragma once
#include <string>
#include <vector>

#include "paging.h"

namespace cr3scope {

struct ProcessRow {
  int pid = 0, ppid = 0;
  u32 uid = 0, threads = 0;
  char state = '?';  // R S D Z T t I X, as in /proc/PID/stat
  bool kernel_thread = false;
  u64 start_ticks = 0;        // clock ticks since boot
  u64 rss_bytes = 0;          // VmRSS
  u64 page_table_bytes = 0;   // VmPTE
  u64 cpu_ticks = kNotKnown;  // clock ticks that it has run, by its user code and in the kernel
  u64 ns = 0;                 // when that was read
  std::string name;           // comm
  // The command line with a blank between arguments, cut off after kMostCommand bytes; "" where there is none.
  std::string command;
  std::string cgroup;  // a path of /proc/PID/cgroup, "" where it is not known
  // Frames that only this address space maps, and that others map, too, by the reverse map that is kept.
  u64 alone = kNotKnown, shared = kNotKnown;

  static constexpr u64 kNotKnown = ~0ull;
  static constexpr size_t kMostCommand = 512;
};

// All of them by PID, or the one where `only_pid` is not 0. A process that is gone, or exits meanwhile, is left out.
// Throws Error where /proc can't be read.
std::vector<ProcessRow> read_processes(int only_pid);

}  // namespace cr3scope
