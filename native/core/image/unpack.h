// SPDX-License-Identifier: GPL-2.0-only
// Decompression of single frames, by libraries that are loaded when one is needed.
#pragma once
#include <memory>

#include "../kpage.h"

namespace cr3scope {

class Unpacker {
 public:
  // A method by its flag in the page descriptors of kdump-compressed images. Throws Error if its library is not here.
  static std::unique_ptr<Unpacker> load(u32 flag);
  virtual ~Unpacker() = default;
  // Fills `frame` from `bytes` bytes; false if they are damaged. Any number of threads may call it at once.
  virtual bool unpack(const u8* packed, size_t bytes, u8* frame) const = 0;
};

}  // namespace cr3scope
