// SPDX-License-Identifier: GPL-2.0-only
// All that can be asked of a session: by the addon in the same process, and by the helper's peer. Typed in
// app/main/sources/session.ts. No call names a path or a program.
#pragma once
#include <optional>

#include "../core/session.h"
#include "../core/trace.h"
#include "arguments.h"
#include "fields.h"

namespace cr3scope {

// Writes the fields of a value. It owns the value.
using Answer = std::function<void(Fields&)>;

// Short work, for any thread.
using CallWork = std::function<Answer()>;

// Long work, on a thread of its own. It hands over batches; `emit` may block. Throws Cancelled.
using Emit = std::function<void(Answer&&)>;
using JobWork = std::function<Answer(const std::atomic<bool>& cancel, const Emit& emit)>;
struct Job {
  JobWork work;
  std::function<void()> ask;  // for one more batch now; null where a job has no use for that
};

// Checks the arguments, and throws BadArgument. The work throws Error.
struct Call {
  const char* name;
  CallWork (*prepare)(const std::shared_ptr<Session>& session, const Arguments& arguments);
};
struct LongCall {
  const char* name;
  Job (*prepare)(const std::shared_ptr<Session>& session, const Arguments& arguments);
};

// Null where there is none of that name.
const Call* find_call(std::string_view name);
const LongCall* find_long_call(std::string_view name);

// Runs `work` and returns what it threw.
std::optional<Error> caught(const std::function<void()>& work);

// Runs a trace on this thread, which hands each of its events to its argument, and emits them from another thread.
void with_events(const Emit& emit, const std::function<void(const std::function<void(TraceEvent&&)>&)>& work);

// Reads the roots of processes for a trace.
RootsOf roots_of(const std::shared_ptr<Session>& session);

}  // namespace cr3scope
