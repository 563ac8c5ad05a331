// SPDX-License-Identifier: GPL-2.0-only
// What the kernel of an image keeps about each frame: struct page, and struct folio over it (include/linux/mm_types.h).
#pragma once
#include <memory>
#include <vector>

#include "../frame_facts.h"
#include "linux.h"

namespace cr3scope {

// Where the members are, and how this kernel numbers flags and types. A member of 0 bytes does not exist.
struct PageLayout {
  // Throws Error if the image does not say where they are.
  explicit PageLayout(const Linux& linux);

  u64 base = 0;   // of the array
  u32 bytes = 0;  // of each
  Member flags, mapping, index, head, type, refcount, private_word;
  Member map_count;         // of the frame by itself; shares its place with the type
  Member entire_map_count;  // of a folio as a whole; from its head on
  Member large_map_count;   // of all frames of a folio together, since 6.9; from its head on
  Member destructor;        // of a folio, before 6.2; from its head on
  u8 hugetlb_bit = 0;       // in the flags of the second frame, 6.6 to 6.8; 0: none
  u8 double_map_bit = 0;    // likewise, before 6.2: frames are counted by themselves and as a whole
  struct Bit {
    u8 shown, own;  // KPF_… and PG_…
  };
  std::vector<Bit> bits;
  bool types_are_numbers = false;  // since 6.12 in the highest byte; before, cleared bits
  u32 type_base = 0;
  u32 buddy = 0, offline = 0, table = 0, hugetlb = 0, slab = 0;  // 0: the kernel does not have it
  u64 zero_pfn = 0, huge_zero_pfn = kNone;                       // of the shared pages of zeros

  static constexpr u64 kNone = ~0ull;
  bool is_huge_zero(u64 pfn) const {
    constexpr u64 kHugePages = 1 << 9;  // 4 KiB pages of 2 MiB
    return huge_zero_pfn != kNone && pfn >= huge_zero_pfn && pfn - huge_zero_pfn < kHugePages;
  }
  // Whether the map counts of frames in folios are exact: CONFIG_NO_PAGE_MAPCOUNT, since 6.15, leaves them out.
  bool folio_counts = true;
};

// The struct page of frames. One instance serves one thread at a time.
class PageStructs {
 public:
  PageStructs(const Linux& linux, const PageLayout& layout) : memory_(linux.memory()), l_(layout) {}

  struct Page {
    u64 flags;    // of its folio
    u64 mapping;  // of its folio: address_space or anon_vma, with flags in the two lowest bits
    u64 index;    // of the frame, in its file or region, pages; of hugetlb also in huge pages
    u64 inside;   // frames from the head of its folio
    u32 type;     // of its folio: what it is where it is not mapped; else a count
    bool folio;   // of more than one frame
    bool hugetlb;
    std::int64_t mapped;  // how often page tables map the frame; -1 where the kernel does not keep that
    bool any_mapped;      // whether they map a frame of its folio
  };
  // None where it is not in the image.
  std::optional<Page> of(u64 pfn);
  void forget() { memory_.forget(); }
  bool has_type(u32 value, u32 type) const;
  bool is_free(u64 pfn);

 private:
  std::optional<u64> head_of(u64 va);
  bool is_mapped(u64 head, bool hugetlb);

  KernelMemory memory_;
  const PageLayout& l_;
};

// Flags and counts in the words of /proc/kpageflags and kpagecount. The frames of a folio have the flags of its head,
// as Linux shows them since 6.9.
class ImageFrameFacts final : public FrameFacts {
 public:
  ImageFrameFacts(const Linux& linux, const PageLayout& layout) : l_(layout), pages_(linux, layout) {}

  u64 flags(u64 pfn) const override;
  u64 count(u64 pfn) const override;
  u64 cgroup(u64) const override { return kUnknown; }
  void flags(u64 first, size_t count, u64* words) const override {
    for (size_t i = 0; i < count; i++) words[i] = flags(first + i);
  }
  Error refusal() const override {
    return Error("read struct page in this image", ENODATA, "The image does not hold it.");
  }

 private:
  const PageLayout& l_;
  mutable PageStructs pages_;
};

}  // namespace cr3scope
