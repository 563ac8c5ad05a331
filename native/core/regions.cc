// SPDX-License-Identifier: GPL-2.0-only
#include "regions.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "error.h"
#include "proc_requests.h"
#include "space_file.h"

namespace cr3scope {

namespace {

// Takes a number and the character behind it off the front of a line; false where they are not there.
template <class T>
bool take(std::string_view& line, T& number, int base, char behind) {
  const char* end = line.data() + line.size();
  auto [at, error] = std::from_chars(line.data(), end, number, base);
  if (error != std::errc{} || at == end || *at != behind) return false;
  line.remove_prefix(static_cast<size_t>(at + 1 - line.data()));
  return true;
}

// Reads "begin-end perms offset dev inode      path" (show_map_vma(), fs/proc/task_mmu.c). A blank follows the inode
// even where there is no path. Returns false if the line has another form. A process can have 65 000 such lines, and
// sscanf() is too slow for so many.
bool parse_line(std::string_view line, Region& r) {
  if (!take(line, r.begin, 16, '-') || !take(line, r.end, 16, ' ') || line.size() < 5) return false;
  r.permissions = line.substr(0, 4);
  line.remove_prefix(5);
  u32 major, minor;
  if (!take(line, r.offset, 16, ' ') || !take(line, major, 16, ':') || !take(line, minor, 16, ' ') ||
      !take(line, r.inode, 10, ' '))
    return false;
  r.device = major << 20 | minor;
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  r.path = line;
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
    if (parse_line(std::string_view(text).substr(at, end - at), region) && (gate_vma || !(region.begin >> 63)))
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
    if (parse_line({line, static_cast<size_t>(n)}, r)) inside = r.begin <= va && va < r.end;
  }
  free(line);
  std::fclose(file);
  return flags + " ";
}

}  // namespace cr3scope
