// SPDX-License-Identifier: GPL-2.0-only
#include "table_tree.h"

#include <algorithm>

#include "error.h"

namespace cr3scope {

TableTree read_table_tree(const Target& target, FrameReader& frames, const FrameFacts& facts, u64 root_pa,
                          const std::atomic<bool>& cancel) {
  TableTree tree;
  tree.root_pa = root_pa;
  TableWalk walk(target, frames);
  UpperLevels upper = walk.upper_levels(root_pa);
  auto marked = [&](u64 pa) {
    u64 flags = facts.flags(pa >> kPageShift);
    return flags == kUnknown     ? TableTree::Marked::unknown
           : flags & kKpfPgTable ? TableTree::Marked::yes
                                 : TableTree::Marked::no;
  };
  // The entries of a table are its children: tables of the level below, and extents.
  std::array<std::vector<u32>, 6> used;
  std::array<std::vector<FrameStatus>, 6> status;
  for (unsigned level = kPmd; level <= target.paging.levels; level++) {
    used[level].resize(upper.tables[level].size());
    status[level].resize(upper.tables[level].size(), FrameStatus::ok);
  }
  for (unsigned level = kPmd; level < target.paging.levels; level++)
    for (const Table& table : upper.tables[level]) used[level + 1][table.parent]++;
  for (const Extent& extent : upper.extents) {
    if (extent.status == FrameStatus::ok) {
      used[extent.level][extent.parent]++;
      continue;
    }
    // The table that this entry points to could not be read; it is among the tables already.
    auto& below = upper.tables[extent.level - 1];
    for (size_t i = 0; i < below.size(); i++)
      if (below[i].va == extent.va && below[i].parent == extent.parent) status[extent.level - 1][i] = extent.status;
  }
  for (unsigned level = kPmd; level <= target.paging.levels; level++)
    for (size_t i = 0; i < upper.tables[level].size(); i++) {
      const Table& table = upper.tables[level][i];
      tree.nodes.push_back(
          {static_cast<u8>(level), table.va, table.pa, used[level][i], marked(table.pa), status[level][i]});
    }

  const auto& extents = upper.extents;
  FrameStatus read[FrameReader::kBatch];
  std::vector<u8> tables;
  std::vector<bool> stale;
  for (size_t first = 0; first < extents.size(); first += FrameReader::kBatch) {
    if (cancel) throw Cancelled();
    size_t count = std::min(extents.size() - first, FrameReader::kBatch);
    const u8* bytes = walk.pte_tables(upper, first, count, read);
    tables.assign(bytes, bytes + count * kPageSize);
    walk.verify(upper, first, count, stale);
    for (size_t i = 0; i < count; i++) {
      const Extent& extent = extents[first + i];
      bool table = extent.entry.kind == EntryKind::table && extent.level == kPmd;
      if (!table && !maps_frame(extent.entry.kind)) continue;
      const u8* entries = &tables[i * kPageSize];
      bool known = !stale[i] && (!table || read[i] == FrameStatus::ok);
      u32 n = 0;
      if (table) {
        for (unsigned k = 0; known && k < kEntries; k++) n += table_entry(entries, k) != 0;
        u64 pa = extent.entry.pfn << kPageShift;
        tree.nodes.push_back({kPte, extent.va, pa, n, marked(pa), read[i]});
      }
      if (!known) {
        tree.raced += stale[i];
        continue;
      }
      for_each_page(extent, entries, target.paging, [&](u64, const Entry& entry) {
        tree.mapped[(entry.shift - kPageShift) / 9] += 1ull << entry.shift;
      });
    }
  }
  // A table that was freed before its flags were read is not marked either, so only a table that is still in use
  // counts.
  for (TableTree::Node& node : tree.nodes) {
    if (node.marked != TableTree::Marked::no) continue;
    bool in_use = walk.translate(root_pa, {node.va})[0].table[node.level] == node.pa;
    node.marked = in_use ? marked(node.pa) : TableTree::Marked::unknown;
  }
  std::stable_sort(tree.nodes.begin(), tree.nodes.end(),
                   [](auto& a, auto& b) { return a.va != b.va ? a.va < b.va : a.level > b.level; });
  return tree;
}

}  // namespace cr3scope
