// SPDX-License-Identifier: GPL-2.0-only
// The roots of all processes of the machine over time, from the scheduler's tracepoints (bpf/process_events.bpf.c). No
// process is stopped or launched.
#pragma once
#include "target.h"
#include "trace.h"

namespace cr3scope {

using TraceEvents = std::vector<TraceEvent>;

// Reports each exec, fork and exit until it is cancelled (throws Cancelled). The root before is the one that this
// process had in the list of roots or at its last event; 0 if neither is known. `direct_map` is that of another reader,
// or 0. Throws Error with the reason and the remedy if bpf can't be used here.
void trace_machine(const Target& target, u64 direct_map, const std::atomic<bool>& cancel,
                   const std::function<void(TraceEvents&&)>& emit);

}  // namespace cr3scope
