// SPDX-License-Identifier: GPL-2.0-only
#include "processes.h"

#include <dirent.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

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

bool read_process(int pid, std::string& text, ProcessRow& row) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  text.clear();
  if (!read_text(path, text)) return false;
  // comm stands in parentheses and may itself hold parentheses and blanks: the last one closes it.
  size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return false;
  row.pid = pid;
  row.name = text.substr(open + 1, close - open - 1);
  unsigned flags = 0;
  unsigned long long start = 0;
  if (std::sscanf(text.c_str() + close + 2,
                  "%c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %u %*d %llu", &row.state, &row.ppid,
                  &flags, &row.threads, &start) != 5)
    return false;
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
  return true;
}

}  // namespace

std::vector<ProcessRow> read_processes() {
  std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc"), closedir);
  if (!directory) throw Error("open /proc", errno, "Mount /proc.");
  std::vector<ProcessRow> rows;
  std::string text;
  while (dirent* entry = readdir(directory.get())) {
    char* end;
    long pid = std::strtol(entry->d_name, &end, 10);
    ProcessRow row;
    if (*end == 0 && pid > 0 && read_process(static_cast<int>(pid), text, row)) rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.pid < b.pid; });
  return rows;
}

}  // namespace cr3scope
