// SPDX-License-Identifier: GPL-2.0-only
#include "facts.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <cstdlib>
#include <set>
#include <sstream>

#include "clock.h"
#include "file.h"

namespace cr3scope {

namespace {

constexpr size_t kMostCgroups = 100'000;

std::string text_of(const char* path) {
  std::string text;
  read_text(path, text);
  return text;
}

std::string line_of(const char* path) {
  std::string text = text_of(path);
  return text.substr(0, text.find('\n'));
}

std::string cpu_features() {
  std::istringstream lines(text_of("/proc/cpuinfo"));
  for (std::string line; std::getline(lines, line);)
    if (line.compare(0, 5, "flags") == 0) return line.substr(std::min(line.find(": ") + 2, line.size()));
  return "";
}

std::vector<User> read_users() {
  std::vector<User> users;
  std::set<u32> seen;
  std::istringstream lines(text_of("/etc/passwd"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string name, password, number;
    if (!std::getline(fields, name, ':') || !std::getline(fields, password, ':') || !std::getline(fields, number, ':'))
      continue;
    char* end;
    const u32 uid = static_cast<u32>(std::strtoul(number.c_str(), &end, 10));
    if (!name.empty() && end != number.c_str() && !*end && seen.insert(uid).second) users.push_back({uid, name});
  }
  return users;
}

}  // namespace

Facts read_facts() {
  Facts f;
  f.boot_id = line_of("/proc/sys/kernel/random/boot_id");
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) == 0) f.hostname = name;
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  f.cpus = online > 0 ? static_cast<unsigned>(online) : 0;
  struct sysinfo info {};
  if (sysinfo(&info) == 0) f.memory_bytes = static_cast<u64>(info.totalram) * info.mem_unit;
  f.command_line = line_of("/proc/cmdline");
  f.cpu_features = cpu_features();
  f.zones = text_of("/proc/zoneinfo");
  f.users = read_users();
  f.reader_uid = geteuid();
  f.ns = monotonic_ns();
  return f;
}

std::vector<Cgroup> read_cgroups() {
  std::vector<Cgroup> list;
  std::set<u64> seen;
  // Version 1 has the memory controller in a hierarchy of its own, version 2 all in one.
  for (const std::string mount : {"/sys/fs/cgroup/memory", "/sys/fs/cgroup"}) {
    std::vector<std::string> waiting{""};
    while (!waiting.empty() && list.size() < kMostCgroups) {
      const std::string path = std::move(waiting.back());
      waiting.pop_back();
      const std::string folder = mount + path;
      struct stat st;
      if (stat(folder.c_str(), &st)) continue;  // it was removed, or is not mounted
      if (seen.insert(st.st_ino).second) list.push_back({st.st_ino, path.empty() ? "/" : path});
      DIR* d = opendir(folder.c_str());
      if (!d) continue;
      while (dirent* e = readdir(d))
        if (e->d_type == DT_DIR && e->d_name[0] != '.') waiting.push_back(path + "/" + e->d_name);
      closedir(d);
    }
  }
  return list;
}

MemoryCounters read_memory_counters() {
  return {text_of("/proc/meminfo"), text_of("/proc/vmstat"), text_of("/proc/zoneinfo")};
}

}  // namespace cr3scope
