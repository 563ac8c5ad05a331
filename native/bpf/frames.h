/* SPDX-License-Identifier: GPL-2.0-only */
/* What frames.bpf.c and its loader (core/bpf_frames.cc) share. */
#ifndef CR3SCOPE_FRAMES_H
#define CR3SCOPE_FRAMES_H

#ifdef __bpf__
typedef __u32 frames_u32;
typedef __u64 frames_u64;
#else
#include <stdint.h>
typedef uint32_t frames_u32;
typedef uint64_t frames_u64;
#endif

#define FRAMES_PER_CALL 512u
#define FRAME_BYTES 4096u

/* Argument of read_frames: FRAMES[i] = *(direct_map + ADDRESSES[i]) for i < count. */
struct frames_request {
	frames_u64 direct_map; /* kernel virtual address of physical address 0 */
	frames_u32 count;      /* at most FRAMES_PER_CALL */
	frames_u32 reserved;
};

/* The programs' settings, mapped by the loader. */
struct frames_settings {
	frames_u64 namespace_address; /* PID namespace of the loader, set by the program "probe" */
	frames_u32 namespace_level;
	frames_u32 only_tgid; /* 0: list every thread group */
	frames_u32 running;   /* not 0: list the threads that are on a CPU instead */
	frames_u32 reserved;
};

#define ROOT_KERNEL_THREAD 1u
#define ROOT_ON_CPU 2u

/* One record of the task iterator: a thread group and its page-table root. */
struct root_record {
	frames_u64 mm;             /* identity of the address space, 0 where there is none */
	frames_u64 pgd;            /* kernel virtual address of mm->pgd */
	frames_u64 borrowed_pgd;   /* active_mm->pgd of a kernel thread, 0 unless it borrows one now */
	frames_u64 start_boottime; /* ns since boot, suspend included */
	frames_u32 tgid;           /* in the reader's PID namespace */
	frames_u32 flags;          /* ROOT_* */
	frames_u32 cpu;            /* CPU the task last ran on */
	frames_u32 reserved;
	char comm[16];             /* of the thread, where those on a CPU are listed */
};

#endif
