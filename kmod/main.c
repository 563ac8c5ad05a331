// SPDX-License-Identifier: GPL-2.0-only
/* /dev/cr3scope: who may open it, and its calls. */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/stringify.h>
#include <linux/uaccess.h>
#include <generated/utsrelease.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include "compat.h"
#include "internal.h"

static int device_open(struct inode *inode, struct file *file)
{
	struct reader *reader;
	int error = cr3scope_may_read();

	if (error)
		return error;
	reader = kvzalloc(sizeof(*reader), GFP_KERNEL);
	if (!reader)
		return -ENOMEM;
	mutex_init(&reader->lock);
	file->private_data = reader;
	return nonseekable_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	struct reader *reader = file->private_data;

	mutex_destroy(&reader->lock);
	kvfree(reader);
	return 0;
}

static void get_info(struct cr3scope_info *info)
{
	*info = (struct cr3scope_info){
		.abi = CR3SCOPE_ABI,
		.levels = pgtable_l5_enabled() ? 5 : 4,
		.phys_bits = boot_cpu_data.x86_phys_bits,
		.encryption_mask = sme_me_mask,
		.physical_mask = __PHYSICAL_MASK,
		.direct_map = PAGE_OFFSET,
		.cpus = nr_cpu_ids,
		.release = UTS_RELEASE,
	};
	if (boot_cpu_has(X86_FEATURE_PTI))
		info->flags |= CR3SCOPE_PTI;
	if (boot_cpu_has(X86_FEATURE_PCID))
		info->flags |= CR3SCOPE_PCID;
	if (cpu_uses_lam())
		info->flags |= CR3SCOPE_LAM;
}

union call {
	struct cr3scope_info info;
	struct cr3scope_processes processes;
	struct cr3scope_cpu cpu;
	struct cr3scope_walk walk;
	struct cr3scope_walk_range range;
	struct cr3scope_read_frames frames;
};

static long run_call(struct reader *reader, unsigned int request, union call *call)
{
	switch (request) {
	case CR3SCOPE_INFO:
		get_info(&call->info);
		return 0;
	case CR3SCOPE_PROCESSES:
		return cr3scope_list_processes(reader, &call->processes);
	case CR3SCOPE_CPU:
		return cr3scope_read_cpu(&call->cpu);
	case CR3SCOPE_WALK:
		return cr3scope_walk(&call->walk);
	case CR3SCOPE_WALK_RANGE:
		return cr3scope_walk_range(reader, &call->range);
	case CR3SCOPE_READ_FRAMES:
		return cr3scope_read_frames(reader, &call->frames);
	default:
		return -ENOTTY;
	}
}

static long device_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	struct reader *reader = file->private_data;
	void __user *user = (void __user *)argument;
	union call call;
	long error;

	/* The size is the caller's claim: it only ever selects within the union, and run_call() knows whole requests only. */
	if (_IOC_TYPE(request) != CR3SCOPE_MAGIC || _IOC_SIZE(request) > sizeof(call))
		return -ENOTTY;
	error = cr3scope_may_read();
	if (error)
		return error;
	memset(&call, 0, sizeof(call));
	if (_IOC_DIR(request) & _IOC_WRITE && copy_from_user(&call, user, _IOC_SIZE(request)))
		return -EFAULT;
	if (mutex_lock_interruptible(&reader->lock))
		return -ERESTARTSYS;
	error = run_call(reader, request, &call);
	mutex_unlock(&reader->lock);
	if (!error && copy_to_user(user, &call, _IOC_SIZE(request)))
		return -EFAULT;
	return error;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "cr3scope",
	.fops = &device_operations,
	.mode = 0600,
};

/*
 * Once the device can be opened, init must not fail: a module whose init fails is freed whoever holds it (do_init_module()
 * in kernel/module). So this registers one name, last; what else offers names is a module of its own.
 */
static int __init cr3scope_init(void)
{
	int error;

	/* Entries of a Xen PV guest hold frame numbers of the machine beneath it, its frames have others. */
	if (boot_cpu_has(X86_FEATURE_XENPV)) {
		pr_err("cr3scope: a paravirtual guest of Xen has no page tables of its own to read\n");
		return -EOPNOTSUPP;
	}
	error = cr3scope_watch_memory();
	if (error)
		return error;
	error = misc_register(&device);
	if (error)
		cr3scope_unwatch_memory();
	return error;
}

static void __exit cr3scope_exit(void)
{
	misc_deregister(&device);
	cr3scope_unwatch_memory();
}

module_init(cr3scope_init);
module_exit(cr3scope_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Read-only source of page-table roots, walks and frames for cr3scope");
MODULE_VERSION(__stringify(CR3SCOPE_VERSION));
