// SPDX-License-Identifier: GPL-2.0-only
/* Bytes of physical frames: online RAM only, through the direct map, without faulting. */
#include <linux/highmem.h>
#include <linux/ioport.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/page-flags.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include "compat.h"
#include "internal.h"

/*
 * The pages of memory that goes offline: their struct pages, and then the memory itself, may be removed after this. No lock
 * that holds that up is exported, so it waits here for those that found the memory online, who are under rcu_read_lock().
 */
static int memory_changes(struct notifier_block *unused, unsigned long action, void *what)
{
	if (action == MEM_OFFLINE)
		synchronize_rcu();
	return NOTIFY_OK;
}

static struct notifier_block memory_notifier = { .notifier_call = memory_changes };

int cr3scope_watch_memory(void)
{
	return register_memory_notifier(&memory_notifier);
}

void cr3scope_unwatch_memory(void)
{
	unregister_memory_notifier(&memory_notifier);
}

/* Under rcu_read_lock(), which holds up the removal of the frame where the answer is CR3SCOPE_FRAME_OK. */
static u32 frame_status(u64 pfn)
{
	struct page *page;

	if (pfn > PHYS_PFN(__PHYSICAL_MASK))
		return CR3SCOPE_FRAME_NOT_RAM;
	/* The flags of a section change while they are read; memory_changes() is what this relies on. */
	page = data_race(pfn_to_online_page(pfn));
	if (!page)
		return data_race(pfn_valid(pfn)) ? CR3SCOPE_FRAME_OFFLINE : CR3SCOPE_FRAME_NOT_RAM;
	/*
	 * Devices are not read: reading their registers may have side effects. All non-RAM in online sections is reserved; of what is
	 * reserved, the resource tree says what is RAM (and is slow).
	 */
	if (PageReserved(page) && !page_is_ram(pfn))
		return CR3SCOPE_FRAME_NOT_RAM;
	if (page_is_hwpoison(page))
		return CR3SCOPE_FRAME_HWPOISON;
	if (PageOffline(page))
		return CR3SCOPE_FRAME_OFFLINE;
	/* Touching memory that a TDX or SNP guest has not accepted is fatal; what is in use has been. */
	if (guest_memory_is_encrypted() && !page_count(page))
		return CR3SCOPE_FRAME_UNACCEPTED;
	return CR3SCOPE_FRAME_OK;
}

/* Copies bytes of one frame; CR3SCOPE_FRAME_*. @to holds data only where that is CR3SCOPE_FRAME_OK. */
u32 cr3scope_copy_frame(u64 pfn, void *to, size_t offset, size_t bytes)
{
	u32 status;

	rcu_read_lock();
	status = frame_status(pfn);
	if (status == CR3SCOPE_FRAME_OK && copy_from_kernel_nofault(to, __va(PFN_PHYS(pfn)) + offset, bytes))
		status = CR3SCOPE_FRAME_NOT_IN_DIRECT_MAP;
	rcu_read_unlock();
	return status;
}
EXPORT_TO_COURSE(cr3scope_copy_frame);

int cr3scope_read_frames(struct reader *reader, struct cr3scope_read_frames *call)
{
	const u64 __user *pfns = u64_to_user_ptr(call->pfns);
	u32 __user *statuses = u64_to_user_ptr(call->status);
	u8 __user *data = u64_to_user_ptr(call->data);
	u32 status;
	u64 pfn;

	if (call->count > CR3SCOPE_MOST_FRAMES)
		return -EINVAL;
	for (call->done = 0; call->done < call->count; call->done++) {
		if (call->done % 64 == 0) {
			if (signal_pending(current))
				return call->done ? 0 : -ERESTARTSYS;
			cond_resched();
		}
		if (get_user(pfn, pfns + call->done))
			return -EFAULT;
		status = cr3scope_copy_frame(pfn, reader->frame, 0, PAGE_SIZE);
		if (put_user(status, statuses + call->done))
			return -EFAULT;
		if (status == CR3SCOPE_FRAME_OK &&
		    copy_to_user(data + (size_t)call->done * PAGE_SIZE, reader->frame, PAGE_SIZE))
			return -EFAULT;
	}
	return 0;
}
