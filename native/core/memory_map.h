// SPDX-License-Identifier: GPL-2.0-only
// A map of physical memory: what its frames are used for and by whom, in cells of equal numbers of frames.
#pragma once
#include <array>
#include <atomic>
#include <vector>

#include "frame_facts.h"
#include "reverse_map.h"

namespace cr3scope {

using RoleCounts = std::array<u64, kRoles>;

struct MemoryMap {
  struct Cell {
    std::array<u32, kRoles> roles{};  // frames
    std::array<u32, 3> sizes{};       // frames that pages of 4K, 2M, 1G map, each mapping for itself
    int owner = 0;                    // the process with the most mappings here, of equals the lowest PID; 0: none
    u32 owner_mappings = 0;
  };
  // What one address space maps here, in frames: each mapping for itself, and its page tables.
  struct Use {
    int pid;
    u64 start_ticks;
    RoleCounts mapped{};
    u64 alone = 0;  // frames that nothing else maps
  };

  u64 begin = 0, end = 0, frames_per_cell = 0;  // frame numbers; the last cell may be shorter
  std::vector<Cell> cells;
  u64 flags = 0;             // bits of the frames' flags that are counted
  std::vector<u32> flagged;  // frames of each cell with each of these bits, lowest bit first
  std::vector<Use> uses;
  RoleCounts total{}, unmapped{};  // frames; `unmapped`: that no address space maps or has as a table
};

constexpr u32 kMostCells = 1 << 16;

// Frames [begin, end) in at most `cells` cells. `flags` are the bits of their flags to count. Throws Cancelled, and
// Error if flags can't be read.
MemoryMap map_memory(const Target& target, const FrameFacts& facts, const ReverseMap& reverse, u64 begin, u64 end,
                     u32 cells, u64 flags, const std::atomic<bool>& cancel);

// One frame.
struct ListedFrame {
  u64 flags;  // kUnknown if they can't be read
  Role role;
  u32 mapped;  // pages that map it
  int owner;   // the process that maps it most often, of equals the lowest PID; 0: none
};

// Frames [begin, end) one by one. Throws Error if flags can't be read.
std::vector<ListedFrame> list_frames(const Target& target, const FrameFacts& facts, const ReverseMap& reverse,
                                     u64 begin, u64 end);

}  // namespace cr3scope
