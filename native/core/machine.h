// SPDX-License-Identifier: GPL-2.0-only
// The target as one thread may read it: its facts, and readers that no other thread uses meanwhile.
#pragma once
#include "cpus.h"
#include "frame_reader.h"
#include "kernel_module.h"
#include "roots.h"
#include "target.h"

namespace cr3scope {

struct Machine {
  const Target& target;
  FrameReader& frames;
  Roots& roots;
  Cpus& cpus;
  KernelModule* module;  // for the kernel walk; null where it is not loaded
};

}  // namespace cr3scope
