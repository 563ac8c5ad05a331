// SPDX-License-Identifier: GPL-2.0-only
// Pages over time: a range is read again and again, and what changed is reported with its verdict.
#pragma once
#include <atomic>
#include <functional>
#include <vector>

#include "causes.h"
#include "page_rows.h"

namespace cr3scope {

struct WatchBatch {
  u64 ns = 0;            // CLOCK_MONOTONIC of the sample
  u64 samples = 0;       // taken so far
  bool initial = false;  // the pages as they were found
  std::vector<PageRow> rows;
  std::vector<u64> flags, counts;     // kpageflags and kpagecount of the frame of each row, kUnknown without one
  std::vector<cause_record> records;  // what may explain these rows, oldest first
  u64 lost = 0;                       // records that did not fit since the last batch
  std::string refusal;                // why no cause can be seen; empty where they can
};

// Calls its argument with readers of its own. A watch has them for its samples only: it may last for days.
using WithMachine = std::function<void(const std::function<void(const Machine&)>&)>;

// Records of what the kernel does; without a recorder no cause is seen. The direct map leads to the root's address.
struct WatchCauses {
  CauseRecorder* recorder = nullptr;
  u64 direct_map = 0;
};

constexpr u64 kMostWatched = 1 << 16;  // pages

// Samples the pages of [begin, end) each `interval_ns`, or, where that is 0, once and then each time that `asked`
// counts up, until the process exits or executes another program. A sample
// costs one pagemap read and one read of the tables; only pages whose words differ from the last sample are looked at
// closely. With a recorder, what the kernel does to the pages between two samples goes with them. Batches come with the
// first sample, with each that changed something, and once a second. Throws Cancelled, and Error where the process
// can't be read.
void watch(const Target& target, const WithMachine& with_machine, const WatchCauses& causes, int pid, u64 start_ticks,
           u64 begin, u64 end, u64 interval_ns, const std::atomic<u64>& asked, const std::atomic<bool>& cancel,
           const std::function<void(WatchBatch&&)>& emit);

}  // namespace cr3scope
