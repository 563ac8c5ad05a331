// SPDX-License-Identifier: GPL-2.0-only
#include "wrong_frames.h"

#include <algorithm>
#include <cstring>

#include "../core/table_walk.h"

namespace cr3scope {

const u8* WrongFrames::read(const u64* addresses, size_t count, FrameStatus* status) {
  // A walk begins with its root alone.
  if (count == 1 && !tables_.count(addresses[0]) && is_root(addresses[0]))
    tables_ = {{addresses[0], {target_.paging.levels, 0}}};
  const u8* truth = truth_.read(addresses, count, status);
  frames_.assign(truth, truth + count * kPageSize);
  for (size_t i = 0; i < count; i++) {
    auto table = tables_.find(addresses[i]);
    if (table == tables_.end() || status[i] != FrameStatus::ok) continue;
    const Place place = table->second;
    u8* frame = &frames_[i * kPageSize];
    if (place.level == kPte) distort(place, frame);
    else learn(place, frame);
  }
  return frames_.data();
}

bool WrongFrames::is_root(u64 pa) {
  auto roots = roots_.roots(0);
  return std::any_of(roots.begin(), roots.end(), [&](const RootRecord& r) { return r.root_pa == pa; });
}

void WrongFrames::learn(const Place& table, const u8* frame) {
  const unsigned used = table.level == target_.paging.levels ? kEntries / 2 : kEntries;  // the user half
  for (unsigned i = 0; i < used; i++) {
    Entry entry = decode(table_entry(frame, i), table.level, target_.paging);
    if (entry.kind != EntryKind::table) continue;
    const u64 va = table.va + (static_cast<u64>(i) << level_shift(table.level));
    tables_[entry.pfn << kPageShift] = {table.level - 1, va};
  }
}

void WrongFrames::distort(const Place& table, u8* frame) {
  for (unsigned i = 0; i < kEntries; i++) {
    u64 raw = table_entry(frame, i);
    const u64 page = (table.va >> kPageShift) + i;
    if ((raw & kPresent) && page % 61 == 0) raw ^= 1ull << 13;
    std::memcpy(frame + i * sizeof raw, &raw, sizeof raw);
  }
}

}  // namespace cr3scope
