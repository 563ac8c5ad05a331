/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the module share. */
#ifndef CR3SCOPE_INTERNAL_H
#define CR3SCOPE_INTERNAL_H

#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/types.h>
#include "cr3scope.h"
#include "exports.h"

/* PTE tables that are read before the target's mmap_lock is released. */
#define CHUNK_TABLES 32u
#define CHUNK_RUNS 256u

/* One open device. The buffer is what a call fills before it copies to the caller: never under a target's lock. */
struct reader {
	struct mutex lock;
	struct cr3scope_run runs[CHUNK_RUNS];
	union {
		u64 words[CHUNK_TABLES * PTRS_PER_PTE];
		struct cr3scope_process processes[256];
		u8 frame[PAGE_SIZE];
	};
};

static inline u64 cr3scope_root_pa(const pgd_t *pgd)
{
	return __pa(pgd);
}

/* processes.c */
int cr3scope_get_mm(pid_t pid, u64 start_ticks, struct mm_struct **mm);
int cr3scope_list_processes(struct reader *reader, struct cr3scope_processes *call);

/* walk.c */
int cr3scope_walk_range(struct reader *reader, struct cr3scope_walk_range *call);

/* frames.c */
int cr3scope_watch_memory(void);
void cr3scope_unwatch_memory(void);
int cr3scope_read_frames(struct reader *reader, struct cr3scope_read_frames *call);

/* cpu.c */
int cr3scope_read_cpu(struct cr3scope_cpu *call);

#endif
