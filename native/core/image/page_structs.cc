// SPDX-License-Identifier: GPL-2.0-only
#include "page_structs.h"

#include <algorithm>
#include <cstdio>

#include "../error.h"

namespace cr3scope {

namespace {

// The lowest bits of page->mapping (include/linux/page-flags.h).
constexpr u64 kMappingAnon = 1, kMappingKsm = 3;
constexpr unsigned kLargestOrder = 10;
constexpr u8 kHugetlbDestructor = 2;        // HUGETLB_PAGE_DTOR
constexpr std::int32_t kLeastCount = -128;  // PAGE_MAPCOUNT_RESERVE: what is lower is a type

constexpr u64 kKpfHead = 1ull << 15;

struct NamedBit {
  u8 shown;
  const char* name;
};
// stable_page_flags() (fs/proc/page.c).
constexpr NamedBit kBits[] = {
    {0, "PG_locked"},      {1, "PG_error"},         {2, "PG_referenced"}, {3, "PG_uptodate"},   {4, "PG_dirty"},
    {5, "PG_lru"},         {6, "PG_active"},        {7, "PG_slab"},       {8, "PG_writeback"},  {9, "PG_reclaim"},
    {14, "PG_swapbacked"}, {18, "PG_unevictable"},  {19, "PG_hwpoison"},  {25, "PG_idle"},      {32, "PG_reserved"},
    {33, "PG_mlocked"},    {34, "PG_mappedtodisk"}, {35, "PG_private"},   {36, "PG_private_2"}, {37, "PG_owner_priv_1"},
    {38, "PG_arch_1"},
};

unsigned version_of(const std::string& release) {
  unsigned major = 0, minor = 0;
  std::sscanf(release.c_str(), "%u.%u", &major, &minor);
  return major << 8 | minor;
}

template <class T>
T member(const u8* bytes, const Member& m) {
  T value{};
  std::memcpy(&value, bytes + m.offset, std::min<size_t>(sizeof value, m.bytes));
  return value;
}

}  // namespace

PageLayout::PageLayout(const Linux& linux) {
  const Types& t = linux.types();
  KernelMemory memory = linux.memory();
  const auto at = linux.symbols()["vmemmap_base"];
  auto optional = [&](Member& to, auto... paths) { to = t.member(paths...).value_or(Member{}); };
  optional(flags, "page.flags");
  optional(mapping, "page.mapping");
  optional(index, "folio.index", "page.index", "page.__folio_index");
  optional(head, "page.compound_head", "page.compound_info");
  optional(map_count, "page._mapcount");
  optional(type, "page.page_type", "page._mapcount");
  optional(refcount, "page._refcount");
  optional(private_word, "page.private");
  base = at ? memory.word(*at) : 0;
  bytes = t.size_of("page");
  if (!base || !bytes || bytes > kPageSize || !flags.bytes || !mapping.bytes || !index.bytes || !head.bytes)
    throw Error("find struct page in this image", ENODATA,
                base ? "Its BTF does not describe it." : "Its VMCOREINFO does not name the kernel's symbols.");
  for (const Member* m : {&flags, &mapping, &index, &head, &map_count, &type, &refcount, &private_word})
    if (m->offset + 8 > bytes + 4)
      throw Error("find struct page in this image", EUCLEAN, "Its BTF contradicts itself.");

  auto flag = [&](const char* name) -> u8 {
    const auto number = t.enumerator("pageflags", name);
    return number && *number < 64 ? static_cast<u8>(*number) : 0;
  };
  for (const NamedBit& bit : kBits)
    if (auto number = t.enumerator("pageflags", bit.name); number && *number < 64)
      bits.push_back({bit.shown, static_cast<u8>(*number)});
  double_map_bit = flag("PG_double_map");
  hugetlb_bit = flag("PG_hugetlb");
  if (auto entire = t.member("folio._entire_mapcount")) {
    entire_map_count = *entire;
  } else if (auto compound = t.member("page.compound_mapcount")) {
    entire_map_count = {compound->offset + bytes, compound->bytes};
  }
  if (auto large = t.member("folio._large_mapcount")) large_map_count = *large;
  if (auto dtor = t.member("page.compound_dtor")) destructor = {dtor->offset + bytes, dtor->bytes};

  auto type_of = [&](const char* name) { return static_cast<u32>(t.enumerator("pagetype", name).value_or(0)); };
  types_are_numbers = type_of("PGTY_buddy") != 0;
  if (types_are_numbers) {
    buddy = type_of("PGTY_buddy");
    offline = type_of("PGTY_offline");
    table = type_of("PGTY_table");
    hugetlb = type_of("PGTY_hugetlb");
    slab = type_of("PGTY_slab");
  } else if (type_of("PG_buddy")) {
    type_base = type_of("PAGE_TYPE_BASE");
    buddy = type_of("PG_buddy");
    offline = type_of("PG_offline");
    table = type_of("PG_table");
    hugetlb = type_of("PG_hugetlb");
    slab = type_of("PG_slab");
  } else {
    // Macros before 6.11, which BTF does not have (include/linux/page-flags.h).
    type_base = 0xf0000000;
    buddy = 0x80;
    offline = 0x100;
    const unsigned version = version_of(linux.target().release);
    table = version < 0x50b ? 0x400 : 0x200;
    if (version >= 0x609) hugetlb = 0x800;
    if (version >= 0x60a) slab = 0x1000;
  }
  zero_pfn = linux.target().zero_pfn;
  if (auto huge_zero = linux.symbols()["huge_zero_pfn"]) huge_zero_pfn = memory.word(*huge_zero);
  // Before 5.14 only its struct page.
  else if (auto page = linux.symbols()["huge_zero_page"])
    if (const u64 at_page = memory.word(*page); at_page >= base) huge_zero_pfn = (at_page - base) / bytes;
  folio_counts = version_of(linux.target().release) < 0x60f;
}

bool PageStructs::has_type(u32 value, u32 type) const {
  if (!type) return false;
  return l_.types_are_numbers ? value >> 24 == type : (value & (l_.type_base | type)) == l_.type_base;
}

// A tail names its head, and bit 0 says that it does (compound_head()). Since 7.0 it keeps the mask of the head's
// address instead, whose upper half is ones.
std::optional<u64> PageStructs::head_of(u64 va) {
  const auto link = memory_.value<u64>(va + l_.head.offset);
  if (!link) return std::nullopt;
  if (!(*link & 1)) return va;
  constexpr u64 kMask = 0xffffffff00000000ull;
  const u64 head = *link >= kMask ? va & (*link - 1) : *link - 1;
  if (head > va || head < l_.base || (va - head) % l_.bytes) return std::nullopt;
  return head;
}

std::optional<PageStructs::Page> PageStructs::of(u64 pfn) {
  if (pfn >> 40) return std::nullopt;
  const u64 va = l_.base + pfn * l_.bytes;
  const auto head = head_of(va);
  u8 own[kPageSize], first[kPageSize];
  if (!head || !memory_.read(va, own, l_.bytes) || !memory_.read(*head, first, l_.bytes)) return std::nullopt;
  Page page{};
  page.flags = member<u64>(first, l_.flags);
  page.mapping = member<u64>(first, l_.mapping);
  page.inside = (va - *head) / l_.bytes;
  page.index = member<u64>(first, l_.index) + page.inside;
  page.type = member<u32>(first, l_.type);
  // The head of a folio is followed by a tail.
  const auto next = memory_.value<u64>(*head + l_.bytes + l_.head.offset);
  page.folio = *head != va || (next && *next & 1 && head_of(*head + l_.bytes) == *head);
  const u64 second = page.folio ? memory_.word(*head + l_.bytes + l_.flags.offset) : 0;
  if (page.folio) {
    if (l_.destructor.bytes)
      page.hugetlb = memory_.value<u8>(*head + l_.destructor.offset) == std::optional(kHugetlbDestructor);
    else if (l_.hugetlb_bit) page.hugetlb = second >> l_.hugetlb_bit & 1;
    else page.hugetlb = has_type(page.type, l_.hugetlb);
  }
  // page_mapcount(), folio_precise_page_mapcount() (mm/util.c, fs/proc/internal.h).
  const auto count = member<std::int32_t>(own, l_.map_count);
  if (!l_.map_count.bytes || (page.folio && !l_.folio_counts)) {
    page.mapped = -1;
  } else if (page.hugetlb || count >= kLeastCount) {
    page.mapped = std::max(count, -1) + 1;
    const bool anonymous = page.mapping & kMappingAnon;
    if (page.folio && (!l_.double_map_bit || anonymous || page.hugetlb)) {
      const auto entire = memory_.value<std::int32_t>(*head + l_.entire_map_count.offset);
      if (!l_.entire_map_count.bytes || !entire) page.mapped = -1;
      else page.mapped += *entire + 1 - (l_.double_map_bit && second >> l_.double_map_bit & 1);
    }
    if (page.mapped < 0) page.mapped = -1;
  }
  page.any_mapped = page.folio ? is_mapped(*head, page.hugetlb) : page.mapped > 0;
  return page;
}

// folio_mapped() of a folio of more than one frame, which stable_page_flags() asks (mm/util.c, fs/proc/page.c).
bool PageStructs::is_mapped(u64 head, bool hugetlb) {
  auto counts = [&](u64 va, const Member& count) {
    return count.bytes && memory_.value<std::int32_t>(va + count.offset).value_or(-1) >= 0;
  };
  if (l_.large_map_count.bytes) return counts(head, l_.large_map_count);
  if (counts(head, l_.entire_map_count)) return true;
  if (hugetlb || !l_.map_count.bytes) return false;
  for (u64 va = head, i = 0; i < 1 << kLargestOrder && head_of(va) == head; i++, va += l_.bytes)
    if (counts(va, l_.map_count)) return true;
  return false;
}

// A free block is known by its first frame, which says of how many it is (buddy_order(), mm/internal.h).
bool PageStructs::is_free(u64 pfn) {
  for (unsigned order = 0; order <= kLargestOrder; order++) {
    const u64 first = pfn & ~((1ull << order) - 1), va = l_.base + first * l_.bytes;
    const auto type = memory_.value<u32>(va + l_.type.offset);
    if (type && has_type(*type, l_.buddy)) return order == 0 || memory_.word(va + l_.private_word.offset) >= order;
  }
  return false;
}

u64 ImageFrameFacts::flags(u64 pfn) const {
  const auto page = pages_.of(pfn);
  if (!page) return kUnknown;
  u64 shown = 0;
  for (const auto& bit : l_.bits)
    if (page->flags >> bit.own & 1) shown |= 1ull << bit.shown;
  const bool slab = shown & kKpfSlab || pages_.has_type(page->type, l_.slab);
  if (slab) shown |= kKpfSlab;
  if (page->folio) shown |= page->inside ? kKpfTail : kKpfHead;
  if (pfn == l_.zero_pfn) return shown | kKpfZeroPage;
  if (l_.is_huge_zero(pfn)) return shown | kKpfZeroPage | kKpfThp;
  if (!slab && page->mapping & kMappingAnon) {
    shown |= kKpfAnon;
    if ((page->mapping & kMappingKsm) == kMappingKsm) shown |= kKpfKsm;
  }
  if (!slab && page->any_mapped) shown |= kKpfMmap;
  if (page->hugetlb) shown |= kKpfHuge;
  else if (page->folio && shown & (kKpfLru | kKpfAnon)) shown |= kKpfThp;
  if (pages_.is_free(pfn)) shown |= kKpfBuddy;
  if (pages_.has_type(page->type, l_.offline)) shown |= kKpfOffline;
  if (pages_.has_type(page->type, l_.table)) shown |= kKpfPgTable;
  return shown;
}

u64 ImageFrameFacts::count(u64 pfn) const {
  const auto page = pages_.of(pfn);
  return page && page->mapped >= 0 ? static_cast<u64>(page->mapped) : kUnknown;
}

}  // namespace cr3scope
