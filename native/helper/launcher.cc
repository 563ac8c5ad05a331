// SPDX-License-Identifier: GPL-2.0-only
// cr3scope-launch: becomes a program as soon as it is told so, which gives a helper the time to trace it from its first
// instruction. The program is the user's, and so is this one: it has no privileges.
//
//   cr3scope-launch PROGRAM [ARGUMENT...]
//
// It waits for a byte on descriptor 3. If the program can't be executed, it writes the reason to descriptor 4, as
// MessagePack with the fields of an error (calls/describe.cc).
#include <unistd.h>

#include "../calls/describe.h"
#include "../core/launch.h"
#include "packed.h"

namespace {

constexpr int kGo = 3, kFailure = 4, kNotExecuted = 127;

int refuse(const cr3scope::Error& error) {
  cr3scope::Bytes bytes;
  {
    cr3scope::PackedFields fields(bytes);
    describe(fields, error);
  }
  (void)!write(kFailure, bytes.data(), bytes.size());
  return kNotExecuted;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return kNotExecuted;
  cr3scope::Launch launch;
  launch.arguments.assign(argv + 1, argv + argc);
  for (char** entry = environ; *entry; entry++) launch.environment.push_back(*entry);
  try {
    const cr3scope::PreparedLaunch prepared(launch);
    char byte;
    // Whoever traces may be gone before it says go: then there is nothing to run.
    if (read(kGo, &byte, 1) != 1) return kNotExecuted;
    return refuse(prepared.error_of(prepared.become()));
  } catch (const cr3scope::Error& error) {
    return refuse(error);
  }
}
