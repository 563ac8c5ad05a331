// SPDX-License-Identifier: GPL-2.0-only
/*
 * A record for each fork, exec and exit of the machine, by the scheduler's tracepoints
 * (include/trace/events/sched.h). Read-only by construction: it writes nothing but its own maps.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "process_events.h"
#include "task.bpf.h"

#define SIGNAL_GROUP_EXIT 0x00000004 /* include/linux/sched/signal.h */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct linux_binprm {
	const char *filename;
};
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} process_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct process_events_settings);
} settings SEC(".maps");

/* A record of something that `task` did; NULL where its namespace can't be seen, or the ring is full. */
static __always_inline struct process_event *begin_record(struct task_struct *task, __u32 kind, struct pid_ns *ns)
{
	__u32 zero = 0;
	struct process_events_settings *s = bpf_map_lookup_elem(&settings, &zero);
	struct process_event *record;
	__u32 tgid;

	if (!s)
		return 0;
	*ns = s->ns;
	tgid = number_in(BPF_CORE_READ(task, group_leader, thread_pid), *ns);
	if (!tgid)
		return 0;
	record = bpf_ringbuf_reserve(&process_events, sizeof(*record), 0);
	if (!record) {
		__sync_fetch_and_add(&s->lost, 1);
		return 0;
	}
	record->ns = bpf_ktime_get_ns();
	record->kind = kind;
	record->tgid = tgid;
	record->child = 0;
	record->pgd = 0;
	record->status = 0;
	record->name[0] = 0;
	return record;
}

/* Comes before the child runs: its exec and exit can't overtake it. */
SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *args)
{
	struct task_struct *parent = (void *)args->args[0], *child = (void *)args->args[1];
	struct mm_struct *mm = BPF_CORE_READ(child, mm);
	bool thread = BPF_CORE_READ(child, tgid) == BPF_CORE_READ(parent, tgid);
	struct process_event *record;
	__u32 kind = PROCESS_FORK;
	struct pid_ns ns;

	if (!mm)
		return 0; /* a kernel thread */
	if (thread)
		kind = PROCESS_THREAD;
	else if (mm == BPF_CORE_READ(parent, mm))
		kind = PROCESS_CLONE;
	record = begin_record(parent, kind, &ns);
	if (!record)
		return 0;
	record->child = number_in(BPF_CORE_READ(child, thread_pid), ns);
	record->pgd = (__u64)BPF_CORE_READ(mm, pgd);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *args)
{
	struct task_struct *task = (void *)args->args[0];
	struct linux_binprm *program = (void *)args->args[2];
	struct pid_ns ns;
	struct process_event *record = begin_record(task, PROCESS_EXEC, &ns);

	if (!record)
		return 0;
	record->pgd = (__u64)BPF_CORE_READ(task, mm, pgd);
	bpf_probe_read_kernel_str(record->name, sizeof(record->name), BPF_CORE_READ(program, filename));
	bpf_ringbuf_submit(record, 0);
	return 0;
}

/*
 * Each thread comes by here; the count of those alive was lowered before. Where the last ones end at once more than one
 * may see 0: the loader takes the first.
 */
SEC("raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *args)
{
	struct task_struct *task = (void *)args->args[0];
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct process_event *record;
	struct pid_ns ns;

	if (BPF_CORE_READ(task, flags) & PF_KTHREAD || BPF_CORE_READ(signal, live.counter))
		return 0;
	record = begin_record(task, PROCESS_EXIT, &ns);
	if (!record)
		return 0;
	record->status = BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT ? BPF_CORE_READ(signal, group_exit_code) :
									    BPF_CORE_READ(task, exit_code);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
