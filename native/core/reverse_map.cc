// SPDX-License-Identifier: GPL-2.0-only
#include "reverse_map.h"

#include <algorithm>
#include <cstring>

#include "clock.h"
#include "error.h"

namespace cr3scope {

ReverseMap::ReverseMap(const Machine& machine, const std::atomic<bool>& cancel) : target_(machine.target) {
  begin_ns_ = monotonic_ns();
  TableWalk walk(machine.target, machine.frames);
  std::vector<RootRecord> roots = machine.roots.roots(0);
  // Processes that share one address space (vfork, CLONE_VM) count once, for the one with the lowest PID.
  std::sort(roots.begin(), roots.end(),
            [](auto& a, auto& b) { return a.root_pa != b.root_pa ? a.root_pa < b.root_pa : a.pid < b.pid; });
  for (const RootRecord& root : roots) {
    if (!root.root_pa || spaces_.size() == kMostSpaces) continue;
    if (!spaces_.empty() && spaces_.back().root_pa == root.root_pa) continue;
    spaces_.push_back({root.pid, root.start_ticks, root.root_pa});
    size_t before = mappings_.size(), tables_before = tables_.size();
    u64 pages_before = pages_;
    walk_space(walk, spaces_.size() - 1, cancel);
    // Of a process that has exited or executed another program the tables were anybody's by then.
    std::vector<RootRecord> now = machine.roots.roots(root.pid);
    if (now.empty() || now[0].root_pa != root.root_pa || now[0].start_ticks != root.start_ticks) {
      mappings_.resize(before);
      tables_.resize(tables_before);
      pages_ = pages_before;
      spaces_.pop_back();
      gone_++;
    }
  }
  for (auto* list : {&mappings_, &tables_}) {
    list->shrink_to_fit();
    std::sort(list->begin(), list->end(), [](const Mapping& a, const Mapping& b) {
      return a.pfn != b.pfn ? a.pfn < b.pfn : a.space != b.space ? a.space < b.space : a.page < b.page;
    });
  }
  end_ns_ = monotonic_ns();
}

void ReverseMap::add(size_t space, u64 va, const Entry& entry) {
  mappings_.push_back({entry.pfn, entry.shift, space, va >> kPageShift});
  pages_ += 1ull << (entry.shift - kPageShift);
}

void ReverseMap::add_table(size_t space, unsigned level, u64 va, u64 pfn) {
  tables_.push_back({pfn, level, space, va >> kPageShift});
}

void ReverseMap::walk_space(TableWalk& walk, size_t space, const std::atomic<bool>& cancel) {
  UpperLevels upper = walk.upper_levels(spaces_[space].root_pa);
  const auto& extents = upper.extents;
  for (unsigned level = kPmd; level <= target_.paging.levels; level++)
    for (const Table& table : upper.tables[level]) add_table(space, level, table.va, table.pa >> kPageShift);
  if (target_.pti) add_table(space, target_.paging.levels, 0, (upper.root_pa >> kPageShift) + 1);
  FrameStatus status[FrameReader::kBatch];
  std::vector<u8> tables;
  std::vector<bool> stale;
  for (size_t first = 0; first < extents.size(); first += FrameReader::kBatch) {
    if (cancel) throw Cancelled();
    size_t count = std::min(extents.size() - first, FrameReader::kBatch);
    const u8* frames = walk.pte_tables(upper, first, count, status);
    tables.assign(frames, frames + count * kPageSize);
    walk.verify(upper, first, count, stale);
    for (size_t i = 0; i < count; i++) {
      const Extent& extent = extents[first + i];
      bool table = extent.entry.kind == EntryKind::table;
      if (!table && !maps_frame(extent.entry.kind)) continue;
      if (table && extent.status != FrameStatus::ok) continue;
      if (stale[i] || (table && status[i] != FrameStatus::ok)) {
        raced_++;
        continue;
      }
      if (table) add_table(space, kPte, extent.va, extent.entry.pfn);
      for_each_page(extent, &tables[i * kPageSize], target_.paging,
                    [&](u64 va, const Entry& entry) { add(space, va, entry); });
    }
  }
}

std::vector<TableUse> ReverseMap::tables(u64 pfn) const {
  std::vector<TableUse> found;
  for (auto at = from(tables_, pfn); at != tables_.end() && at->pfn == pfn; ++at) {
    const Space& space = spaces_[at->space];
    found.push_back({space.pid, space.start_ticks, static_cast<u8>(at->shift), u64{at->page} << kPageShift});
  }
  return found;
}

std::vector<Owner> ReverseMap::owners(u64 pfn, const Machine& machine) const {
  std::vector<Owner> found;
  // The frame may be mapped by itself, or within a page of 2 MiB or 1 GiB.
  for (unsigned level : {kPte, kPmd, kPud}) {
    unsigned shift = level_shift(level);
    u64 inside = pfn & ((1ull << (shift - kPageShift)) - 1), head = pfn - inside;
    for (auto at = from(mappings_, head); at != mappings_.end() && at->pfn == head; ++at) {
      if (at->shift != shift) continue;
      const Space& space = spaces_[at->space];
      Owner owner;
      owner.pid = space.pid;
      owner.start_ticks = space.start_ticks;
      owner.root_pa = space.root_pa;
      owner.va = (at->page + inside) << kPageShift;
      found.push_back(owner);
    }
  }
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.pid != b.pid ? a.pid < b.pid : a.va < b.va; });
  TableWalk walk(target_, machine.frames);
  for (size_t first = 0; first < found.size();) {
    size_t end = first;
    while (end < found.size() && found[end].pid == found[first].pid) end++;
    std::vector<RootRecord> now = machine.roots.roots(found[first].pid);
    bool same =
        !now.empty() && now[0].root_pa == found[first].root_pa && now[0].start_ticks == found[first].start_ticks;
    std::vector<u64> vas;
    for (size_t i = first; i < end; i++) vas.push_back(found[i].va);
    std::vector<Path> paths = same ? walk.translate(found[first].root_pa, vas) : std::vector<Path>(vas.size());
    for (size_t i = first; i < end; i++) {
      found[i].now = paths[i - first];
      const Path& path = found[i].now;
      found[i].still = path.status == FrameStatus::ok && maps_frame(path.leaf.kind) && path.pfn(found[i].va) == pfn;
    }
    first = end;
  }
  return found;
}

std::shared_ptr<const ReverseMap> ReverseMapCache::get(const Machine& machine, bool again,
                                                       const std::atomic<bool>& cancel) {
  if (!again) {
    std::lock_guard lock(mutex_);
    if (map_) return map_;
  }
  auto map = std::make_shared<const ReverseMap>(machine, cancel);
  std::lock_guard lock(mutex_);
  return map_ = std::move(map);
}

}  // namespace cr3scope
