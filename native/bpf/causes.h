/* SPDX-License-Identifier: GPL-2.0-only */
/* What causes.bpf.c and its loader (core/causes.cc) share. */
#ifndef CR3SCOPE_CAUSES_H
#define CR3SCOPE_CAUSES_H

#include "namespace.h"

/* Address spaces that are watched at once: each costs a comparison at every event of the machine. */
#define CAUSES_SPACES 8u

struct causes_space {
	bpf_u64 pgd;   /* kernel virtual address; 0: this one is free */
	bpf_u64 begin; /* what is watched of it lies in [begin, end), whole huge pages */
	bpf_u64 end;
	bpf_u64 brk; /* end of its heap; kept by the programs */
	bpf_u32 pid;
	bpf_u32 reserved;
	bpf_u64 pid_text; /* its PID as text: how procfs names its folder */
};

/* The programs' settings and their counter, mapped by the loader. */
struct causes_settings {
	struct pid_ns ns;
	bpf_u64 lost; /* records that found the ring full */
	struct causes_space spaces[CAUSES_SPACES];
};

/* What the kernel did to pages. The order is that of RECORD_KINDS in app/contract/records.ts. */
#define CAUSE_FAULT 0u	       /* handled a fault, or populated; detail: CAUSE_FAULT_* */
#define CAUSE_MAPPED 1u	       /* mapped pages of a file around a fault */
#define CAUSE_ZAPPED 2u	       /* cleared entries: munmap, discarding, truncation */
#define CAUSE_PROTECTED 3u     /* changed the protection; detail: MM_CP_* */
#define CAUSE_FORKED 4u	       /* copied the tables for a child */
#define CAUSE_UNMAPPED 5u      /* took a frame away through the reverse map: reclaim, memory failure */
#define CAUSE_MIGRATING 6u     /* took a frame away to move it; detail: 1 + enum migrate_reason, 0: of no migration */
#define CAUSE_MIGRATED 7u      /* mapped the frame that it was moved to; detail: as above */
#define CAUSE_SPLIT 8u	       /* split a huge entry */
#define CAUSE_COLLAPSED 9u     /* made one huge page of many */
#define CAUSE_MERGED 10u       /* KSM: merged it with an equal page; detail: 0: its frame is the one kept */
#define CAUSE_UNMERGED 11u     /* KSM: gave it a frame of its own again */
#define CAUSE_FREED 12u	       /* MADV_FREE */
#define CAUSE_COOLED 13u       /* MADV_COLD or MADV_PAGEOUT */
#define CAUSE_REFS_CLEARED 14u /* clear_refs; detail: its type */
#define CAUSE_AGED 15u	       /* looked at A, and cleared it */
#define CAUSE_CLEANED 16u      /* made a page of a file clean and read-only for writing it back */
#define CAUSE_USERFAULT 17u    /* an ioctl of userfaultfd; detail: its number, | CAUSE_SOURCE */
#define CAUSE_MOVED_AWAY 18u   /* moved the entries; detail: where to */
#define CAUSE_MOVED_HERE 19u   /* moved the entries; detail: where from */
#define CAUSE_SWAPPED_OFF 20u  /* read back all that a swap file held */
#define CAUSE_GUARDED 21u      /* MADV_GUARD_INSTALL */
#define CAUSE_UNGUARDED 22u    /* MADV_GUARD_REMOVE */

#define CAUSE_FAULT_WRITE 1u
#define CAUSE_FAULT_UNSHARE 2u /* asks for a copy of its own, and does not write */
#define CAUSE_FAULT_REMOTE 4u
#define CAUSE_FAULT_EXECUTE 8u
#define CAUSE_FAULT_KERNEL 16u /* not by an access of the program itself */

#define CAUSE_SOURCE 0x100u /* these pages are those that UFFDIO_MOVE takes */

#define CAUSE_BY_KERNEL 1u /* by a kernel thread */
#define CAUSE_SOMEWHERE 2u /* somewhere in this address space */
#define CAUSE_EARLY 4u	   /* recorded before it was done */
#define CAUSE_ANY_SPACE 8u /* of this address in some address space: `argument` is the entry that was made */
/* [begin, end) is a range of the file with inode `detail` on device `argument`; `pgd` is 0 for all who map it. */
#define CAUSE_OF_FILE 16u

/* What one step of the kernel did to the pages of [begin, end), and on whose behalf. */
struct cause_record {
	bpf_u64 ns; /* CLOCK_MONOTONIC, when it was done */
	bpf_u64 pgd;
	bpf_u64 begin;
	bpf_u64 end;
	bpf_u64 detail;
	bpf_u64 argument; /* of the system call, the one that says what is asked for */
	bpf_s32 syscall;  /* that the thread is in, by its number; -1: none */
	bpf_u32 pid;
	bpf_u32 tid;
	bpf_u32 kind;
	bpf_u32 flags;
	char name[16]; /* of the thread */
};

#endif
