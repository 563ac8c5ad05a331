// SPDX-License-Identifier: GPL-2.0-only
/*
 * Course mode, a module of its own: the interfaces that teaching programs use, under the same names and in the same
 * formats, over the safe code of cr3scope.ko. Root only, and under the same conditions as /dev/cr3scope.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/printk.h>
#include <linux/proc_fs.h>
#include <linux/ratelimit.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stringify.h>
#include <linux/uaccess.h>
#include <asm/special_insns.h>
#include "compat.h"
#include "exports.h"

static int course_open(struct inode *inode, struct file *file)
{
	return cr3scope_may_read();
}

/* ---- /proc/cr3: registers of the reading CPU ---- */

static int cr3_show(struct seq_file *file, void *unused)
{
	u64 cr3, cr4;

	preempt_disable();
	cr3 = __read_cr3();
	cr4 = __read_cr4();
	preempt_enable();
	seq_printf(file, "CR3=%016llX\nCR4=%016llX\nPAE=%llX\nPSE=%llX\n", cr3, cr4,
		   (cr4 & X86_CR4_PAE) >> X86_CR4_PAE_BIT, (cr4 & X86_CR4_PSE) >> X86_CR4_PSE_BIT);
	return 0;
}

static int cr3_open(struct inode *inode, struct file *file)
{
	int error = course_open(inode, file);

	return error ? error : single_open(file, cr3_show, NULL);
}

static ssize_t cr3_read(struct file *file, char __user *to, size_t bytes, loff_t *position)
{
	int error = cr3scope_may_read();

	return error ? error : seq_read(file, to, bytes, position);
}

static const struct proc_ops cr3_operations = {
	.proc_open = cr3_open,
	.proc_read = cr3_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

/* ---- /proc/page_reader: seek to a physical address, read to the end of its page ---- */

static ssize_t page_read(struct file *file, char __user *to, size_t bytes, loff_t *address)
{
	size_t offset = offset_in_page(*address);
	ssize_t result = cr3scope_may_read();
	void *page;
	u32 status;

	if (result)
		return result;
	if (*address < 0)
		return -EINVAL;
	bytes = min(bytes, PAGE_SIZE - offset);
	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	status = cr3scope_copy_frame(PHYS_PFN(*address), page, offset, bytes);
	if (status == CR3SCOPE_FRAME_NOT_IN_DIRECT_MAP)
		result = -EFAULT;
	else if (status != CR3SCOPE_FRAME_OK)
		result = status == CR3SCOPE_FRAME_HWPOISON ? -EHWPOISON : -ENXIO;
	else
		result = copy_to_user(to, page, bytes) ? -EFAULT : (ssize_t)bytes;
	if (result > 0)
		*address += result;
	kfree(page);
	return result;
}

static loff_t page_seek(struct file *file, loff_t offset, int whence)
{
	if (whence == SEEK_END)
		return -EINVAL; /* physical memory has holes and no meaningful end */
	return generic_file_llseek_size(file, offset, whence, LLONG_MAX, LLONG_MAX);
}

static const struct proc_ops page_operations = {
	.proc_open = course_open,
	.proc_read = page_read,
	.proc_lseek = page_seek,
};

/* ---- /dev/pid_to_cr3: write a PID, find its root in the kernel log ---- */

static ssize_t pid_write(struct file *file, const char __user *from, size_t bytes, loff_t *position)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 100);
	struct cr3scope_walk walk = {};
	int error = cr3scope_may_read();

	if (error)
		return error;
	error = kstrtoint_from_user(from, bytes, 10, &walk.pid);
	if (error)
		return error;
	error = cr3scope_walk(&walk);
	if (error)
		return error;
	if (!__ratelimit(&limit))
		return -EAGAIN;
	pr_info("PID %d = CR3 %llu\n", walk.pid, walk.root_pa);
	return bytes;
}

static const struct file_operations pid_operations = {
	.owner = THIS_MODULE,
	.open = course_open,
	.write = pid_write,
};

/* ---- /dev/virt_to_phys: one translation ---- */

struct course_translation {
	pid_t pid;		 /* in */
	unsigned long virt_addr; /* in */
	unsigned long phys_addr; /* out */
	unsigned long pfn;	 /* out */
	int result;		 /* out: 0, or a negative error number */
};

#define COURSE_TRANSLATE _IOWR('p', 0x01, struct course_translation)

static int translate(struct course_translation *t)
{
	struct cr3scope_walk walk = { .pid = t->pid, .va = t->virt_addr };
	int error = cr3scope_walk(&walk);

	if (error)
		return error;
	if (CR3SCOPE_WORD_KIND(walk.word) != CR3SCOPE_KIND_PAGE)
		return CR3SCOPE_WORD_KIND(walk.word) == CR3SCOPE_KIND_RACED ? -EAGAIN : -EFAULT;
	t->pfn = CR3SCOPE_WORD_VALUE(walk.word);
	t->phys_addr = PFN_PHYS(t->pfn) | offset_in_page(t->virt_addr);
	return 0;
}

static long translate_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	struct course_translation t;
	int error = cr3scope_may_read();

	if (error)
		return error;
	if (request != COURSE_TRANSLATE)
		return -ENOTTY;
	if (copy_from_user(&t, (void __user *)argument, sizeof(t)))
		return -EFAULT;
	t.phys_addr = t.pfn = 0;
	t.result = translate(&t);
	return copy_to_user((void __user *)argument, &t, sizeof(t)) ? -EFAULT : 0;
}

static const struct file_operations translate_operations = {
	.owner = THIS_MODULE,
	.open = course_open,
	.unlocked_ioctl = translate_ioctl,
};

/* ---- the names ---- */

static struct miscdevice devices[] = {
	{ .minor = MISC_DYNAMIC_MINOR, .name = "pid_to_cr3", .fops = &pid_operations, .mode = 0600 },
	{ .minor = MISC_DYNAMIC_MINOR, .name = "virt_to_phys", .fops = &translate_operations, .mode = 0600 },
};

static const struct {
	const char *name;
	const struct proc_ops *operations;
} files[] = {
	{ "cr3", &cr3_operations },
	{ "page_reader", &page_operations },
};

/* Which of them are ours. */
static bool has_device[ARRAY_SIZE(devices)];
static struct proc_dir_entry *entries[ARRAY_SIZE(files)];

/*
 * Whether another module has this name already. Asked first: registering it again is refused, too, but with a warning
 * and a stack trace, or, by devtmpfs, without a word.
 */
static bool is_taken(const char *folder, const char *name)
{
	char full[32];
	struct path path;

	snprintf(full, sizeof(full), "%s/%s", folder, name);
	if (kern_path(full, 0, &path))
		return false;
	path_put(&path);
	return true;
}

/*
 * Once one of the names can be opened, init must not fail. The opener of a device gets a reference to a module that is
 * still in its init (try_module_get() refuses only one that is going), but a module whose init fails is freed all the
 * same (do_init_module() in kernel/module). So a name that can't be had is left out, and init fails only where none can.
 */
static int __init course_init(void)
{
	unsigned int i, offered = 0;

	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		has_device[i] = !is_taken("/dev", devices[i].name) && !misc_register(&devices[i]);
		if (has_device[i])
			offered++;
		else
			pr_warn("%s: no /dev/%s: it could not be registered, another module may have it\n",
				KBUILD_MODNAME, devices[i].name);
	}
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		if (!is_taken("/proc", files[i].name))
			entries[i] = proc_create(files[i].name, 0400, NULL, files[i].operations);
		if (entries[i])
			offered++;
		else
			pr_warn("%s: no /proc/%s: it could not be registered, another module may have it\n",
				KBUILD_MODNAME, files[i].name);
	}
	return offered ? 0 : -EEXIST;
}

/* Without users of the devices: they hold the module. Removing a file of /proc waits for its users. */
static void __exit course_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		proc_remove(entries[i]);
	for (i = 0; i < ARRAY_SIZE(devices); i++)
		if (has_device[i])
			misc_deregister(&devices[i]);
}

module_init(course_init);
module_exit(course_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Interfaces of teaching programs over cr3scope");
MODULE_VERSION(__stringify(CR3SCOPE_VERSION));
IMPORT_FROM_CR3SCOPE();
