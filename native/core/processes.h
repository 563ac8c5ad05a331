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
  u64 start_ticks = 0;       // clock ticks since boot
  u64 rss_bytes = 0;         // VmRSS
  u64 page_table_bytes = 0;  // VmPTE
  std::string name;          // comm
};

// All of them, by PID. A process that exits meanwhile is left out. Throws Error where /proc can't be read.
std::vector<ProcessRow> read_processes();

}  // namespace cr3scope
