// SPDX-License-Identifier: GPL-2.0-only
// Selected pages with everything that the sources say of them.
#pragma once
#include <atomic>
#include <vector>

#include "space_sources.h"

namespace cr3scope {

struct PageRow {
  u64 va;
  Words words;
  u64 pfn;          // where the leaf maps a frame
  u8 level, shift;  // of the last entry read; page size of a leaf
  EntryKind kind;
  FrameStatus status;
  Verdict verdict;
  Note note;
};

// The pages at these addresses, sorted best, each with its verdict and, where asked for, the walk that the verdict is
// about. Doubts are settled. Throws Cancelled, and Error where the address space is gone or a source refuses.
std::vector<PageRow> read_rows(SpaceSources& sources, const std::vector<u64>& vas, const std::atomic<bool>& cancel,
                               std::vector<Path>* paths = nullptr);

// The pages at these addresses by pagemap alone, if no frame reader works. Throws Error as Pagemap does.
std::vector<PageRow> pagemap_rows(int pid, const std::vector<u64>& vas);

}  // namespace cr3scope
