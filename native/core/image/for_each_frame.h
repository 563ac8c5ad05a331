// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <algorithm>
#include <vector>

#include "../frame_reader.h"
#include "image.h"

namespace cr3scope {

// Hands `take(pa, bytes)` each frame that is in the image, until it returns true.
template <class Take>
void for_each_frame(const Image& image, Take take) {
  constexpr size_t kBatch = FrameReader::kBatch;
  std::vector<u8> bytes(kBatch * kPageSize);
  u64 addresses[kBatch];
  FrameStatus status[kBatch];
  for (const RamRange& range : image.held())
    for (u64 pa = range.begin; pa < range.end;) {
      const size_t count = std::min<u64>(kBatch, (range.end - pa) >> kPageShift);
      for (size_t i = 0; i < count; i++) addresses[i] = pa + i * kPageSize;
      image.read(addresses, count, bytes.data(), status);
      for (size_t i = 0; i < count; i++)
        if (status[i] == FrameStatus::ok && take(addresses[i], &bytes[i * kPageSize])) return;
      pa += count * kPageSize;
    }
}

}  // namespace cr3scope
