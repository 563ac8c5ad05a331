// SPDX-License-Identifier: GPL-2.0-only
// Settings of this process's malloc.
#pragma once
#include <malloc.h>

namespace cr3scope {

// Memory of large buffers goes back to the kernel when they are freed. By default glibc raises its limit for that with
// each large buffer that is freed, up to 32 MiB, after which each thread's arena keeps as much as its largest job took.
inline void return_large_buffers() {
  constexpr int kLarge = 4 << 20;
  mallopt(M_MMAP_THRESHOLD, kLarge);
  mallopt(M_TRIM_THRESHOLD, 2 * kLarge);  // the ratio of glibc's own
}

}  // namespace cr3scope
