// SPDX-License-Identifier: GPL-2.0-only
// Per-frame facts of /proc/kpageflags, kpagecount and kpagecgroup (Documentation/admin-guide/mm/pagemap.rst).
#pragma once
#include <vector>

#include "file.h"
#include "paging.h"

namespace cr3scope {

// include/uapi/linux/kernel-page-flags.h
constexpr u64 kKpfLru = 1ull << 5, kKpfSlab = 1ull << 7, kKpfBuddy = 1ull << 10, kKpfMmap = 1ull << 11,
              kKpfAnon = 1ull << 12, kKpfHuge = 1ull << 17, kKpfHwpoison = 1ull << 19, kKpfNoPage = 1ull << 20,
              kKpfOffline = 1ull << 23, kKpfZeroPage = 1ull << 24, kKpfPgTable = 1ull << 26;
constexpr u64 kUnknown = ~0ull;  // a word that could not be read

class KPage {
 public:
  KPage();
  // kUnknown where the file is missing, forbidden, or ends before the frame.
  u64 flags(u64 pfn) const { return word(flags_, pfn); }
  u64 count(u64 pfn) const { return word(count_, pfn); }
  u64 cgroup(u64 pfn) const { return word(cgroup_, pfn); }

 private:
  static u64 word(const File& file, u64 pfn) {
    u64 value;
    ssize_t n = file ? pread(file.fd(), &value, sizeof value, static_cast<off_t>(pfn * sizeof value)) : 0;
    return n == sizeof value ? value : kUnknown;
  }
  File flags_, count_, cgroup_;
};

inline KPage::KPage()
    : flags_("/proc/kpageflags", O_RDONLY),
      count_("/proc/kpagecount", O_RDONLY),
      cgroup_("/proc/kpagecgroup", O_RDONLY) {}

}  // namespace cr3scope
