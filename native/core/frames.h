// SPDX-License-Identifier: GPL-2.0-only
// Selected frames: their bytes, and what the kernel uses them for.
#pragma once
#include <vector>

#include "frame_facts.h"
#include "frame_reader.h"

namespace cr3scope {

// One element for each frame, in the order of the request.
struct Frames {
  std::vector<u8> bytes;  // 4096 for each frame; 0 if the status is not ok
  std::vector<FrameStatus> status;
  std::vector<Role> roles;
  std::vector<u64> flags, counts, cgroups;  // as FrameFacts has them
};

// Reads the frames with these numbers. A frame that its flags call poisoned (reading it raises a machine check) or
// offline is not read, whatever the reader would do. Throws Error if the kernel refuses all.
Frames read_frames(FrameReader& reader, const FrameFacts& facts, const std::vector<u64>& pfns);

}  // namespace cr3scope
