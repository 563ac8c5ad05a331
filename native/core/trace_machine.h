// SPDX-License-Identifier: GPL-2.0-only
// CR3 through the lives of all processes of the machine, by the scheduler's tracepoints (bpf/lives.bpf.c): nobody is
// stopped, and nothing is launched.
#pragma once
#include "target.h"
#include "trace.h"

namespace cr3scope {

using TraceEvents = std::vector<TraceEvent>;

// Tells each exec, fork and exit until it is cancelled (throws Cancelled). The root before is the one that this process
// had by the list of roots or by its last event; 0 where neither gave one. `direct_map` is that of another reader, or
// 0. Throws Error with the reason and the remedy where bpf can't be used here.
void trace_machine(const Target& target, u64 direct_map, const std::atomic<bool>& cancel,
                   const std::function<void(TraceEvents&&)>& emit);

}  // namespace cr3scope
