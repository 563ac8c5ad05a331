// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bpf frame reader: copies 4 KiB frames out of the kernel's direct map, and lists the page-table root of
 * every process. Read-only by construction: it writes nothing but its own maps.
 *
 * CO-RE: the structs below name only the members that are read; libbpf relocates them by the running kernel's BTF.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "frames.h"
#include "task.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
#pragma clang attribute pop

/* With CONFIG_KALLSYMS_ALL this names the direct map's base; elsewhere it resolves to 0 and the loader searches. */
extern const void page_offset_base __ksym __weak;

struct frame {
	__u8 bytes[FRAME_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FRAMES_PER_CALL);
	__type(key, __u32);
	__type(value, __u64);
} addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FRAMES_PER_CALL);
	__type(key, __u32);
	__type(value, struct frame);
} frames SEC(".maps");

/* 0, or the negative errno of the copy: such a frame holds no data. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FRAMES_PER_CALL);
	__type(key, __u32);
	__type(value, __s64);
} results SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct frames_settings);
} settings SEC(".maps");

static struct frames_settings *get_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

static long read_frame(__u32 index, void *context)
{
	const struct frames_request *request = context;
	__u64 *address = bpf_map_lookup_elem(&addresses, &index);
	struct frame *frame = bpf_map_lookup_elem(&frames, &index);
	__s64 *result = bpf_map_lookup_elem(&results, &index);

	if (!address || !frame || !result)
		return 1;
	*result = bpf_probe_read_kernel(frame->bytes, FRAME_BYTES, (void *)(request->direct_map + *address));
	return 0;
}

SEC("syscall")
int read_frames(struct frames_request *request)
{
	struct frames_request copy = *request;

	if (copy.count > FRAMES_PER_CALL)
		return -7; /* -E2BIG */
	bpf_loop(copy.count, read_frame, &copy, 0);
	return 0;
}

struct probe_result {
	__u64 direct_map; /* page_offset_base by kallsyms, 0 where that is not listed */
};

/* Remembers the caller's PID namespace and reads page_offset_base where the kernel lists it. */
SEC("syscall")
int probe(struct probe_result *result)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct frames_settings *s = get_settings();
	__u64 base = 0;

	if (!s)
		return 0;
	s->ns = namespace_of(task);
	if (&page_offset_base)
		bpf_probe_read_kernel(&base, sizeof(base), &page_offset_base);
	result->direct_map = base;
	return 0;
}

/*
 * One record a thread that is on a CPU, or one a thread group: from its leader, or from another thread where the leader
 * has exited and left the address space to the rest (its mm is NULL then).
 */
SEC("iter/task")
int roots(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct frames_settings *s = get_settings();
	struct root_record record = {};
	struct mm_struct *mm, *borrowed;
	bool leader;

	if (!task || !s)
		return 0;
	mm = BPF_CORE_READ(task, mm);
	leader = BPF_CORE_READ(task, pid) == BPF_CORE_READ(task, tgid);
	if (s->running) {
		if (!BPF_CORE_READ(task, on_cpu))
			return 0;
		BPF_CORE_READ_STR_INTO(&record.comm, task, comm);
	} else if (!leader && (!mm || BPF_CORE_READ(task, group_leader, mm))) {
		return 0;
	}
	record.tgid = number_in(BPF_CORE_READ(task, group_leader, thread_pid), s->ns);
	if (!record.tgid || (s->only_tgid && record.tgid != s->only_tgid))
		return 0;
	record.start_boottime = BPF_CORE_READ(task, group_leader, start_boottime);
	if (BPF_CORE_READ(task, on_cpu))
		record.flags |= ROOT_ON_CPU;
	record.cpu = BPF_CORE_READ(task, thread_info.cpu); /* there since 5.16; bpf_loop demands 5.17 anyway */
	if (BPF_CORE_READ(task, flags) & PF_KTHREAD) {
		record.flags |= ROOT_KERNEL_THREAD;
		borrowed = BPF_CORE_READ(task, active_mm);
		if (borrowed)
			record.borrowed_pgd = (__u64)BPF_CORE_READ(borrowed, pgd);
	} else if (mm) {
		record.mm = (__u64)mm;
		record.pgd = (__u64)BPF_CORE_READ(mm, pgd);
	}
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
