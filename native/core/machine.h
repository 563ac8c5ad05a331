// SPDX-License-Identifier: GPL-2.0-only
// The target as one thread may read it: its system, and readers that no other thread uses meanwhile.
#pragma once
#include "system.h"

namespace cr3scope {

struct Machine {
  System& system;
  FrameReader& frames;
  Roots& roots;
  Cpus& cpus;
  KernelModule* module;  // for the kernel walk; null where it is not loaded

  const Target& target() const { return system.target(); }
};

}  // namespace cr3scope
