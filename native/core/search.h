// SPDX-License-Identifier: GPL-2.0-only
// Bytes in physical memory, or in the frames that an address space maps.
#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <vector>

#include "table_walk.h"

namespace cr3scope {

// Bytes to find; those whose mask is 0 may be anything. At least one mask is 0xff.
struct Pattern {
  std::vector<u8> bytes, mask;
};
constexpr size_t kMostPattern = 256;

struct Hit {
  static constexpr size_t kBefore = 16, kContext = 64;
  u64 address = 0;  // physical, or virtual where an address space was searched
  u64 pa = 0;       // physical address of its first byte
  // Bytes from kBefore before the hit on; `known` says which could be read along with it.
  std::array<u8, kContext> context{};
  u8 known_from = 0, known_to = 0;  // context[known_from .. known_to)
};

struct SearchBatch {
  u64 done = 0, total = 0;  // bytes
  bool waiting = false;     // for its turn: nothing was searched yet
  std::vector<Hit> hits;
};

struct SearchResult {
  u64 bytes = 0;       // searched
  u64 unreadable = 0;  // bytes of frames that could not be read
  u64 hits = 0;
  bool limited = false;  // ended at the limit of hits
  bool gone = false;     // the process exited or executed another program meanwhile: later hits may be others' bytes
};

// A search runs on a thread for each of these, at least one.
using Readers = std::vector<FrameReader*>;

// Finds where `pattern` begins in System RAM within [begin, end), physical addresses, also across frames. Ends after
// `limit` hits.
SearchResult search_physical(const Target& target, const Readers& readers, const Pattern& pattern, u64 begin, u64 end,
                             u64 limit, const std::atomic<bool>& cancel,
                             const std::function<void(SearchBatch&&)>& emit);

// The same backwards: the last hit, as the only one. Earlier hits are not kept, however many there are.
SearchResult find_last(const Target& target, const Readers& readers, const Pattern& pattern, u64 begin, u64 end,
                       const std::atomic<bool>& cancel, const std::function<void(SearchBatch&&)>& emit);

// Finds it in the pages that this root maps within [begin, end) of the user half, across pages that follow each other
// virtually. What is not in memory is not searched. `walker` reads the tables.
SearchResult search_space(const Target& target, const Readers& readers, FrameReader& walker, u64 root_pa,
                          const Pattern& pattern, u64 begin, u64 end, u64 limit, const std::atomic<bool>& cancel,
                          const std::function<void(SearchBatch&&)>& emit);

}  // namespace cr3scope
