// SPDX-License-Identifier: GPL-2.0-only
// The frame record source: what the kernel of an image keeps about each frame in its struct page, and whether a page
// table may map the frame where it does. From an anonymous page's anon_vma and index, or a file page's mapping and
// index, and from the region, the address follows at which it must be (Documentation/mm/page_tables, mm/rmap.c). How
// often it is mapped must fit, too.
#pragma once
#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "../address_space.h"
#include "../page_source.h"
#include "../table_walk.h"
#include "../words.h"
#include "map_counts.h"

namespace cr3scope {

// What all address spaces of an image share.
struct FrameRecords {
  const Linux& linux;
  const PageLayout& layout;
  bool live;                                // it changes while it is read
  std::shared_ptr<const MapCounts> counts;  // null if they can't be compared
  // Made when it is first asked for. Throws Cancelled.
  std::function<std::shared_ptr<const std::vector<MissingMapping>>(const std::atomic<bool>& cancel)> missing;
};

class FrameRecord final : public PageSource {
 public:
  // Of the address space `mm`, as RootRecord has it. Throws Error as Linux::vmas().
  FrameRecord(FrameRecords records, FrameReader& frames, u64 mm, u64 root_pa);

  Source id() const override { return Source::frameRecord; }
  Plain plain() const override {
    return {.page = RecordWord::kHere,
            .page_bits = RecordWord::kHere | RecordWord::kPfn,
            .none = RecordWord::make(RecordWord::nothing),
            .none_bits = ~0ull};
  }

  void prepare(const std::atomic<bool>& cancel) override;
  // Words are RecordWord.
  bool read(u64 va, size_t pages, u64* words) override;
  // No frame is asked about where no table is, but for those that are missing there.
  bool find(u64 begin, u64 end, std::vector<PageRange>& found, const std::atomic<bool>&) override;

 private:
  struct Place {
    Vma vma;
    u64 mapping = 0;  // of its file
    bool has_ops = false;
    std::unordered_set<u64> anon_vmas;

    // Whether a frame with this mapping, as struct page has it, may be in the region.
    bool holds(u64 mapping) const;
  };
  void read_places();
  const Place* place_of(u64 va) const;
  u64 word_of(u64 va, const Path& path, const Place& place);

  FrameRecords records_;
  PageStructs pages_;
  TableWalk walk_;
  u64 mm_, root_pa_;
  std::vector<Place> places_;             // by address
  std::unordered_map<u64, u64> missing_;  // by address the frame that is not mapped there
};

}  // namespace cr3scope
