// SPDX-License-Identifier: GPL-2.0-only
// Chosen frames: their bytes, and what the kernel says that they are used for.
#pragma once
#include <vector>

#include "frame_reader.h"
#include "kpage.h"

namespace cr3scope {

// One element a frame, in the order in which they were asked for.
struct Frames {
  std::vector<u8> bytes;  // 4096 a frame; 0 where the status is not ok
  std::vector<FrameStatus> status;
  std::vector<Role> roles;
  std::vector<u64> flags, counts, cgroups;  // /proc/kpageflags, kpagecount, kpagecgroup; kUnknown where unreadable
};

// Reads the frames with these numbers. A frame that kpageflags calls poisoned (reading it raises a machine check) or
// offline is left alone, whatever the reader would do. Throws Error where the kernel refuses all.
Frames read_frames(FrameReader& reader, const std::vector<u64>& pfns);

}  // namespace cr3scope
