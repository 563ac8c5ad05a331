// SPDX-License-Identifier: GPL-2.0-only
#include "processes.h"

#include <dirent.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "clock.h"
#include "error.h"
#include "space_file.h"

namespace cr3scope {

namespace {

constexpr unsigned kPfKthread = 0x00200000;  // include/linux/sched.h

// A number of /proc/PID/status, 0 where the field is missing (kernel threads have no Vm fields).
u64 status_number(const std::string& status, const char* field) {
  size_t at = status.find(field);
  return at == std::string::npos
             ? 0
             : std::strtoull(status.c_str() + at + std::char_traits<char>::length(field), nullptr, 10);
}

std::string command_of(int pid) {
  char path[64], text[ProcessRow::kMostCommand + 1];
  std::snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
  File file(path, O_RDONLY);
  ssize_t n = file ? ::read(file.fd(), text, sizeof text) : 0;
  size_t length = n > 0 ? static_cast<size_t>(n) : 0;
  const bool cut = length > ProcessRow::kMostCommand;
  length = std::min(length, ProcessRow::kMostCommand);
  while (length && !text[length - 1]) length--;
  std::replace(text, text + length, '\0', ' ');
  return std::string(text, length) + (cut ? "…" : "");
}

// Of the unified hierarchy, or where that has only the root, of systemd's, of memory or of any other one.
std::string cgroup_of(int pid) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/cgroup", pid);
  std::string text, found;
  if (!read_text(path, text)) return "";
  int best = -1;
  for (size_t at = 0, end; at < text.size(); at = end + 1) {
    end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), group = line.substr(second + 1);
    const int rank = group == "/"                    ? 0
                     : controllers.empty()           ? 4
                     : controllers == "name=systemd" ? 3
                     : controllers == "memory"       ? 2
                                                     : 1;
    if (rank <= best) continue;
    best = rank;
    found = group;
  }
  return found;
}

bool read_process(int pid, std::string& text, ProcessRow& row) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  text.clear();
  row.ns = monotonic_ns();
  if (!read_text(path, text)) return false;
  // comm stands in parentheses and may itself hold parentheses and blanks: the last one closes it.
  size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return false;
  row.pid = pid;
  row.name = text.substr(open + 1, close - open - 1);
  unsigned flags = 0;
  unsigned long long user = 0, system = 0, start = 0;
  if (std::sscanf(text.c_str() + close + 2,
                  "%c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %u %*d %llu", &row.state,
                  &row.ppid, &flags, &user, &system, &row.threads, &start) != 7)
    return false;
  row.cpu_ticks = user + system;
  row.kernel_thread = flags & kPfKthread;
  row.start_ticks = start;
  std::snprintf(path, sizeof path, "/proc/%d/status", pid);
  text.clear();
  if (!read_text(path, text)) return false;
  row.uid = static_cast<u32>(status_number(text, "\nUid:"));
  // Of a leader that has exited, the Vm fields are missing: another thread has them.
  if (row.state == 'Z' && row.threads > 1) {
    text.clear();
    read_text(open_space_file(pid, "status"), text);
  }
  row.rss_bytes = status_number(text, "\nVmRSS:") * 1024;
  row.page_table_bytes = status_number(text, "\nVmPTE:") * 1024;
  if (!row.kernel_thread) row.command = command_of(pid);
  row.cgroup = cgroup_of(pid);
  return true;
}

}  // namespace

std::vector<ProcessRow> read_processes(int only_pid) {
  std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc"), closedir);
  if (!directory) throw Error("open /proc", errno, "Mount /proc.");
  std::vector<ProcessRow> rows;
  std::string text;
  auto add = [&](int pid) {
    ProcessRow row;
    if (read_process(pid, text, row)) rows.push_back(std::move(row));
  };
  if (only_pid) {
    add(only_pid);
    return rows;
  }
  while (dirent* entry = readdir(directory.get())) {
    char* end;
    long pid = std::strtol(entry->d_name, &end, 10);
    if (*end == 0 && pid > 0) add(static_cast<int>(pid));
  }
  std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.pid < b.pid; });
  return rows;
}

}  // namespace cr3scope
