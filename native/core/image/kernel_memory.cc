// SPDX-License-Identifier: GPL-2.0-only
#include "kernel_memory.h"

#include <algorithm>

namespace cr3scope {

const u8* KernelMemory::frame(u64 pa) {
  Slot& slot = slots_[(pa >> kPageShift) % kSlots];
  if (slot.pa == pa) return slot.bytes.data();
  slot.bytes.resize(kPageSize);
  slot.pa = ~0ull;
  FrameStatus status;
  image_.read(&pa, 1, slot.bytes.data(), &status);
  if (status != FrameStatus::ok) return nullptr;
  slot.pa = pa;
  return slot.bytes.data();
}

std::optional<u64> KernelMemory::physical(u64 va) {
  u64 table = root_pa_;
  for (unsigned level = paging_.levels; level >= kPte; level--) {
    const u8* bytes = frame(table);
    if (!bytes) return std::nullopt;
    u64 raw;
    std::memcpy(&raw, bytes + table_index(va, level) * sizeof raw, sizeof raw);
    const Entry entry = decode(raw, level, paging_, Half::kernel);
    if (entry.kind == EntryKind::leaf) return (entry.pfn << kPageShift) + (va & ((1ull << entry.shift) - 1));
    if (entry.kind != EntryKind::table) return std::nullopt;
    table = entry.pfn << kPageShift;
  }
  return std::nullopt;
}

bool KernelMemory::read_physical(u64 pa, void* to, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    const u64 inside = (pa + done) & (kPageSize - 1);
    const size_t n = std::min<u64>(bytes - done, kPageSize - inside);
    const u8* from = frame(pa + done - inside);
    if (!from) return false;
    std::memcpy(static_cast<u8*>(to) + done, from + inside, n);
    done += n;
  }
  return true;
}

bool KernelMemory::read(u64 va, void* to, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    const u64 inside = (va + done) & (kPageSize - 1);
    const size_t n = std::min<u64>(bytes - done, kPageSize - inside);
    const std::optional<u64> pa = physical(va + done);
    if (!pa || !read_physical(*pa, static_cast<u8*>(to) + done, n)) return false;
    done += n;
  }
  return true;
}

std::string KernelMemory::text(u64 va, size_t most) {
  std::string text;
  char part[64];
  while (text.size() < most) {
    const size_t n = std::min<size_t>({sizeof part, most - text.size(), kPageSize - (va & (kPageSize - 1))});
    if (!read(va, part, n)) break;
    const size_t length = strnlen(part, n);
    text.append(part, length);
    if (length < n) break;
    va += n;
  }
  return text;
}

}  // namespace cr3scope
