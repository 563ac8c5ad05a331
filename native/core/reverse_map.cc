// SPDX-License-Identifier: GPL-2.0-only
#include "reverse_map.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "clock.h"
#include "error.h"

namespace cr3scope {

ReverseMap::ReverseMap(const Machine& machine, const std::atomic<bool>& cancel) : target_(machine.target()) {
  begin_ns_ = monotonic_ns();
  TableWalk walk(target_, machine.frames);
  std::vector<RootRecord> roots = machine.roots.roots(0);
  // Processes that share one address space (vfork, CLONE_VM) count once.
  std::sort(roots.begin(), roots.end(),
            [](auto& a, auto& b) { return a.root_pa != b.root_pa ? a.root_pa < b.root_pa : a.pid < b.pid; });
  for (size_t first = 0, end; first < roots.size() && spaces_.size() < kMostSpaces; first = end) {
    const RootRecord& root = roots[first];
    for (end = first + 1; end < roots.size() && roots[end].root_pa == root.root_pa;) end++;
    if (!root.root_pa) continue;
    Space space{{root.pid, root.start_ticks}, root.root_pa, {}};
    for (size_t i = first + 1; i < end; i++) space.others.push_back({roots[i].pid, roots[i].start_ticks});
    spaces_.push_back(std::move(space));
    size_t before = mappings_.size(), tables_before = tables_.size();
    u64 pages_before = pages_;
    walk_space(walk, spaces_.size() - 1, cancel);
    // Once all its processes have exited or executed another program, its tables may have been reused.
    if (living(spaces_.back(), machine.roots).pid) continue;
    mappings_.resize(before);
    tables_.resize(tables_before);
    pages_ = pages_before;
    spaces_.pop_back();
    gone_++;
  }
  for (auto* list : {&mappings_, &tables_}) {
    list->shrink_to_fit();
    std::sort(list->begin(), list->end(), [](const Mapping& a, const Mapping& b) {
      return a.pfn != b.pfn ? a.pfn < b.pfn : a.space != b.space ? a.space < b.space : a.page < b.page;
    });
  }
  end_ns_ = monotonic_ns();
}

ReverseMap::Process ReverseMap::living(const Space& space, Roots& roots) {
  auto has = [&](const Process& process) {
    std::vector<RootRecord> now = roots.roots(process.pid);
    return !now.empty() && now[0].root_pa == space.root_pa && now[0].start_ticks == process.start_ticks;
  };
  if (has(space)) return space;
  auto found = std::find_if(space.others.begin(), space.others.end(), has);
  return found == space.others.end() ? Process{} : *found;
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

const std::vector<ReverseMap::Total>& ReverseMap::totals() const {
  std::call_once(counted_, [this] {
    totals_.resize(spaces_.size());
    // No page is larger and each is aligned to its size, so none reaches from one chunk into the next.
    constexpr u64 kChunk = 1 << 18;
    struct Use {
      u32 space = 0;  // index + 1 of the first that maps it
      bool shared = false;
    };
    std::vector<Use> uses;
    for (auto at = mappings_.begin(); at != mappings_.end();) {
      const u64 first = at->pfn & ~(kChunk - 1);
      const auto end = from(mappings_, first + kChunk);
      uses.assign(kChunk, {});
      for (auto m = at; m != end; ++m)
        for (u64 f = m->pfn - first, to = f + (1ull << (m->shift - kPageShift)); f < to; f++) {
          if (!uses[f].space) uses[f].space = static_cast<u32>(m->space) + 1;
          else uses[f].shared |= uses[f].space != m->space + 1;
        }
      // Mappings of one frame by one space stand together.
      for (auto m = at; m != end; ++m) {
        if (m != at && std::prev(m)->pfn == m->pfn && std::prev(m)->space == m->space &&
            std::prev(m)->shift == m->shift)
          continue;
        Total& total = totals_[m->space];
        for (u64 f = m->pfn - first, to = f + (1ull << (m->shift - kPageShift)); f < to; f++)
          (uses[f].shared ? total.shared : total.alone)++;
      }
      at = end;
    }
  });
  return totals_;
}

void add_mapped(const ReverseMap& map, std::vector<ProcessRow>& processes) {
  std::unordered_map<int, std::pair<u64, size_t>> of;
  for (size_t i = 0; i < map.spaces(); i++) {
    const ReverseMap::Space& space = map.space(i);
    of[space.pid] = {space.start_ticks, i};
    for (const ReverseMap::Process& other : space.others) of[other.pid] = {other.start_ticks, i};
  }
  for (ProcessRow& row : processes) {
    auto found = of.find(row.pid);
    if (found == of.end() || found->second.first != row.start_ticks) continue;
    const ReverseMap::Total& total = map.totals()[found->second.second];
    row.alone = total.alone;
    row.shared = total.shared;
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
  struct Found {
    size_t space;
    u64 va;
  };
  std::vector<Found> found;
  // The frame may be mapped by itself, or within a page of 2 MiB or 1 GiB.
  for (unsigned level : {kPte, kPmd, kPud}) {
    unsigned shift = level_shift(level);
    u64 inside = pfn & ((1ull << (shift - kPageShift)) - 1), head = pfn - inside;
    for (auto at = from(mappings_, head); at != mappings_.end() && at->pfn == head; ++at)
      if (at->shift == shift) found.push_back({at->space, (at->page + inside) << kPageShift});
  }
  std::sort(found.begin(), found.end(),
            [](auto& a, auto& b) { return a.space != b.space ? a.space < b.space : a.va < b.va; });
  std::vector<Owner> owners;
  TableWalk walk(target_, machine.frames);
  for (size_t first = 0, end; first < found.size(); first = end) {
    std::vector<u64> vas;
    for (end = first; end < found.size() && found[end].space == found[first].space; end++) vas.push_back(found[end].va);
    const Space& space = spaces_[found[first].space];
    Process now = living(space, machine.roots);
    std::vector<Path> paths = now.pid ? walk.translate(space.root_pa, vas) : std::vector<Path>(vas.size());
    const Process named = now.pid ? now : Process{space};
    for (size_t i = 0; i < vas.size(); i++) {
      const Path& path = paths[i];
      bool still = path.status == FrameStatus::ok && maps_frame(path.leaf.kind) && path.pfn(vas[i]) == pfn;
      owners.push_back({named.pid, named.start_ticks, space.root_pa, vas[i], path, still});
    }
  }
  std::sort(owners.begin(), owners.end(),
            [](auto& a, auto& b) { return a.pid != b.pid ? a.pid < b.pid : a.va < b.va; });
  return owners;
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
