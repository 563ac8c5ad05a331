// SPDX-License-Identifier: GPL-2.0-only
// How often the page tables of an image's processes map each frame, to compare with the count in the frame's record.
#pragma once
#include <atomic>
#include <vector>

#include "../table_walk.h"
#include "page_structs.h"

namespace cr3scope {

class MapCounts {
 public:
  // Walks the tables of all processes.
  MapCounts(const Linux& linux, const Linux::Tasks& tasks, FrameReader& frames, const std::vector<RamRange>& held);

  // Whether all tables could be read. If not, the counts say nothing.
  bool complete() const { return complete_; }
  // How many entries map the 4 KiB frame.
  u64 of(u64 pfn) const;

 private:
  std::vector<u64> mappings_;  // first frame and level of each, sorted
  bool complete_ = true;
};

// A frame that is mapped less often than its record says.
struct MissingMapping {
  u64 pfn, mapping, index;  // as PageStructs::Page
};

// All of them, at most kMostMissing. Reads struct page of every frame. Throws Cancelled.
constexpr size_t kMostMissing = 1 << 20;
std::vector<MissingMapping> missing_mappings(const Linux& linux, const PageLayout& layout, const MapCounts& counts,
                                             const std::vector<RamRange>& held, const std::atomic<bool>& cancel);

}  // namespace cr3scope
