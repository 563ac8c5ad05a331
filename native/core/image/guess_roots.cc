// SPDX-License-Identifier: GPL-2.0-only
#include "guess_roots.h"

#include <algorithm>
#include <map>

#include "../frame_reader.h"
#include "../table_walk.h"

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
  constexpr size_t kBatch = FrameReader::kBatch;
  std::map<u64, std::vector<u64>> groups;  // by the table that the last entry leads to
  std::vector<u8> bytes(kBatch * kPageSize);
  u64 addresses[kBatch];
  FrameStatus status[kBatch];
  for (const RamRange& range : image.held())
    for (u64 pa = range.begin; pa < range.end;) {
      const size_t count = std::min<u64>(kBatch, (range.end - pa) >> kPageShift);
      for (size_t i = 0; i < count; i++) addresses[i] = pa + i * kPageSize;
      image.read(addresses, count, bytes.data(), status);
      for (size_t i = 0; i < count; i++) {
        const u8* frame = &bytes[i * kPageSize];
        const u64 last = status[i] == FrameStatus::ok ? table_entry(frame, kLast) : 0;
        if (!(last & kPresent) || !looks_like_root(image, frame, paging)) continue;
        if (groups.size() >= kMostGroups && !groups.count(last & paging.address_mask())) continue;
        groups[last & paging.address_mask()].push_back(addresses[i]);
      }
      pa += count * kPageSize;
    }
  std::vector<u64> found;
  for (auto& [table, roots] : groups)
    if (roots.size() > found.size()) found = std::move(roots);
  std::sort(found.begin(), found.end());
  if (found.size() > kMostGuesses) found.resize(kMostGuesses);
  return found;
}

}  // namespace cr3scope
