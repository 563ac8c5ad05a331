// SPDX-License-Identifier: GPL-2.0-only
// What names a machine and its users, as far as cr3scope shows it. Facts about page tables are in target.h.
#pragma once
#include <string>
#include <vector>

#include "paging.h"

namespace cr3scope {

struct User {
  u32 uid;
  std::string name;
};

// Empty or 0 where it can't be read.
struct Facts {
  u64 ns = 0;                // CLOCK_MONOTONIC
  std::string boot_id;       // /proc/sys/kernel/random/boot_id
  std::string hostname;      // gethostname()
  unsigned cpus = 0;         // online
  u64 memory_bytes = 0;      // sysinfo()
  std::string command_line;  // /proc/cmdline
  std::string cpu_features;  // "flags" of /proc/cpuinfo
  std::string zones;         // /proc/zoneinfo
  u32 reader_uid = 0;        // geteuid()
  std::vector<User> users;   // /etc/passwd, the first name of each
  // Of a memory image: how its contents were found, and by what that was confirmed.
  std::vector<std::string> findings;
};

Facts read_facts();

struct Cgroup {
  u64 inode;
  std::string path;  // "/" is the root
};

// All memory cgroups, at most 100 000, by the inodes that /proc/kpagecgroup gives. What is removed meanwhile, or can't
// be read, is left out.
std::vector<Cgroup> read_cgroups();

// The kernel's own totals of memory, as text. "" where it does not show them.
struct MemoryCounters {
  std::string meminfo, vmstat, zoneinfo;
};
MemoryCounters read_memory_counters();

}  // namespace cr3scope
