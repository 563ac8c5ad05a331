// SPDX-License-Identifier: GPL-2.0-only
// All page tables of the user half of one address space, and how well they are filled.
#pragma once
#include <array>
#include <atomic>
#include <vector>

#include "frame_facts.h"
#include "table_walk.h"

namespace cr3scope {

struct TableTree {
  // What the flags of a table's frame say.
  enum class Marked : u8 { no, yes, unknown };
  struct Node {
    u8 level;
    u64 va;  // the first address it covers
    u64 pa;
    u32 used;  // entries that are not 0, of the user half
    Marked marked;
    FrameStatus status;
  };
  u64 root_pa = 0;
  std::vector<Node> nodes;      // by address, the upper level first
  std::array<u64, 3> mapped{};  // bytes mapped by 4K, 2M and 1G pages
  u64 raced = 0;                // PTE tables that changed while they were read: counted, their entries are not
};

// Reads every table below `root_pa`, each at its own moment. Throws Cancelled, and Error if the kernel refuses.
TableTree read_table_tree(const Target& target, FrameReader& frames, const FrameFacts& facts, u64 root_pa,
                          const std::atomic<bool>& cancel);

}  // namespace cr3scope
