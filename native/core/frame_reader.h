// SPDX-License-Identifier: GPL-2.0-only
// Physical memory: a frame reader turns physical page addresses into bytes, read-only. An instance serves one thread at
// a time.
#pragma once
#include "paging.h"

namespace cr3scope {

class FrameReader {
 public:
  virtual ~FrameReader() = default;
  virtual const char* name() const = 0;

  // At most this many frames per read.
  static constexpr size_t kBatch = 512;

  // Copies `count` frames, at most kBatch, into the reader's own buffer: frame i is at the result + i * 4096, valid
  // until the next read, and holds data only where status[i] is ok. `addresses` are physical and frame-aligned. A frame
  // may change while it is copied, and each is copied at a moment of its own. Throws Error if the kernel refuses
  // all.
  virtual const u8* read(const u64* addresses, size_t count, FrameStatus* status) = 0;
};

}  // namespace cr3scope
