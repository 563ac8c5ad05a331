/* SPDX-License-Identifier: GPL-2.0-only */
/* What process_events.bpf.c and its loader (core/trace_machine.cc) share. */
#ifndef CR3SCOPE_PROCESS_EVENTS_H
#define CR3SCOPE_PROCESS_EVENTS_H

#include "namespace.h"

#define PROCESS_EVENT_NAME 112u

/* The program's settings and its counter, mapped by the loader. */
struct process_events_settings {
	struct pid_ns ns;
	bpf_u64 lost; /* records that found the ring full */
};

#define PROCESS_FORK 1u	  /* `child` has an address space of its own */
#define PROCESS_CLONE 2u  /* `child` shares the address space of `tgid` */
#define PROCESS_THREAD 3u /* `child` is one more thread of `tgid` */
#define PROCESS_EXEC 4u
#define PROCESS_EXIT 5u /* the last thread of `tgid` ends */

struct process_event {
	bpf_u64 ns;  /* CLOCK_MONOTONIC */
	bpf_u64 pgd; /* kernel virtual address: of the child, or after exec; 0 at exit */
	bpf_u32 kind;
	bpf_u32 tgid;
	bpf_u32 child;
	bpf_s32 status;		       /* as wait() gives it */
	char name[PROCESS_EVENT_NAME]; /* file that is executed */
};

#endif
