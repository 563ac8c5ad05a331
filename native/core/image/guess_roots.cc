// SPDX-License-Identifier: GPL-2.0-only
#include "guess_roots.h"

#include <algorithm>
#include <map>

#include "../table_walk.h"
#include "for_each_frame.h"

namespace cr3scope {

namespace {

constexpr size_t kMostGroups = 1 << 16;
constexpr unsigned kLast = kEntries - 1, kKernelHalf = kEntries / 2, kFewest = 2;

bool looks_like_root(const Image& image, const u8* frame, const Paging& paging) {
  const std::vector<RamRange>& ram = image.ranges();
  auto in_ram = [&](u64 pa) {
    auto at = std::upper_bound(ram.begin(), ram.end(), pa, [](u64 a, auto& r) { return a < r.begin; });
    return at != ram.begin() && pa < (--at)->end;
  };
  unsigned used = 0;
  for (unsigned i = 0; i < kEntries; i++) {
    const u64 raw = table_entry(frame, i);
    if (!raw) continue;
    const Entry entry = decode(raw, paging.levels, paging, i < kKernelHalf ? Half::user : Half::kernel);
    if (entry.kind != EntryKind::table || entry.violation || !in_ram(entry.pfn << kPageShift)) return false;
    // User mode may see all of the lower half. Linux leaves that bit in the upper half, too.
    if (i < kKernelHalf && !(raw & kUser)) return false;
    used += i >= kKernelHalf;
  }
  return used >= kFewest;
}

}  // namespace

std::vector<u64> guess_roots(const Image& image, const Paging& paging) {
  std::map<u64, std::vector<u64>> groups;  // by the table that the last entry leads to
  for_each_frame(image, [&](u64 pa, const u8* frame) {
    const u64 last = table_entry(frame, kLast);
    const u64 table = last & paging.address_mask();
    if ((last & kPresent) && looks_like_root(image, frame, paging) &&
        (groups.size() < kMostGroups || groups.count(table)))
      groups[table].push_back(pa);
    return false;
  });
  std::vector<u64> found;
  for (auto& [table, roots] : groups)
    if (roots.size() > found.size()) found = std::move(roots);
  std::sort(found.begin(), found.end());
  if (found.size() > kMostGuesses) found.resize(kMostGuesses);
  return found;
}

}  // namespace cr3scope
