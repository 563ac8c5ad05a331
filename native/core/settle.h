// SPDX-License-Identifier: GPL-2.0-only
// Re-reads: pages whose words differed, or may be out of date, are read again until the readings are
// equal and undisturbed, or keep differing.
#pragma once
#include <atomic>
#include <vector>

#include "space_sources.h"

namespace cr3scope {

constexpr size_t kNoRegion = ~size_t{0};

struct Doubt {
  u64 va;
  size_t region;    // index of the region that covers it, kNoRegion: none does
  Words words;      // as they were read
  u64 ns;           // when
  Judgement first;  // what a table that may be stale said, where the words did not differ; else mismatch
};

struct Settled {
  Verdict verdict;
  Note note;
  u32 rounds;  // re-reads
  u64 ns;      // of the last one
  Words words;
  Path path;
};

// The judgement of the words of one page by the walk that they belong to, and by what its region explains.
Judgement judge_page(SpaceSources& sources, u64 va, const Words& words, const Path& path);

// One result for each doubt. Every round reads the other sources between two table walks. A page agrees as
// soon as one undisturbed reading does: both walks read the same entry, but for A and D. It is a mismatch only after
// four equal, undisturbed readings in a row; what changes until the last round is `stillChanging`. `gone` is set, and
// the rest is not comparable, where the address space went away; where it is set already no reading counts. Throws
// Cancelled, and Error where a source refuses.
std::vector<Settled> settle(SpaceSources& sources, const std::vector<Doubt>& doubts, const std::atomic<bool>& cancel,
                            bool& gone);

}  // namespace cr3scope
