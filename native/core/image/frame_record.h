// SPDX-License-Identifier: GPL-2.0-only
// The frame record source: what the kernel of an image keeps about each frame in its struct page, and whether a page
// table may map the frame where it does. From an anonymous page's anon_vma and index, or a file page's mapping and
// index, and from the region, the address follows at which it must be (Documentation/mm/page_tables, mm/rmap.c).
#pragma once
#include <memory>
#include <unordered_set>

#include "../address_space.h"
#include "../page_source.h"
#include "../table_walk.h"
#include "../words.h"
#include "linux.h"

namespace cr3scope {

// The struct page of frames. One instance serves one thread at a time.
class PageStructs {
 public:
  // Throws Error if the image does not say where they are.
  explicit PageStructs(const Linux& linux);

  struct Page {
    u64 mapping;  // address_space or anon_vma, with flags in the two lowest bits
    u64 index;    // in its file or region, pages; of hugetlb also in huge pages
  };
  // None where it is not in the image.
  std::optional<Page> of(u64 pfn);

 private:
  KernelMemory memory_;
  u64 base_ = 0;  // of the array of them
  u32 bytes_ = 0;
  Member mapping_, index_, head_;
};

class FrameRecord final : public PageSource {
 public:
  // Of the address space `mm`, as RootRecord has it. Throws Error as PageStructs and Linux::vmas().
  FrameRecord(const Linux& linux, FrameReader& frames, u64 mm, u64 root_pa);

  Source id() const override { return Source::frameRecord; }
  Plain plain() const override {
    return {.page = RecordWord::kHere,
            .page_bits = RecordWord::kHere | RecordWord::kPfn,
            .none = RecordWord::make(RecordWord::nothing),
            .none_bits = ~0ull};
  }

  // Words are RecordWord.
  bool read(u64 va, size_t pages, u64* words) override;
  // No frame is asked about where no table is.
  bool find(u64, u64, std::vector<PageRange>&, const std::atomic<bool>&) override { return true; }

 private:
  struct Place {
    Vma vma;
    u64 mapping = 0;  // of its file
    bool has_ops = false;
    std::unordered_set<u64> anon_vmas;
  };
  const Place* place_of(u64 va) const;
  RecordWord::Kind kind_of(u64 va, const Path& path, const Place& place);

  const Linux& linux_;
  PageStructs pages_;
  TableWalk walk_;
  u64 root_pa_, huge_zero_pfn_ = 0;
  std::vector<Place> places_;  // by address
};

}  // namespace cr3scope
