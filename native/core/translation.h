// SPDX-License-Identifier: GPL-2.0-only
// The translation of one virtual address by every source, with all levels.
#pragma once
#include <atomic>
#include <optional>

#include "frames.h"
#include "kernel_module.h"
#include "page_rows.h"

namespace cr3scope {

struct Translation {
  u64 root_pa = 0;
  Path path;                         // where `row` is set, the walk that its verdict is about
  std::optional<Path> user_path;     // from the user root, under PTI
  std::optional<KernelPath> kernel;  // by the module, where it is loaded
  std::optional<KernelPath> user_kernel;
  std::optional<PageRow> row;  // of the 4 KiB page; user half only, as pagemap knows no other
};

// Any address, canonical or not, in the address space of a process; `start_ticks` 0 takes whatever process has the PID
// now. Throws Cancelled, and Error where there is no such address space or a source refuses.
Translation translate(const Machine& machine, int pid, u64 start_ticks, u64 va, const std::atomic<bool>& cancel);

// A translation, and the frame that it led to.
struct PageReading {
  Translation translation;
  std::optional<Frames> frame;  // the one frame, if the address maps any
  bool settled = true;          // whether the address still mapped that frame after the frame was read
};

// Both are read again, a few times, while the address comes to map another frame between them. Throws as translate().
PageReading read_page(const Machine& machine, int pid, u64 start_ticks, u64 va, const std::atomic<bool>& cancel);

}  // namespace cr3scope
