// SPDX-License-Identifier: GPL-2.0-only
// The raw words that the sources give for one page, one u64 each, and how they are read. The word of the table walk is
// the last page-table entry, which decode() in paging.h reads.
#pragma once
#include <array>

#include "../../kmod/cr3scope.h"
#include "paging.h"
#include "record_word.h"

namespace cr3scope {

// A word of /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst; pte_to_pagemap_entry(), fs/proc/task_mmu.c).
struct PagemapWord {
  u64 raw;

  static constexpr u64 kPresent = 1ull << 63, kSwap = 1ull << 62, kFile = 1ull << 61, kGuard = 1ull << 58,
                       kUffdWp = 1ull << 57, kExclusive = 1ull << 56, kSoftDirty = 1ull << 55;
  static constexpr u64 kPfnMask = (1ull << 55) - 1;

  bool present() const { return raw & kPresent; }
  bool swapped() const { return raw & kSwap; }
  u64 pfn() const { return raw & kPfnMask; }  // 0 also where PFNs are hidden: see Target::zero_pfn
  u8 swap_type() const { return raw & 31; }
  u64 swap_offset() const { return (raw & kPfnMask) >> 5; }
};

// What the kernel's helpers say of one page (kmod/cr3scope.h, "Words"); 0: not asked.
struct KernelWord {
  u64 raw = 0;

  static constexpr u64 make(u32 kind, unsigned size, u64 value) {
    return static_cast<u64>(kind) << 60 | static_cast<u64>(size) << 58 | value;
  }
  static constexpr u64 kNone = static_cast<u64>(CR3SCOPE_KIND_NONE) << 60,
                       kPage = static_cast<u64>(CR3SCOPE_KIND_PAGE) << 60,
                       kNoRegion = static_cast<u64>(CR3SCOPE_KIND_NO_REGION) << 60;

  u32 kind() const { return CR3SCOPE_WORD_KIND(raw); }
  u8 shift() const { return static_cast<u8>(kPageShift + 9 * CR3SCOPE_WORD_SIZE(raw)); }
  u8 swap_type() const { return static_cast<u8>(CR3SCOPE_WORD_TYPE(raw)); }
  u64 value() const { return CR3SCOPE_WORD_VALUE(raw); }
};

// What the sources say of one page, by source; 0 if a source was not asked.
struct Words {
  std::array<u64, kSources> raw{};

  // The words of a page for which only the table walk has an entry.
  static Words of_entry(u64 entry) {
    Words words;
    words[Source::tableWalk] = entry;
    return words;
  }

  u64& operator[](Source source) { return raw[static_cast<size_t>(source)]; }
  u64 operator[](Source source) const { return raw[static_cast<size_t>(source)]; }
  bool operator==(const Words&) const = default;

  PagemapWord pagemap() const { return {(*this)[Source::pagemap]}; }
  u64 entry() const { return (*this)[Source::tableWalk]; }
  KernelWord kernel() const { return {(*this)[Source::kernelWalk]}; }
  RecordWord record() const { return {(*this)[Source::frameRecord]}; }
};

}  // namespace cr3scope
