/* SPDX-License-Identifier: GPL-2.0-only */
/* What frames.bpf.c and its loader (core/bpf_frames.cc) share. */
#ifndef CR3SCOPE_FRAMES_H
#define CR3SCOPE_FRAMES_H

#include "namespace.h"

#define FRAMES_PER_CALL 512u
#define FRAME_BYTES 4096u

/* Argument of read_frames: FRAMES[i] = *(direct_map + ADDRESSES[i]) for i < count. */
struct frames_request {
	bpf_u64 direct_map; /* kernel virtual address of physical address 0 */
	bpf_u32 count;	    /* at most FRAMES_PER_CALL */
	bpf_u32 reserved;
};

/* The programs' settings, mapped by the loader. */
struct frames_settings {
	struct pid_ns ns;  /* set by the program "probe" */
	bpf_u32 only_tgid; /* 0: list every thread group */
	bpf_u32 running;   /* not 0: list the threads that are on a CPU instead */
};

#define ROOT_KERNEL_THREAD 1u
#define ROOT_ON_CPU 2u

/* One record of the task iterator: a thread group and its page-table root. */
struct root_record {
	bpf_u64 mm;		/* identity of the address space, 0 where there is none */
	bpf_u64 pgd;		/* kernel virtual address of mm->pgd */
	bpf_u64 borrowed_pgd;	/* active_mm->pgd of a kernel thread, 0 unless it borrows one now */
	bpf_u64 start_boottime; /* ns since boot, suspend included */
	bpf_u32 tgid;		/* in the reader's PID namespace */
	bpf_u32 flags;		/* ROOT_* */
	bpf_u32 cpu;		/* CPU the task last ran on */
	bpf_u32 reserved;
	char comm[16]; /* of the thread, where those on a CPU are listed */
};

#endif
