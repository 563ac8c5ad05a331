// SPDX-License-Identifier: GPL-2.0-only
#include "../error.h"
#include "linux.h"

namespace cr3scope {

// Members that were renamed have both names, the newer one first.
Layout::Layout(const Types& t) {
  auto needed = [&](Member& to, auto... paths) {
    auto found = t.member(paths...);
    if (!found) {
      const char* names[] = {paths...};
      throw Error(std::string("find ") + names[0] + " in the image's BTF", ENODATA,
                  "Give the physical address of a root page table with --root.");
    }
    to = *found;
  };
  auto optional = [&](Member& to, auto... paths) { to = t.member(paths...).value_or(Member{}); };

  needed(task_tasks, "task_struct.tasks");
  needed(task_pid, "task_struct.pid");
  needed(task_tgid, "task_struct.tgid");
  needed(task_comm, "task_struct.comm");
  needed(task_mm, "task_struct.mm");
  needed(task_active_mm, "task_struct.active_mm");
  needed(task_start, "task_struct.start_boottime", "task_struct.real_start_time");
  needed(task_parent, "task_struct.real_parent");
  needed(task_group_leader, "task_struct.group_leader");
  needed(task_signal, "task_struct.signal");
  needed(task_thread_node, "task_struct.thread_node");
  needed(task_flags, "task_struct.flags");
  needed(task_state, "task_struct.__state", "task_struct.state");
  needed(task_exit_state, "task_struct.exit_state");
  needed(task_cred, "task_struct.real_cred");
  optional(task_on_cpu, "task_struct.on_cpu");
  optional(task_cpu, "task_struct.thread_info.cpu", "task_struct.cpu");
  needed(signal_thread_head, "signal_struct.thread_head");
  needed(signal_nr_threads, "signal_struct.nr_threads");
  needed(cred_uid, "cred.uid");
  // The whole name of a kernel thread, which /proc shows since 5.17 (d6986ce24fc0).
  optional(task_worker, "task_struct.worker_private");
  optional(kthread_name, "kthread.full_name");

  needed(mm_pgd, "mm_struct.pgd");
  optional(mm_maple, "mm_struct.mm_mt");
  optional(mm_mmap, "mm_struct.mmap");
  optional(mm_pgtables, "mm_struct.pgtables_bytes");
  // Counters for each CPU since 6.2 (f1a7941243c1), of which the shared part is what /proc shows.
  if (auto counters = t.member("mm_struct.rss_stat")) {
    mm_rss = *counters;
    if (auto count = t.member("percpu_counter.count"); count && counters->bytes == 4 * t.size_of("percpu_counter")) {
      mm_rss.offset += count->offset;
      mm_rss_stride = t.size_of("percpu_counter");
    } else {
      mm_rss_stride = 8;
    }
  }
  optional(mm_start_brk, "mm_struct.start_brk");
  optional(mm_brk, "mm_struct.brk");
  optional(mm_start_stack, "mm_struct.start_stack");

  if (mm_maple.bytes) {
    needed(maple_root, "maple_tree.ma_root");
    needed(range_pivot, "maple_range_64.pivot");
    needed(range_slot, "maple_range_64.slot");
    needed(range_meta, "maple_range_64.meta");
    needed(arange_pivot, "maple_arange_64.pivot");
    needed(arange_slot, "maple_arange_64.slot");
    needed(arange_meta, "maple_arange_64.meta");
    maple_leaf = t.enumerator("maple_type", "maple_leaf_64").value_or(1);
    maple_range = t.enumerator("maple_type", "maple_range_64").value_or(2);
    maple_arange = t.enumerator("maple_type", "maple_arange_64").value_or(3);
  } else {
    needed(mm_mmap, "mm_struct.mmap");
    needed(vma_next, "vm_area_struct.vm_next");
  }
  needed(vma_start, "vm_area_struct.vm_start");
  needed(vma_end, "vm_area_struct.vm_end");
  needed(vma_flags, "vm_area_struct.vm_flags");
  needed(vma_file, "vm_area_struct.vm_file");
  needed(vma_offset, "vm_area_struct.vm_pgoff");
  optional(vma_anon_low, "vm_area_struct.__vm_anon_pgoff_lo");
  optional(vma_anon_high, "vm_area_struct.__vm_anon_pgoff_hi");
  needed(vma_private, "vm_area_struct.vm_private_data");
  needed(vma_ops, "vm_area_struct.vm_ops");
  optional(vma_anon_name, "vm_area_struct.anon_name");
  optional(vma_anon_vmas, "vm_area_struct.anon_vma_chain");

  needed(file_path, "file.f_path");
  needed(file_inode, "file.f_inode");
  needed(file_mode, "file.f_mode");
  needed(file_mapping, "file.f_mapping");
  optional(backing_path, "backing_file.user_path");
  needed(path_mnt, "path.mnt");
  needed(path_dentry, "path.dentry");
  needed(dentry_name, "dentry.d_name");
  needed(dentry_parent, "dentry.d_parent");
  needed(dentry_hash, "dentry.d_hash");
  needed(dentry_inode, "dentry.d_inode");
  needed(qstr_name, "qstr.name");
  optional(anon_name_text, "anon_vma_name.name");
  needed(mount_mnt, "mount.mnt");
  needed(mount_parent, "mount.mnt_parent");
  needed(mount_mountpoint, "mount.mnt_mountpoint");
  needed(vfsmount_root, "vfsmount.mnt_root");
  needed(inode_number, "inode.i_ino");
  needed(inode_super, "inode.i_sb");
  needed(super_device, "super_block.s_dev");
  needed(super_magic, "super_block.s_magic");
}

}  // namespace cr3scope
