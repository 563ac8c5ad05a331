// SPDX-License-Identifier: GPL-2.0-only
// Bit layout of x86-64 page-table entries as Linux uses them. The only place in C++ that knows a bit.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "vocabulary.h"

namespace cr3scope {

using std::size_t;
using u8 = std::uint8_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

constexpr unsigned kPageShift = 12;
constexpr u64 kPageSize = 1ull << kPageShift;
constexpr unsigned kEntries = 512;

// Intel's names: PT, PD, PDPT, PML4, PML5.
enum Level : u8 { kPte = 1, kPmd = 2, kPud = 3, kP4d = 4, kPgd = 5 };

// Bytes that one entry of `level` covers, as a shift: 12, 21, 30, 39, 48.
constexpr unsigned level_shift(unsigned level) { return kPageShift + 9 * (level - 1); }
constexpr unsigned table_index(u64 va, unsigned level) { return (va >> level_shift(level)) & (kEntries - 1); }

// SDM vol. 3A, 4.5, tables 4-15 to 4-20.
constexpr u64 kPresent = 1ull << 0;
constexpr u64 kWrite = 1ull << 1;
constexpr u64 kUser = 1ull << 2;
constexpr u64 kAccessed = 1ull << 5;
constexpr u64 kDirty = 1ull << 6;
constexpr u64 kPageSizeBit = 1ull << 7;  // a leaf in PUD and PMD; PAT in a PTE; reserved above
constexpr u64 kGlobal = 1ull << 8;
constexpr u64 kNoExecute = 1ull << 63;
constexpr u64 kAddressBits = 0x000ffffffffff000ull;  // 12..51

// arch/x86/include/asm/pgtable_types.h: bit 8 means PROT_NONE (or a NUMA hint) where P is clear.
constexpr u64 kProtNone = kGlobal;

// Facts of the target that decide how entries read.
struct Paging {
  u8 levels = 4;            // 4 or 5
  u8 max_phys_bits = 52;    // MAXPHYADDR, CPUID 80000008 EAX[7:0]
  u64 encryption_mask = 0;  // SME/SEV C-bit, 0 where there is none
  u8 swap_pfn_bits = 34;    // SWP_PFN_BITS: MAX_PHYSMEM_BITS - 12 (46 with 4 levels, 52 with 5)
  // Swap types at or above the number of swap files do not stand for disks (include/linux/swap.h); 0xff: this kernel
  // does not have the type.
  u8 swap_files = 32;  // MAX_SWAPFILES
  u8 hwpoison_type = 0xff;
  u8 migration_type = 0xff;  // the first
  u8 migration_types = 0;
  u8 device_type = 0xff;  // the first
  u8 device_types = 0;
  u8 marker_type = 0xff;
  u8 swapin_error_type = 0xff;
  // Whether these numbers are those of this kernel. If not, those of a kernel with all options are assumed.
  bool swap_types_known = true;

  u64 address_mask() const { return kAddressBits & ~encryption_mask; }
  unsigned top_shift() const { return level_shift(levels) + 9; }  // first bit above the VA: 48 or 57
  u64 user_end() const { return 1ull << (top_shift() - 1); }
  bool canonical(u64 va) const {
    auto high = static_cast<std::int64_t>(va) >> (top_shift() - 1);
    return high == 0 || high == -1;
  }
};

// The options that decide how the swap types are numbered: CONFIG_MIGRATION and so on.
struct SwapConfig {
  bool migration, memory_failure, device_private;
};

// The swap type numbers of a kernel; `version` is major << 8 | minor.
Paging swap_types(Paging paging, unsigned version, SwapConfig config);
// The options that leave this many types to swap files (MAX_SWAPFILES); none where no combination does.
std::optional<SwapConfig> swap_config(unsigned version, unsigned swap_files);

// Bits of swap_offset in a marker.
constexpr u64 kMarkerUffdWp = 1, kMarkerPoisoned = 2, kMarkerGuard = 4;

struct Entry {
  EntryKind kind = EntryKind::none;
  u8 shift = 0;         // page size of a leaf: 12, 21 or 30
  u8 swap_type = 0;     // where P is clear and there is no PROT_NONE
  u64 pfn = 0;          // first frame of the page, of the next table, or under migration
  u64 swap_offset = 0;  // where swap_type is; in a marker, its bits
  u64 violation = 0;    // the reserved bits that are set
  // The kind rests on swap type numbers that are assumed (Paging::swap_types_known): it may as well be a swapped page,
  // or another kind of entry that holds a frame number.
  bool assumed = false;
};

// The half of the address space that an entry translates for. Only tables of the user half hold swap entries and
// PROT_NONE pages.
enum class Half : u8 { user, kernel };
constexpr Half half_of(u64 va) { return va >> 63 ? Half::kernel : Half::user; }

// Decodes one raw entry at `level` (1 = PTE .. 5 = PGD).
Entry decode(u64 raw, unsigned level, const Paging& paging, Half half = Half::user);

inline bool maps_frame(EntryKind kind) {
  return kind == EntryKind::leaf || kind == EntryKind::protNone || kind == EntryKind::midSplit;
}

}  // namespace cr3scope
