// SPDX-License-Identifier: GPL-2.0-only
#include "map_counts.h"

#include <algorithm>
#include <unordered_set>

namespace cr3scope {

namespace {

// Of a frame on average: more have only tables that come back on themselves.
constexpr u64 kMostSharers = 64, kFew = 1 << 20;

constexpr u64 packed(u64 pfn, unsigned shift) { return pfn << 2 | (shift - kPageShift) / 9; }

}  // namespace

MapCounts::MapCounts(const Linux& linux, const Linux::Tasks& tasks, FrameReader& frames,
                     const std::vector<RamRange>& held) {
  TableWalk walk(linux.target(), frames);
  std::unordered_set<u64> roots;
  FrameStatus status[FrameReader::kBatch];
  u64 frames_of_ram = 0;
  for (const RamRange& r : held) frames_of_ram += (r.end - r.begin) >> kPageShift;
  const u64 most = kMostSharers * frames_of_ram + kFew;
  for (const Linux::Process& process : tasks.processes) {
    const u64 root = process.root.root_pa;
    if (!root || !roots.insert(root).second) continue;
    if (mappings_.size() > most) {
      complete_ = false;
      break;
    }
    const UpperLevels upper = walk.upper_levels(root);
    if (upper.extents.empty()) complete_ = false;
    for (size_t first = 0; first < upper.extents.size(); first += FrameReader::kBatch) {
      const size_t count = std::min(upper.extents.size() - first, FrameReader::kBatch);
      const u8* tables = walk.pte_tables(upper, first, count, status);
      for (size_t i = 0; i < count; i++) {
        const Extent& extent = upper.extents[first + i];
        const bool table = extent.entry.kind == EntryKind::table;
        if (table && (extent.status != FrameStatus::ok || status[i] != FrameStatus::ok)) {
          complete_ = false;
          continue;
        }
        for_each_page(extent, tables + i * kPageSize, linux.target().paging,
                      [&](u64, const Entry& entry) { mappings_.push_back(packed(entry.pfn, entry.shift)); });
      }
    }
  }
  std::sort(mappings_.begin(), mappings_.end());
  mappings_.shrink_to_fit();
}

u64 MapCounts::of(u64 pfn) const {
  u64 count = 0;
  for (unsigned level : {kPte, kPmd, kPud}) {
    const unsigned shift = level_shift(level);
    const u64 head = pfn & ~((1ull << (shift - kPageShift)) - 1);
    const auto [first, last] = std::equal_range(mappings_.begin(), mappings_.end(), packed(head, shift));
    count += static_cast<u64>(last - first);
  }
  return count;
}

std::vector<MissingMapping> missing_mappings(const Linux& linux, const PageLayout& layout, const MapCounts& counts,
                                             const std::vector<RamRange>& held, const std::atomic<bool>& cancel) {
  constexpr u64 kPause = 1 << 12;
  std::vector<MissingMapping> missing;
  PageStructs pages(linux, layout);
  for (const RamRange& range : held)
    for (u64 pfn = range.begin >> kPageShift; pfn < range.end >> kPageShift; pfn++) {
      if (pfn % kPause == 0 && cancel) throw Cancelled();
      const auto page = pages.of(pfn);
      if (!page || page->mapped <= 0 || page->hugetlb || !page->mapping) continue;
      if (static_cast<u64>(page->mapped) <= counts.of(pfn)) continue;
      missing.push_back({pfn, page->mapping, page->index});
      if (missing.size() >= kMostMissing) return missing;
    }
  return missing;
}

}  // namespace cr3scope
