// SPDX-License-Identifier: GPL-2.0-only
// What the kernel says of physical frames, in the words of /proc/kpageflags, kpagecount and kpagecgroup
// (Documentation/admin-guide/mm/pagemap.rst).
#pragma once
#include "error.h"
#include "paging.h"

namespace cr3scope {

// include/uapi/linux/kernel-page-flags.h
constexpr u64 kKpfLru = 1ull << 5, kKpfSlab = 1ull << 7, kKpfBuddy = 1ull << 10, kKpfMmap = 1ull << 11,
              kKpfAnon = 1ull << 12, kKpfSwapBacked = 1ull << 14, kKpfTail = 1ull << 16, kKpfHuge = 1ull << 17,
              kKpfUnevictable = 1ull << 18, kKpfHwpoison = 1ull << 19, kKpfNoPage = 1ull << 20, kKpfKsm = 1ull << 21,
              kKpfThp = 1ull << 22, kKpfOffline = 1ull << 23, kKpfZeroPage = 1ull << 24, kKpfPgTable = 1ull << 26,
              kKpfReserved = 1ull << 32, kKpfMappedToDisk = 1ull << 34;
constexpr u64 kUnknown = ~0ull;  // a word that could not be read

// By the flags of the frame itself. Before 6.9 the tail of a large folio says little: see FrameFacts::role.
constexpr Role role_of(u64 flags) {
  if (flags == kUnknown) return Role::unknown;
  if (flags & kKpfNoPage) return Role::absent;
  if (flags & kKpfHwpoison) return Role::hwpoison;
  if (flags & kKpfOffline) return Role::offline;
  if (flags & kKpfZeroPage) return Role::zeroPage;
  if (flags & kKpfPgTable) return Role::pageTable;
  if (flags & kKpfBuddy) return Role::free;
  if (flags & kKpfSlab) return Role::slab;
  if (flags & kKpfHuge) return Role::hugetlb;
  if (flags & kKpfAnon) return Role::anonymous;
  if (flags & (kKpfLru | kKpfUnevictable | kKpfMappedToDisk | kKpfMmap))
    return flags & kKpfSwapBacked ? Role::shmem : Role::file;
  return flags & kKpfReserved ? Role::reserved : Role::kernel;
}

class FrameFacts {
 public:
  virtual ~FrameFacts() = default;

  // Each is kUnknown where it can't be read.
  virtual u64 flags(u64 pfn) const = 0;
  virtual u64 count(u64 pfn) const = 0;   // how often it is mapped
  virtual u64 cgroup(u64 pfn) const = 0;  // inode of the memory cgroup that it is charged to
  // The flags of many frames at once.
  virtual void flags(u64 first, size_t count, u64* words) const = 0;
  // Why nothing is known of any frame.
  virtual Error refusal() const = 0;

  // What one frame is used for; a tail page without flags of its own has the role of its folio's head.
  Role role(u64 pfn) const {
    u64 word = flags(pfn);
    for (u64 back = 1; role_of(word) == Role::kernel && (word & kKpfTail) && back <= kMostFolio && back <= pfn; back++)
      word = flags(pfn - back);
    return role_of(word);
  }

 private:
  static constexpr u64 kMostFolio = 1 << 18;  // frames: 1 GiB
};

}  // namespace cr3scope
