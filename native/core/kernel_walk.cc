// SPDX-License-Identifier: GPL-2.0-only
#include "kernel_walk.h"

#include <algorithm>

namespace cr3scope {

bool KernelWalk::read(u64 begin, size_t count, u64* words) {
  std::fill_n(words, count, KernelWord::kNoRegion);
  auto stretch = [&](u64 va, u64 pages, u64 first, const u64* each) {
    u64* to = words + ((va - begin) >> kPageShift);
    if (each) std::copy_n(each, pages, to);
    else
      for (u64 i = 0; i < pages; i++) to[i] = first + (KernelModule::counts_up(first) ? i : 0);
  };
  const u64 end = begin + count * kPageSize;
  return module_.walk_range(space_.pid(), space_.start_ticks(), begin, end, stretch) == space_.root_pa();
}

bool KernelWalk::find(u64 begin, u64 end, std::vector<PageRange>& found, const std::atomic<bool>&) {
  auto stretch = [&](u64 va, u64 pages, u64 first, const u64* words) {
    for (u64 i = 0; i < pages && (words || first != KernelWord::kNone); i++)
      if (!words || words[i] != KernelWord::kNone) found.push_back({va + i * kPageSize, va + (i + 1) * kPageSize});
  };
  return module_.walk_range(space_.pid(), space_.start_ticks(), begin, end, stretch) == space_.root_pa();
}

}  // namespace cr3scope
