// SPDX-License-Identifier: GPL-2.0-only
// Linux in a memory image, found from its memory alone: no debug information, no profile. What it finds is confirmed by
// something else before it is used, and findings() says by what.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "../facts.h"
#include "../processes.h"
#include "../regions.h"
#include "../roots.h"
#include "../types.h"
#include "symbols.h"

namespace cr3scope {

// Where the kernel keeps what is read. A member of 0 bytes does not exist in this kernel.
struct Layout {
  Member task_tasks, task_pid, task_tgid, task_comm, task_mm, task_active_mm, task_start, task_parent,
      task_group_leader, task_signal, task_thread_node, task_flags, task_state, task_exit_state, task_on_cpu, task_cpu,
      task_cred;
  Member signal_thread_head, signal_nr_threads, cred_uid, task_worker, kthread_name;
  Member mm_pgd, mm_maple, mm_mmap, mm_pgtables, mm_rss, mm_start_brk, mm_brk, mm_start_stack;
  u32 mm_rss_stride = 0;  // from one counter of resident pages to the next
  Member maple_root, range_pivot, range_slot, range_meta, arange_pivot, arange_slot, arange_meta;
  u64 maple_leaf = 0, maple_range = 0, maple_arange = 0;  // enum maple_type
  Member vma_start, vma_end, vma_flags, vma_file, vma_offset, vma_anon_low, vma_anon_high, vma_next, vma_private,
      vma_ops, vma_anon_name, vma_anon_vmas;
  Member file_path, file_inode, file_mode, file_mapping, backing_path, path_mnt, path_dentry, dentry_name,
      dentry_parent, dentry_hash, dentry_inode, qstr_name, anon_name_text;
  Member mount_mnt, mount_parent, mount_mountpoint, vfsmount_root, inode_number, inode_super, super_device, super_magic;

  // Throws Error if the kernel lacks something without which processes can't be read.
  explicit Layout(const Types& types);
};

// A region and what the kernel keeps about it.
struct Vma {
  u64 va;  // of the vm_area_struct
  u64 begin, end, flags, page_offset, file;
  u64 anon_offset;  // of anonymous pages in it: that of the file before 7.3
};

// The mm flags of a region (include/linux/mm.h).
constexpr u64 kVmRead = 1, kVmWrite = 2, kVmExec = 4, kVmShared = 8, kVmMayShare = 0x80, kVmPfnMap = 0x400,
              kVmHugetlb = 0x400000, kVmMixedMap = 0x10000000;

class Linux {
 public:
  // Throws Error that says what was not found.
  Linux(const Image& image, Places& places);

  const std::vector<std::string>& findings() const { return findings_; }
  const Target& target() const { return target_; }
  const Facts& facts() const { return facts_; }
  u64 direct_map() const { return direct_map_; }

  struct Process {
    ProcessRow row;
    RootRecord root;
  };
  struct Tasks {
    std::vector<Process> processes;  // by PID
    std::vector<CpuState> cpus;

    // Null if there is none.
    const Process* process(int pid) const;
  };
  // As the image has them now. Throws Error if the kernel's own records are broken, or not in the image.
  Tasks tasks() const;

  // Of an address space, `mm` as RootRecord has it, sorted by address. Throws Error if the kernel's own records are
  // broken, or not in the image.
  std::vector<Vma> vmas(u64 mm) const;
  std::vector<Region> regions(u64 mm) const;

  KernelMemory memory() const { return KernelMemory(image_, target_.paging, root_pa_); }
  const Layout& layout() const { return *layout_; }
  const Types& types() const { return *types_; }
  const Symbols& symbols() const { return symbols_; }

 private:
  void find_root();
  void find_types(Places& places);
  void find_init_task(Places& places);
  void read_target();
  std::string path_of(KernelMemory& memory, u64 path) const;

  const Image& image_;
  VmcoreInfo info_;
  bool short_worker_names_ = true;  // in /proc
  u64 phys_base_ = 0, root_pa_ = 0, init_task_ = 0, direct_map_ = 0;
  Symbols symbols_;
  std::optional<Types> types_;
  std::optional<Layout> layout_;
  Target target_;
  Facts facts_;
  std::vector<std::string> findings_;
};

}  // namespace cr3scope
