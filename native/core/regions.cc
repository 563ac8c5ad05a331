// SPDX-License-Identifier: GPL-2.0-only
#include "regions.h"

#include <cstdio>
#include <cstring>

#include "error.h"
#include "file.h"

namespace cr3scope {

namespace {

// "begin-end perms offset dev inode      path"; false where the line has another form.
bool parse_line(const char* line, size_t length, Region& r) {
  char permissions[5] = "";
  unsigned long long begin, end, offset, inode;
  int path_at = 0;
  std::string copy(line, length);
  if (std::sscanf(copy.c_str(), "%llx-%llx %4s %llx %*x:%*x %llu %n", &begin, &end, permissions, &offset, &inode,
                  &path_at) < 5)
    return false;
  r = {begin, end, offset, inode, permissions, path_at ? copy.substr(static_cast<size_t>(path_at)) : ""};
  return true;
}

}  // namespace

std::vector<Region> read_regions(int pid) {
  std::string path = "/proc/" + std::to_string(pid) + "/maps", text;
  if (!read_text(path.c_str(), text)) {
    if (errno == ENOENT || errno == ESRCH)
      throw Error("read " + path, ESRCH, "There is no such process; `cr3scope ps` lists them.");
    throw Error("read " + path, errno, "Run as root (CAP_SYS_PTRACE).");
  }
  std::vector<Region> regions;
  Region region;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    if (parse_line(text.data() + at, end - at, region) && !(region.begin >> 63)) regions.push_back(region);
    at = end + 1;  // [vsyscall] lies in the kernel half, which pagemap does not cover
  }
  return regions;
}

std::string vm_flags(int pid, u64 va) {
  FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/smaps").c_str(), "re");
  if (!file) return "";
  char* line = nullptr;
  size_t size = 0;
  bool inside = false;
  std::string flags;
  for (ssize_t n; (n = getline(&line, &size, file)) > 0;) {
    Region r;
    if (inside && std::strncmp(line, "VmFlags:", 8) == 0) {
      flags.assign(line + 8, static_cast<size_t>(n) - 9);
      break;
    }
    if (parse_line(line, static_cast<size_t>(n), r)) inside = r.begin <= va && va < r.end;
  }
  free(line);
  std::fclose(file);
  return flags + " ";
}

}  // namespace cr3scope
