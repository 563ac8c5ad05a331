// SPDX-License-Identifier: GPL-2.0-only
#include "table_walk.h"

#include <algorithm>
#include <cstring>

namespace cr3scope {

namespace {

// Tables that come back on themselves would have no end: only an image that was altered has them. Those of one process
// never take a quarter of the memory.
constexpr size_t kMostExtents = 1 << 24;
u64 most_tables(const Target& target) {
  u64 frames = 0;
  for (const RamRange& r : target.ram) frames += (r.end - r.begin) >> kPageShift;
  constexpr u64 kFew = 1 << 12, kMany = 1 << 23;
  return frames ? std::min(frames / 4 + kFew, kMany) : kMany;
}

}  // namespace

UpperLevels TableWalk::upper_levels(u64 root_pa) {
  const Paging& paging = target_.paging;
  const u64 most = most_tables(target_);
  u64 tables_found = 1;
  UpperLevels upper;
  upper.root_pa = root_pa;
  upper.tables[paging.levels].push_back({0, root_pa, 0, 0});
  u64 addresses[FrameReader::kBatch];
  FrameStatus status[FrameReader::kBatch];
  for (unsigned level = paging.levels; level >= kPmd; level--) {
    const std::vector<Table>& tables = upper.tables[level];
    unsigned used = level == paging.levels ? kEntries / 2 : kEntries;  // the user half
    for (size_t first = 0; first < tables.size(); first += FrameReader::kBatch) {
      size_t count = std::min(tables.size() - first, FrameReader::kBatch);
      for (size_t i = 0; i < count; i++) addresses[i] = tables[first + i].pa;
      const u8* frames = frames_.read(addresses, count, status);
      for (size_t i = 0; i < count; i++) {
        const Table& table = tables[first + i];
        if (status[i] != FrameStatus::ok) {
          Extent cut;
          cut.va = table.va;
          cut.raw = table.raw;
          cut.parent = table.parent;
          cut.level = static_cast<u8>(std::min(level + 1u, unsigned{paging.levels}));
          cut.entry = decode(table.raw, cut.level, paging);
          cut.status = status[i];
          upper.extents.push_back(cut);
          continue;
        }
        for (unsigned j = 0; j < used; j++) {
          u64 raw = table_entry(frames + i * kPageSize, j);
          if (raw == 0) continue;
          u64 va = table.va + (static_cast<u64>(j) << level_shift(level));
          Entry entry = decode(raw, level, paging);
          u32 parent = static_cast<u32>(first + i);
          if ((entry.kind == EntryKind::table && ++tables_found > most) || upper.extents.size() > kMostExtents)
            throw Error("read the page tables of a process", EUCLEAN,
                        "They take a quarter of the memory or more: they come back on themselves.");
          if (entry.kind == EntryKind::table && level > kPmd)
            upper.tables[level - 1].push_back({va, entry.pfn << kPageShift, raw, parent});
          else upper.extents.push_back({va, raw, parent, static_cast<u8>(level), entry, FrameStatus::ok});
        }
      }
    }
  }
  std::sort(upper.extents.begin(), upper.extents.end(), [](const Extent& a, const Extent& b) { return a.va < b.va; });
  return upper;
}

const u8* TableWalk::pte_tables(const UpperLevels& upper, size_t first, size_t count, FrameStatus* status) {
  u64 addresses[FrameReader::kBatch];
  for (size_t i = 0; i < count; i++) {
    const Extent& extent = upper.extents[first + i];
    // Others than PTE tables keep their place in the batch; the root stands in for them.
    bool table = extent.entry.kind == EntryKind::table && extent.level == kPmd;
    addresses[i] = table ? extent.entry.pfn << kPageShift : upper.root_pa;
  }
  return frames_.read(addresses, count, status);
}

void TableWalk::verify(const UpperLevels& upper, size_t first, size_t count, std::vector<bool>& stale) {
  stale.assign(count, false);
  unsigned top = target_.paging.levels;
  // The tables on the way up, by level; extents are sorted, so equal parents mostly follow each other.
  std::array<std::vector<u32>, 6> wanted;
  for (size_t i = 0; i < count; i++) {
    const Extent& extent = upper.extents[first + i];
    wanted[extent.level].push_back(extent.parent);
  }
  std::array<std::vector<bool>, 6> changed;
  std::array<std::vector<u8>, 6> contents;
  for (unsigned level = kPmd; level <= top; level++) {
    auto& list = wanted[level];
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    if (level < top)
      for (u32 index : list) wanted[level + 1].push_back(upper.tables[level][index].parent);
  }
  u64 addresses[FrameReader::kBatch];
  FrameStatus status[FrameReader::kBatch];
  for (unsigned level = top; level >= kPmd; level--) {
    auto& list = wanted[level];
    changed[level].assign(list.size(), false);
    contents[level].resize(list.size() * kPageSize);
    for (size_t at = 0; at < list.size(); at += FrameReader::kBatch) {
      size_t n = std::min(list.size() - at, FrameReader::kBatch);
      for (size_t i = 0; i < n; i++) addresses[i] = upper.tables[level][list[at + i]].pa;
      const u8* frames = frames_.read(addresses, n, status);
      std::memcpy(contents[level].data() + at * kPageSize, frames, n * kPageSize);
      for (size_t i = 0; i < n; i++) changed[level][at + i] = status[i] != FrameStatus::ok;
    }
    if (level == top) continue;
    auto& parents = wanted[level + 1];
    for (size_t i = 0; i < list.size(); i++) {
      const Table& table = upper.tables[level][list[i]];
      size_t p = static_cast<size_t>(std::lower_bound(parents.begin(), parents.end(), table.parent) - parents.begin());
      u64 now = table_entry(contents[level + 1].data() + p * kPageSize, table_index(table.va, level + 1));
      if (changed[level + 1][p] || !same_entry(now, table.raw)) changed[level][i] = true;
    }
  }
  for (size_t i = 0; i < count; i++) {
    const Extent& extent = upper.extents[first + i];
    auto& list = wanted[extent.level];
    size_t p = static_cast<size_t>(std::lower_bound(list.begin(), list.end(), extent.parent) - list.begin());
    u64 now = table_entry(contents[extent.level].data() + p * kPageSize, table_index(extent.va, extent.level));
    stale[i] = changed[extent.level][p] || !same_entry(now, extent.raw);
  }
}

std::vector<Path> TableWalk::translate(u64 root_pa, const std::vector<u64>& vas) {
  const Paging& paging = target_.paging;
  std::vector<Path> paths(vas.size());
  std::vector<u64> next(vas.size(), root_pa);  // the table to read for each address
  std::vector<u32> alive(vas.size());
  for (size_t i = 0; i < vas.size(); i++) alive[i] = static_cast<u32>(i);
  u64 addresses[FrameReader::kBatch];
  FrameStatus status[FrameReader::kBatch];
  std::vector<u32> slot;
  for (unsigned level = paging.levels; level >= kPte && !alive.empty(); level--) {
    std::vector<u32> still;
    for (size_t at = 0; at < alive.size();) {
      // Fill one batch with distinct tables; neighbours share theirs.
      size_t frames = 0, end = at;
      slot.clear();
      for (; end < alive.size(); end++) {
        u64 table = next[alive[end]];
        if (!frames || addresses[frames - 1] != table) {
          if (frames == FrameReader::kBatch) break;
          addresses[frames++] = table;
        }
        slot.push_back(static_cast<u32>(frames - 1));
      }
      const u8* data = frames_.read(addresses, frames, status);
      for (size_t i = at; i < end; i++) {
        u32 k = alive[i], s = slot[i - at];
        Path& path = paths[k];
        path.table[level] = addresses[s];
        path.status = status[s];
        if (status[s] != FrameStatus::ok) continue;
        u64 raw = table_entry(data + s * kPageSize, table_index(vas[k], level));
        path.entry[level] = raw;
        path.last = static_cast<u8>(level);
        path.leaf = decode(raw, level, paging, half_of(vas[k]));
        if (path.leaf.kind != EntryKind::table) continue;
        next[k] = path.leaf.pfn << kPageShift;
        still.push_back(k);
      }
      at = end;
    }
    alive = std::move(still);
  }
  return paths;
}

}  // namespace cr3scope
