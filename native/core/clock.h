// SPDX-License-Identifier: GPL-2.0-only
// Time as the core measures it.
#pragma once
#include <time.h>

#include "paging.h"

namespace cr3scope {

// Long work reports to its caller about this often.
constexpr u64 kEmitNs = 50'000'000;

// CLOCK_MONOTONIC in nanoseconds; every *_ns of the core is of this clock.
inline u64 monotonic_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<u64>(t.tv_sec) * 1'000'000'000 + static_cast<u64>(t.tv_nsec);
}

// Sleeps for less than a second; a signal may end it early.
inline void pause_ns(u64 ns) {
  timespec t{0, static_cast<long>(ns)};
  nanosleep(&t, nullptr);
}

}  // namespace cr3scope
