// SPDX-License-Identifier: GPL-2.0-only
// The seam to physical memory: a frame reader turns physical page addresses into bytes, read-only.
#pragma once
#include <string>
#include <vector>

#include "paging.h"

namespace cr3scope {

enum class FrameStatus : u8 {
  ok,
  notRam,          // outside the "System RAM" of /proc/iomem: a hole, or a device whose registers reads would disturb
  offline,         // KPF_OFFLINE: ballooned away or unplugged in part
  hwpoison,        // KPF_HWPOISON: reading it raises a machine check
  notInDirectMap,  // the kernel itself has it unmapped: memfd_secret, or another hole in the direct map
  failed,          // the read call failed
  unaccepted,      // free memory of an encrypted guest, which it may not have accepted yet: touching it is fatal
};

struct RootRecord {
  int pid = 0;
  u64 start_ticks = 0;  // start time as in /proc/PID/stat, clock ticks since boot
  u64 mm = 0;           // equal for processes that share one address space, 0 where there is none
  u64 root_pa = 0;      // physical address of mm->pgd; 0 where mm is 0
  u64 borrowed_pa = 0;  // root of the active_mm that a kernel thread borrows at this moment, else 0
  bool kernel_thread = false;
  bool on_cpu = false;
  unsigned cpu = 0;
};

// What a CPU is doing. Registers are those of the CPU itself, or 0 where the reader can only tell which task is there.
struct CpuState {
  u32 cpu = 0;
  int pid = 0;  // thread group, 0: the idle task, or one that is hidden from this PID namespace
  u64 cr0 = 0, cr3 = 0, cr4 = 0, efer = 0, pat = 0, root_pa = 0;
  bool borrowed = false, kernel_thread = false;
  std::string name;
};

class FrameReader {
 public:
  virtual ~FrameReader() = default;
  virtual const char* name() const = 0;

  // At most this many frames a read.
  static constexpr size_t kBatch = 512;

  // Copies frames into the reader's own buffer: frame i is at the result + i * 4096, valid until the next read, and
  // holds data only where status[i] is ok. `addresses` are physical and frame-aligned.
  virtual const u8* read(const u64* addresses, size_t count, FrameStatus* status) = 0;

  // Roots of all processes, or of one where `only_pid` is not 0.
  virtual std::vector<RootRecord> roots(int only_pid) = 0;

  // The CPUs that are online.
  virtual std::vector<CpuState> cpus() = 0;
};

}  // namespace cr3scope
