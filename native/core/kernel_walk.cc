// SPDX-License-Identifier: GPL-2.0-only
#include "kernel_walk.h"

#include <algorithm>

namespace cr3scope {

bool KernelWalk::agrees(u64 word, const Entry& e, u64 pfn) {
  const KernelWord k{word};
  if (k.kind() == CR3SCOPE_KIND_NO_REGION) return true;  // it looks into regions only: nothing to compare
  auto absent = [&](u32 kind, u64 value) {
    return k.kind() == kind && k.swap_type() == e.swap_type && k.value() == value;
  };
  if (e.assumed)
    return k.kind() >= CR3SCOPE_KIND_SWAP && k.kind() <= CR3SCOPE_KIND_HWPOISON && k.swap_type() == e.swap_type &&
           (k.value() == e.swap_offset || k.value() == pfn);
  switch (e.kind) {
    case EntryKind::none:
      return k.kind() == CR3SCOPE_KIND_NONE;
    case EntryKind::leaf:
    case EntryKind::protNone:
    case EntryKind::midSplit:
      return k.kind() == CR3SCOPE_KIND_PAGE && k.value() == pfn && k.shift() == e.shift;
    case EntryKind::swap:
      return absent(CR3SCOPE_KIND_SWAP, e.swap_offset);
    case EntryKind::migration:
      return absent(CR3SCOPE_KIND_MIGRATION, pfn);
    case EntryKind::device:
      return absent(CR3SCOPE_KIND_DEVICE, pfn);
    case EntryKind::hwpoison:
      return absent(CR3SCOPE_KIND_HWPOISON, pfn);
    case EntryKind::marker:
      return absent(CR3SCOPE_KIND_MARKER, e.swap_offset);
    case EntryKind::swapinError:
      return k.kind() == CR3SCOPE_KIND_ERROR;
    case EntryKind::presentCleared:
      return k.kind() == CR3SCOPE_KIND_CLEARED;
    case EntryKind::reserved:  // a mismatch of its own
    case EntryKind::table:     // nothing was read to compare with
      return true;
  }
  return false;
}

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
