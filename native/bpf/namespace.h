/* SPDX-License-Identifier: GPL-2.0-only */
/* Types that the bpf programs and their loaders share. */
#ifndef CR3SCOPE_NAMESPACE_H
#define CR3SCOPE_NAMESPACE_H

#ifdef __bpf__
typedef __s32 bpf_s32;
typedef __u32 bpf_u32;
typedef __u64 bpf_u64;
#else
#include <stdint.h>
typedef int32_t bpf_s32;
typedef uint32_t bpf_u32;
typedef uint64_t bpf_u64;
#endif

/* The PID namespace whose numbers are given out: that of the loader. */
struct pid_ns {
	bpf_u64 address; /* of its struct pid_namespace: an identity */
	bpf_u32 level;
	bpf_u32 reserved;
};

#endif
