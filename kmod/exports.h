/* SPDX-License-Identifier: GPL-2.0-only */
/* What cr3scope.ko offers to cr3scope-course.ko, in the symbol namespace CR3SCOPE. */
#ifndef CR3SCOPE_EXPORTS_H
#define CR3SCOPE_EXPORTS_H

#include <linux/types.h>
#include "cr3scope.h"

int cr3scope_may_read(void);
int cr3scope_walk(struct cr3scope_walk *call);
u32 cr3scope_copy_frame(u64 pfn, void *to, size_t offset, size_t bytes);

#endif
