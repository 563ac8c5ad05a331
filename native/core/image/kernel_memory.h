// SPDX-License-Identifier: GPL-2.0-only
// Reads memory of an image by the addresses of its kernel. One instance serves one thread at a time.
#pragma once
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "image.h"

namespace cr3scope {

inline bool is_kernel_address(u64 va) { return va >> 63; }

class KernelMemory {
 public:
  // `root_pa` maps the kernel half.
  KernelMemory(const Image& image, const Paging& paging, u64 root_pa)
      : image_(image), paging_(paging), root_pa_(root_pa), slots_(kSlots) {}

  // Reads all anew from here on: of memory that changes.
  void forget() {
    for (Slot& slot : slots_) slot.pa = ~0ull;
  }

  // The physical address of a kernel address; none where the tables map nothing there, or are not in the image.
  std::optional<u64> physical(u64 va);

  // Each is false or none where one of the bytes is not in the image.
  bool read(u64 va, void* to, size_t bytes);
  bool read_physical(u64 pa, void* to, size_t bytes);
  template <class T>
  std::optional<T> value(u64 va) {
    T value;
    if (!read(va, &value, sizeof value)) return std::nullopt;
    return value;
  }
  u64 word(u64 va) { return value<u64>(va).value_or(0); }
  // Up to a NUL, at most `most` bytes; what can't be read ends it.
  std::string text(u64 va, size_t most);

 private:
  // Frames that were read last, by the low bits of their numbers.
  static constexpr size_t kSlots = 256;
  struct Slot {
    u64 pa = ~0ull;
    std::vector<u8> bytes;
  };
  const u8* frame(u64 pa);

  const Image& image_;
  const Paging paging_;
  const u64 root_pa_;
  std::vector<Slot> slots_;
};

}  // namespace cr3scope
