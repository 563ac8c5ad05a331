// SPDX-License-Identifier: GPL-2.0-only
#include "pagemap.h"

#include <algorithm>

#include "error.h"
#include "proc_requests.h"
#include "space_file.h"

namespace cr3scope {

namespace {

constexpr u64 kWindowPages = 65536;  // words read at a time where there is no such call
constexpr u64 kScanPresent = 1 << 3, kScanSwapped = 1 << 4;

}  // namespace

Pagemap::Pagemap(int pid) : pid_(pid) {
  std::string path = "/proc/" + std::to_string(pid) + "/pagemap";
  file_ = open_space_file(pid, "pagemap");
  if (file_) return;
  if (errno == ENOENT) throw Error("open " + path, ESRCH, "There is no such process; `cr3scope ps` lists them.");
  if (errno == ESRCH)
    throw Error("open " + path, ESRCH, "It is a kernel thread or has exited: it has no address space.");
  throw Error("open " + path, errno, "Run as root (CAP_SYS_ADMIN and CAP_SYS_PTRACE).");
}

bool Pagemap::read(u64 va, size_t count, u64* words) {
  size_t done = 0;
  while (done < count) {
    ssize_t n = pread(file_.fd(), words + done, (count - done) * sizeof(u64),
                      static_cast<off_t>(((va >> kPageShift) + done) * sizeof(u64)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error("read /proc/" + std::to_string(pid_) + "/pagemap", errno, "Try again.");
    if (n == 0) break;
    done += static_cast<size_t>(n) / sizeof(u64);
  }
  return done == count;
}

bool Pagemap::find(u64 begin, u64 end, std::vector<PageRange>& found, const std::atomic<bool>& cancel) {
  std::vector<PageRange> ranges;
  has_scan_ = has_scan_ && scan(begin, end, ranges);
  if (has_scan_) {
    found.insert(found.end(), ranges.begin(), ranges.end());
    return true;
  }
  std::vector<u64> words(std::min((end - begin) >> kPageShift, kWindowPages));
  for (u64 va = begin; va < end; va += words.size() * kPageSize) {
    if (cancel) throw Cancelled();
    size_t pages = std::min<u64>(words.size(), (end - va) >> kPageShift);
    if (!read(va, pages, words.data())) return false;
    for (size_t i = 0; i < pages; i++)
      if (words[i] >> 62) found.push_back({va + i * kPageSize, va + (i + 1) * kPageSize});
  }
  return true;
}

bool Pagemap::scan(u64 begin, u64 end, std::vector<PageRange>& ranges) const {
  ScanRegion found[256];
  while (begin < end) {
    ScanArgument a{};
    a.size = sizeof a;
    a.start = begin;
    a.end = end;
    a.vec = reinterpret_cast<u64>(found);
    a.vec_len = std::size(found);
    a.category_anyof_mask = a.return_mask = kScanPresent | kScanSwapped;
    int n = ioctl(file_.fd(), kPagemapScan, &a);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    for (int i = 0; i < n; i++) ranges.push_back({found[i].start, found[i].end});
    if (a.walk_end <= begin) break;
    begin = a.walk_end;
  }
  return true;
}

}  // namespace cr3scope
