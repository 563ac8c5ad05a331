// SPDX-License-Identifier: GPL-2.0-only
// The table walk source: translations decoded from raw table frames (SDM vol. 3A, 4.5).
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <vector>

#include "error.h"
#include "frame_reader.h"
#include "target.h"

namespace cr3scope {

// The hardware's walk of one virtual address.
struct Path {
  FrameStatus status = FrameStatus::ok;  // of the last table: not ok means the walk ended there unread
  u8 last = 0;                           // level of the last entry read, 0 where not even the root was readable
  std::array<u64, 6> table{};            // physical address of the table at each level 1..5
  std::array<u64, 6> entry{};            // raw entry at each level, valid from the top down to `last`
  Entry leaf;                            // decoded entry[last]

  u64 raw() const { return last ? entry[last] : 0; }
  // What every level allows (SDM vol. 3A, 4.6): kMayWrite and others, 0 if the last entry is not present. The NX of
  // the root is left out: under PTI it is poison, and otherwise it is never set for user addresses.
  static constexpr u8 kMayWrite = 1, kMayUser = 2, kMayExecute = 4, kMayRead = 8;
  u8 access() const {
    if (!(raw() & kPresent)) return 0;
    u64 all = ~0ull, any = 0;
    unsigned top = 5;
    while (top > last && !table[top]) top--;
    for (unsigned level = top; level >= last; level--) {
      all &= entry[level];
      if (level < top || level == last) any |= entry[level];
    }
    return static_cast<u8>(kMayRead | (all & kWrite ? kMayWrite : 0) | (all & kUser ? kMayUser : 0) |
                           (any & kNoExecute ? 0 : kMayExecute));
  }
  // First frame of the 4 KiB page of va, where the leaf maps one.
  u64 pfn(u64 va) const { return leaf.pfn + ((va & ((1ull << leaf.shift) - 1)) >> kPageShift); }
};

// What the upper levels hold for an aligned stretch of addresses: a PTE table, a huge leaf, or a reason why not.
struct Extent {
  u64 va = 0;
  u64 raw = 0;     // the entry in the parent table
  u32 parent = 0;  // index of the parent in `tables` of level + 1
  u8 level = 0;    // level of `raw`: kPmd for a PTE table or 2M page, kPud for a 1G page, higher where cut short
  Entry entry;
  FrameStatus status = FrameStatus::ok;  // of the table `entry` points to, where it could not be read

  u64 end() const { return va + (1ull << level_shift(level)); }
};

// Raw entry `index` of a table frame.
inline u64 table_entry(const u8* frame, unsigned index) {
  u64 raw;
  std::memcpy(&raw, frame + index * sizeof raw, sizeof raw);
  return raw;
}

// Hands `take(va, entry)` each page that an extent maps; `table` are the bytes of its PTE table, where it has one.
template <class Take>
void for_each_page(const Extent& extent, const u8* table, const Paging& paging, Take take) {
  if (maps_frame(extent.entry.kind)) return take(extent.va, extent.entry);
  if (extent.entry.kind != EntryKind::table) return;
  for (unsigned k = 0; k < kEntries; k++) {
    u64 raw = table_entry(table, k);
    if (!raw) continue;
    Entry entry = decode(raw, kPte, paging);
    if (maps_frame(entry.kind)) take(extent.va + k * kPageSize, entry);
  }
}

struct Table {
  u64 va = 0;  // first address it covers
  u64 pa = 0;
  u64 raw = 0;     // the entry that points to it, 0 for the root
  u32 parent = 0;  // index of the parent in the level above
};

// The upper levels of the user half of one address space.
struct UpperLevels {
  u64 root_pa = 0;
  std::array<std::vector<Table>, 6> tables;  // by level, kPgd or kP4d down to kPmd
  std::vector<Extent> extents;               // by address
};

class TableWalk {
 public:
  TableWalk(const Target& target, FrameReader& frames) : target_(target), frames_(frames) {}

  // Each read throws Error where the frame reader does; a single table that can't be read has its status instead.

  // Reads PGD..PMD of the user half, breadth-first in batches. `root_pa` is physical and frame-aligned. What changes
  // while it is read may be seen in an intermediate state; verify() detects that.
  UpperLevels upper_levels(u64 root_pa);

  // The PTE tables of extents [first, first + count), count <= kBatch: table i at the result + i * 4096, with its
  // status; valid until the next read.
  const u8* pte_tables(const UpperLevels& upper, size_t first, size_t count, FrameStatus* status);

  // Reads the ancestors of these extents again. stale[i] is set where an entry on the way to extent i has changed
  // in more than A and D since `upper` was read, or its table can't be read any more.
  void verify(const UpperLevels& upper, size_t first, size_t count, std::vector<bool>& stale);

  // Walks many addresses from one root, level by level (SDM vol. 3A, 4.5); either half, in any order, best sorted. One
  // path for each address, in their order.
  std::vector<Path> translate(u64 root_pa, const std::vector<u64>& vas);

  // Hands `take(va, entry)` every page that this root maps in the user half, by address. `take` may read frames.
  template <class Take>
  void for_each_mapped(u64 root_pa, const std::atomic<bool>& cancel, Take take) {
    UpperLevels upper = upper_levels(root_pa);
    FrameStatus status[FrameReader::kBatch];
    std::vector<u8> tables;
    for (size_t first = 0; first < upper.extents.size(); first += FrameReader::kBatch) {
      if (cancel) throw Cancelled();
      size_t count = std::min(upper.extents.size() - first, FrameReader::kBatch);
      const u8* data = pte_tables(upper, first, count, status);
      tables.assign(data, data + count * kPageSize);
      for (size_t i = 0; i < count; i++) {
        const Extent& extent = upper.extents[first + i];
        if (extent.entry.kind == EntryKind::table && (extent.status != FrameStatus::ok || status[i] != FrameStatus::ok))
          continue;
        for_each_page(extent, &tables[i * kPageSize], target_.paging, take);
      }
    }
  }

  const Target& target() const { return target_; }
  FrameReader& frames() { return frames_; }

 private:
  const Target& target_;
  FrameReader& frames_;
};

// Whether two readings of an entry mean the same: hardware sets A and D by itself.
inline bool same_entry(u64 a, u64 b) { return ((a ^ b) & ~(kAccessed | kDirty)) == 0; }

}  // namespace cr3scope
