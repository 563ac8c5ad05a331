// SPDX-License-Identifier: GPL-2.0-only
#include "regions.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "error.h"
#include "proc_requests.h"
#include "space_file.h"

namespace cr3scope {

namespace {

// "begin-end perms offset dev inode      path"; false where the line has another form.
bool parse_line(const char* line, size_t length, Region& r) {
  char permissions[5] = "";
  unsigned long long begin, end, offset, inode;
  unsigned major, minor;
  int path_at = 0;
  std::string copy(line, length);
  if (std::sscanf(copy.c_str(), "%llx-%llx %4s %llx %x:%x %llu %n", &begin, &end, permissions, &offset, &major, &minor,
                  &inode, &path_at) < 7)
    return false;
  r = {begin,
       end,
       offset,
       inode,
       major << 20 | minor,
       permissions,
       path_at ? copy.substr(static_cast<size_t>(path_at)) : ""};
  return true;
}

}  // namespace

std::vector<Region> read_regions(int pid, bool gate_vma) {
  std::string path = "/proc/" + std::to_string(pid) + "/maps", text;
  if (!read_text(open_space_file(pid, "maps"), text)) {
    if (errno == ENOENT || errno == ESRCH)
      throw Error("read " + path, ESRCH, "There is no such process; `cr3scope ps` lists them.");
    throw Error("read " + path, errno, "Run as root (CAP_SYS_PTRACE).");
  }
  std::vector<Region> regions;
  Region region;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    if (end == std::string::npos) end = text.size();
    if (parse_line(text.data() + at, end - at, region) && (gate_vma || !(region.begin >> 63)))
      regions.push_back(region);
    at = end + 1;
  }
  return regions;
}

u64 MapsProbe::covered_until(u64 va, u64 end) {
  if (!maps_ && has_query_) maps_ = open_space_file(pid_, "maps");
  while (va < end && has_query_) {
    MapQuery query{};
    query.size = sizeof query;
    query.address = va;
    if (ioctl(maps_.fd(), kMapQuery, &query) == 0) va = query.end;
    else if (errno == ENOENT || errno == ESRCH) return va;
    else has_query_ = errno == EINTR;
  }
  if (has_query_) return end;
  if (!known_) {
    try {
      regions_ = read_regions(pid_);
    } catch (const Error& error) {
      if (error.code != ESRCH) throw;
      regions_.clear();  // the process has exited: nothing is covered
    }
    known_ = true;
  }
  for (const Region& region : regions_)
    if (region.begin <= va && va < region.end) va = region.end;
  return std::min(va, end);
}

std::string vm_flags(int pid, u64 va) {
  File smaps = open_space_file(pid, "smaps");
  FILE* file = smaps ? fdopen(smaps.release(), "r") : nullptr;
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
