// SPDX-License-Identifier: GPL-2.0-only
#include "translation.h"

namespace cr3scope {

namespace {

// Readings of a page that moves each time.
constexpr int kMostReadings = 3;

std::optional<u64> mapped_frame(const Path& path, u64 va) {
  if (!maps_frame(path.leaf.kind)) return std::nullopt;
  return path.pfn(va);
}

}  // namespace

Translation translate(const Machine& machine, int pid, u64 start_ticks, u64 va, const std::atomic<bool>& cancel) {
  const Target& target = machine.target();
  SpaceSources sources(machine, pid, start_ticks);
  Translation t;
  t.root_pa = sources.space().root_pa();
  std::vector<Path> paths;
  if (va < target.paging.user_end()) t.row = read_rows(sources, {va & ~(kPageSize - 1)}, cancel, &paths)[0];
  else paths = sources.walk().translate(t.root_pa, {va});
  t.path = paths[0];
  // The user root is the second frame of the PGD pair (arch/x86/include/asm/pgtable.h, kernel_to_user_pgdp()).
  if (target.pti) t.user_path = sources.walk().translate(t.root_pa | kPageSize, {va})[0];
  if (machine.module) t.kernel = machine.module->walk(pid, start_ticks, va);
  if (machine.module && target.pti) t.user_kernel = machine.module->walk(pid, start_ticks, va, true);
  return t;
}

PageReading read_page(const Machine& machine, int pid, u64 start_ticks, u64 va, const std::atomic<bool>& cancel) {
  TableWalk walk(machine.target(), machine.frames);
  const std::unique_ptr<FrameFacts> facts = machine.system.frame_facts();
  PageReading reading;
  for (int i = 0; i < kMostReadings; i++) {
    reading.translation = translate(machine, pid, start_ticks, va, cancel);
    const std::optional<u64> pfn = mapped_frame(reading.translation.path, va);
    reading.frame.reset();
    if (!pfn) return reading;
    reading.frame = read_frames(machine.frames, *facts, {*pfn});
    reading.settled = mapped_frame(walk.translate(reading.translation.root_pa, {va})[0], va) == pfn;
    if (reading.settled) break;
  }
  return reading;
}

}  // namespace cr3scope
