/* SPDX-License-Identifier: GPL-2.0-only */
/* What lives.bpf.c and its loader (core/trace_machine.cc) share. */
#ifndef CR3SCOPE_LIVES_H
#define CR3SCOPE_LIVES_H

#include "namespace.h"

#define LIVES_NAME 112u

/* The program's settings and its counter, mapped by the loader. */
struct lives_settings {
	struct pid_ns ns;
	bpf_u64 lost; /* records that found the ring full */
};

#define LIFE_FORK 1u   /* `child` has an address space of its own */
#define LIFE_CLONE 2u  /* `child` shares the address space of `tgid` */
#define LIFE_THREAD 3u /* `child` is one more thread of `tgid` */
#define LIFE_EXEC 4u
#define LIFE_EXIT 5u /* the last thread of `tgid` ends */

struct life_record {
	bpf_u64 ns;  /* CLOCK_MONOTONIC */
	bpf_u64 pgd; /* kernel virtual address: of the child, or after exec; 0 at exit */
	bpf_u32 kind;
	bpf_u32 tgid;
	bpf_u32 child;
	bpf_s32 status;	       /* as wait() gives it */
	char name[LIVES_NAME]; /* file that is executed */
};

#endif
