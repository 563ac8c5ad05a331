// SPDX-License-Identifier: GPL-2.0-only
/* From PIDs to address spaces. */
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/param.h>
#include "compat.h"
#include "internal.h"

#define PART_PIDS 1024u /* of other threads that are skipped under one rcu_read_lock() */
#define PARTS 64

/* Start time of a thread group as the caller reads it in /proc/PID/stat (fs/proc/array.c, do_task_stat()). */
static u64 start_ticks_of(const struct task_struct *leader)
{
	return div_u64(start_boottime_in_namespace(leader), NSEC_PER_SEC / USER_HZ);
}

/* Set for good before anybody finds the task; its other flags share the word, and it changes them at any time. */
static bool is_kernel_thread(const struct task_struct *task)
{
	return data_race(task->flags) & PF_KTHREAD;
}

/*
 * The root of a thread group's own address space, 0 where it has none; with a reference to it in *keep, if asked. A
 * leader may have exited and left the address space to its other threads. Under rcu_read_lock().
 */
static u64 own_root(struct task_struct *leader, struct mm_struct **keep)
{
	struct task_struct *thread;
	struct mm_struct *mm;
	u64 root_pa = 0;

	for_each_thread(leader, thread) {
		task_lock(thread); /* thread->mm stays while it is held */
		mm = thread->mm;
		/* A kernel thread's mm is one it uses for a while, never its own. */
		if (mm && !is_kernel_thread(thread)) {
			root_pa = cr3scope_root_pa(mm->pgd);
			if (keep) {
				mmget(mm);
				*keep = mm;
			}
		}
		task_unlock(thread);
		if (root_pa)
			break;
	}
	return root_pa;
}

/*
 * The address space of a thread group in the caller's PID namespace, with a reference for mmput(). -ESRCH, -ESTALE,
 * -ENODATA as in cr3scope.h.
 */
int cr3scope_get_mm(pid_t pid, u64 start_ticks, struct mm_struct **mm)
{
	struct task_struct *leader;
	int error = 0;

	rcu_read_lock();
	leader = pid_task(find_vpid(pid), PIDTYPE_TGID);
	if (!leader)
		error = -ESRCH;
	else if (start_ticks && start_ticks != start_ticks_of(leader))
		error = -ESTALE;
	else if (!own_root(leader, mm))
		error = -ENODATA;
	rcu_read_unlock();
	return error;
}

/*
 * The root that a kernel thread borrows at this moment, 0 where it borrows none. Its active_mm has no reference that
 * would hold for us, so the pointer is followed without trusting it, and believed only if it is still there after.
 */
static u64 borrowed_root(const struct task_struct *thread)
{
	const struct mm_struct *mm = data_race(READ_ONCE(thread->active_mm));
	pgd_t *pgd;

	if (!mm || copy_from_kernel_nofault(&pgd, &mm->pgd, sizeof(pgd)))
		return 0;
	if (data_race(READ_ONCE(thread->active_mm)) != mm || !READ_ONCE(thread->on_cpu) || !virt_addr_valid(pgd))
		return 0;
	return cr3scope_root_pa(pgd);
}

static void describe(struct task_struct *leader, pid_t pid, struct cr3scope_process *process)
{
	*process = (struct cr3scope_process){
		.start_ticks = start_ticks_of(leader),
		.pid = pid,
		.cpu = task_cpu(leader),
	};
	if (READ_ONCE(leader->on_cpu))
		process->flags |= CR3SCOPE_ON_CPU;
	if (is_kernel_thread(leader)) {
		process->flags |= CR3SCOPE_KERNEL_THREAD;
		process->root_pa = borrowed_root(leader);
		process->from = process->root_pa ? CR3SCOPE_FROM_ACTIVE_MM : CR3SCOPE_FROM_NONE;
	} else {
		process->root_pa = own_root(leader, NULL);
		process->from = process->root_pa ? CR3SCOPE_FROM_MM : CR3SCOPE_FROM_NONE;
	}
	if (process->root_pa && boot_cpu_has(X86_FEATURE_PTI))
		process->user_root_pa = process->root_pa | PAGE_SIZE;
}

/*
 * The next thread group at or after *nr, as /proc finds it (fs/proc/base.c, next_tgid()). NULL with *nr 0 where there is
 * none, and NULL where *most PIDs of other threads were passed over. Under rcu_read_lock().
 */
static struct task_struct *next_leader(struct pid_namespace *ns, int *nr, u32 *most)
{
	struct task_struct *leader;
	struct pid *pid;

	for (; *most; (*most)--, (*nr)++) {
		pid = idr_get_next(&ns->idr, nr);
		if (!pid) {
			*nr = 0;
			return NULL;
		}
		leader = pid_task(pid, PIDTYPE_TGID);
		if (leader)
			return leader;
	}
	return NULL;
}

int cr3scope_list_processes(struct reader *reader, struct cr3scope_processes *call)
{
	struct cr3scope_process __user *to = u64_to_user_ptr(call->records);
	struct pid_namespace *ns = task_active_pid_ns(current);
	struct task_struct *leader;
	int nr = call->first, part;
	u32 n, room, most;

	if (call->first < 1 || call->capacity < 1 || call->capacity > CR3SCOPE_MOST_PROCESSES)
		return -EINVAL;
	call->count = 0;
	for (part = 0; part < PARTS && nr && call->count < call->capacity; part++) {
		if (signal_pending(current)) {
			if (!part)
				return -ERESTARTSYS;
			break;
		}
		room = min_t(u32, ARRAY_SIZE(reader->processes), call->capacity - call->count);
		most = PART_PIDS;
		rcu_read_lock();
		for (n = 0; n < room; nr++) {
			leader = next_leader(ns, &nr, &most);
			if (!leader)
				break;
			describe(leader, nr, &reader->processes[n++]);
		}
		rcu_read_unlock();
		if (copy_to_user(to + call->count, reader->processes, n * sizeof(*to)))
			return -EFAULT;
		call->count += n;
		cond_resched();
	}
	call->next = nr;
	return 0;
}
