// SPDX-License-Identifier: GPL-2.0-only
// The byte proof: compares the bytes of the frames that the table walk names with those that the process itself would
// read at the address, through /proc/PID/mem.
#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <vector>

#include "table_walk.h"

namespace cr3scope {

struct ByteProof {
  struct Difference {
    u64 va, pfn;
    u32 offset;                        // of the first byte that differs
    std::array<u8, 16> frame, memory;  // from there on; 0 after the end of the page
  };
  static constexpr size_t kMostDifferences = 1000;

  u64 pages = 0;  // compared; the counts below add up to it
  u64 same = 0;
  u64 changing = 0;                     // the frame changed between two readings around that of the address
  u64 moved = 0;                        // the address now maps another frame, or none
  u64 no_frame = 0;                     // the frame could not be read
  u64 no_memory = 0;                    // /proc/PID/mem refused (a device, memfd_secret)
  u64 differ = 0;                       // stable on both sides over re-reads: a bug somewhere
  std::vector<Difference> differences;  // the first ones
  u64 ns = 0;
};

// Compares the pages that are mapped within [begin, end) of the user half. Only pages that are mapped are read, since
// reading through /proc/PID/mem brings others in; it does set their accessed bits. Throws Cancelled, and Error where
// /proc/PID/mem can't be opened. `progress` is called with the number of pages compared so far and of all pages.
ByteProof prove_bytes(const Target& target, FrameReader& frames, int pid, u64 root_pa, u64 begin, u64 end,
                      const std::atomic<bool>& cancel, const std::function<void(u64, u64)>& progress);

}  // namespace cr3scope
