/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs read of a task, relocated by BTF, and how PID namespaces number it. */
#ifndef CR3SCOPE_TASK_BPF_H
#define CR3SCOPE_TASK_BPF_H

#include "namespace.h"

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct pid_namespace {
	unsigned int level;
};
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct upid numbers[1];
};
struct mm_struct {
	void *pgd;
};
typedef struct {
	int counter;
} atomic_t;
struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
};
struct thread_info {
	__u32 cpu;
};
struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	int on_cpu;
	int pid;
	int tgid;
	int exit_code;
	__u64 start_boottime;
	struct mm_struct *mm;
	struct mm_struct *active_mm;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct pid *thread_pid;
	char comm[16];
};
#pragma clang attribute pop

/* The PID namespace that a task lives in. */
static __always_inline struct pid_ns namespace_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, group_leader, thread_pid);
	__u32 level = BPF_CORE_READ(pid, level) & 31;
	__u64 address = 0;

	bpf_core_read(&address, sizeof(address), &pid->numbers[level].ns);
	return (struct pid_ns){ .address = address, .level = level };
}

/* A task's number in a PID namespace, 0 where it is not visible there. */
static __always_inline __u32 number_in(struct pid *pid, struct pid_ns ns)
{
	__u32 level = ns.level & 31;
	__u64 address = 0;
	int nr = 0;

	if (!pid || BPF_CORE_READ(pid, level) < level)
		return 0;
	bpf_core_read(&address, sizeof(address), &pid->numbers[level].ns);
	bpf_core_read(&nr, sizeof(nr), &pid->numbers[level].nr);
	return address == ns.address ? nr : 0;
}

#endif
