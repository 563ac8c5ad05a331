// SPDX-License-Identifier: GPL-2.0-only
#include "paging.h"

namespace cr3scope {

Paging swap_types(Paging p, unsigned version, SwapConfig config) {
  // include/linux/swap.h fills the 32 types from the top: [swapin error] marker | device | migration | hwpoison.
  u8 next = 32;
  p.swapin_error_type = version == 0x601 ? --next : 0xff;  // only 6.1
  p.marker_type = version >= 0x513 ? --next : 0xff;        // 5.19, 679d10331910
  // DEVICE_READ and DEVICE_WRITE; two EXCLUSIVE types from 5.14 (b756a3b5e7ea), one from 6.15.
  p.device_types = !config.device_private ? 0 : version >= 0x60f ? 3 : version >= 0x50e ? 4 : 2;
  next -= p.device_types;
  p.device_type = p.device_types ? next : 0xff;
  p.migration_types = !config.migration ? 0 : version >= 0x513 ? 3 : 2;  // READ_EXCLUSIVE: 5.19
  next -= p.migration_types;
  p.migration_type = p.migration_types ? next : 0xff;
  p.hwpoison_type = config.memory_failure ? --next : 0xff;
  p.swap_files = next;
  return p;
}

std::optional<SwapConfig> swap_config(unsigned version, unsigned swap_files) {
  // CONFIG_DEVICE_PRIVATE needs ZONE_DEVICE, MEMORY_HOTREMOVE and so MIGRATION (mm/Kconfig). No two of these are equal.
  for (SwapConfig config : {SwapConfig{false, false, false},
                            {false, true, false},
                            {true, false, false},
                            {true, true, false},
                            {true, false, true},
                            {true, true, true}})
    if (swap_types({}, version, config).swap_files == swap_files) return config;
  return std::nullopt;
}

namespace {

// Bits 13..20 of a 2M leaf and 13..29 of a 1G leaf are reserved (12 is PAT), SDM tables 4-16 and 4-18.
u64 leaf_reserved(unsigned level) { return ((1ull << level_shift(level)) - 1) & ~((1ull << 13) - 1); }

u64 reserved_bits(u64 raw, unsigned level, const Paging& p) {
  u64 reserved = kAddressBits & ~((1ull << p.max_phys_bits) - 1) & ~p.encryption_mask;
  if (level >= kP4d) reserved |= kPageSizeBit;
  else if (level >= kPmd && (raw & kPageSizeBit)) reserved |= leaf_reserved(level);
  return raw & reserved;
}

// The frame of a page of `level`: the bits below its size are PAT or reserved, never address.
u64 leaf_pfn(u64 raw, unsigned level, const Paging& p) {
  return (raw & p.address_mask() & ~((1ull << level_shift(level)) - 1)) >> kPageShift;
}

Entry decode_not_present(u64 raw, unsigned level, const Paging& p, Half half) {
  Entry e;
  e.shift = static_cast<u8>(level_shift(level));
  // Linux has no pages and no swap entries above the PUD: p4d_bad().
  if (half == Half::kernel || level >= kP4d) {
    // __set_pages_np(), arch/x86/mm/pat/set_memory.c, inverts the frame number; KFENCE's did not always. So none is
    // named.
    e.kind = EntryKind::presentCleared;
    return e;
  }
  if (raw & kProtNone) {
    e.kind = EntryKind::protNone;
    e.pfn = leaf_pfn(~raw, level, p);  // protnone_mask(), arch/x86/include/asm/pgtable-invert.h
    return e;
  }
  if (level == kPmd && (raw & kPageSizeBit)) {
    // pmd_present() also tests PSE: __split_huge_pmd clears P only. pmd_pfn() un-inverts here as well.
    e.kind = EntryKind::midSplit;
    e.pfn = leaf_pfn(~raw, level, p);
    return e;
  }
  // arch/x86/include/asm/pgtable_64.h: type 59..63, inverted offset 9..58.
  e.swap_type = static_cast<u8>(raw >> 59);
  e.swap_offset = (~raw << 5) >> 14;
  auto within = [&](u8 first, u8 count) {
    return first != 0xff && e.swap_type >= first && e.swap_type < first + count;
  };
  if (within(p.marker_type, 1)) e.kind = EntryKind::marker;
  else if (within(p.migration_type, p.migration_types)) e.kind = EntryKind::migration;
  else if (within(p.device_type, p.device_types)) e.kind = EntryKind::device;
  else if (within(p.hwpoison_type, 1)) e.kind = EntryKind::hwpoison;
  else if (within(p.swapin_error_type, 1)) e.kind = EntryKind::swapinError;
  else e.kind = EntryKind::swap;
  if (e.kind == EntryKind::migration || e.kind == EntryKind::device || e.kind == EntryKind::hwpoison) {
    e.pfn = e.swap_offset & ((1ull << p.swap_pfn_bits) - 1);  // A and D lie above, swp_offset_pfn()
    e.assumed = !p.swap_types_known;
  }
  return e;
}

}  // namespace

Entry decode(u64 raw, unsigned level, const Paging& p, Half half) {
  if (raw == 0) return {};  // exempt from inversion: f19f5c49bbc3
  if (!(raw & kPresent)) return decode_not_present(raw, level, p, half);
  Entry e;
  e.violation = reserved_bits(raw, level, p);
  if (e.violation) {
    e.kind = EntryKind::reserved;
  } else if (level == kPte || (level <= kPud && (raw & kPageSizeBit))) {
    e.kind = EntryKind::leaf;
    e.shift = static_cast<u8>(level_shift(level));
    e.pfn = leaf_pfn(raw, level, p);
  } else {
    e.kind = EntryKind::table;
    e.pfn = (raw & p.address_mask()) >> kPageShift;
  }
  return e;
}

}  // namespace cr3scope
