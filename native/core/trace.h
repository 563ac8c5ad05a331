// SPDX-License-Identifier: GPL-2.0-only
// Follows a tree of processes with ptrace, and reports each exec, fork, clone and exit with the roots before and after.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "roots.h"

namespace cr3scope {

enum class TraceKind : u8 {
  start,   // launched, before its exec: still a copy of cr3scope, whose root is `before`
  attach,  // found running
  exec,
  fork,
  vfork,   // shares the address space until the child execs or exits
  clone,   // a process with clone(): `after` says whether it shares
  thread,  // one more thread of `pid`; it has no root of its own
  exit,
  detach,  // let go, running on
  lost,    // `code` events were lost because they came faster than they were read
};

struct TraceEvent {
  u64 ns = 0;  // CLOCK_MONOTONIC
  TraceKind kind = TraceKind::start;
  int pid = 0, child = 0;     // thread groups; of a thread, `child` is its own number
  u64 before = 0, after = 0;  // roots: of `pid` before and after exec; of `pid` and of its child otherwise
  int code = 0;               // of an exit: exit code, or the signal that killed, negative
  std::string name;           // what it runs, as far as known
};

// The root of a process, as Roots::roots() gives it.
using RootsOf = std::function<std::vector<RootRecord>(int pid)>;

// Follows `pid` with all its threads and, where `follow`, descendants. Ends when the last of them is gone, or, where
// not `follow`, at the end of the first exec: everything else runs on. Also when cancelled or when cr3scope dies, every
// process is detached and runs on. Must run on one thread from beginning to end. A process is stopped while its event
// is emitted, so `emit` must not wait. Throws Cancelled, and Error where the process can't be traced.
void trace(const RootsOf& roots_of, int pid, bool follow, const std::atomic<bool>& cancel,
           const std::function<void(TraceEvent&&)>& emit);

// The same for a process that waits to execute the program `name`, and does so after its start was emitted.
void trace_launched(const RootsOf& roots_of, int pid, const std::string& name, bool follow,
                    const std::atomic<bool>& cancel, const std::function<void(TraceEvent&&)>& emit);

}  // namespace cr3scope
