// SPDX-License-Identifier: GPL-2.0-only
/*
 * Course mode (course=1): the interfaces that teaching programs use, under the same names and in the same formats, over
 * the module's own safe code. Root only, and under the same conditions as /dev/cr3scope.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/proc_fs.h>
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/special_insns.h>
#include "internal.h"

static int course_open(struct inode *inode, struct file *file)
{
	if (!capable(CAP_SYS_ADMIN) || !capable(CAP_SYS_RAWIO))
		return -EPERM;
	return may_read();
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

static const struct proc_ops cr3_operations = {
	.proc_open = cr3_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

/* ---- /proc/page_reader: seek to a physical address, read to the end of its page ---- */

static ssize_t page_read(struct file *file, char __user *to, size_t bytes, loff_t *address)
{
	size_t offset = offset_in_page(*address);
	ssize_t result;
	void *page;
	u32 status;

	if (*address < 0)
		return -EINVAL;
	if (may_read())
		return -EPERM;
	bytes = min(bytes, PAGE_SIZE - offset);
	page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	status = copy_frame(PHYS_PFN(*address), page, offset, bytes);
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
		return -EINVAL; /* physical memory has holes and no end that would mean much */
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
	struct mm_struct *mm;
	int pid, error;

	if (may_read())
		return -EPERM;
	error = kstrtoint_from_user(from, bytes, 10, &pid);
	if (error)
		return error;
	error = get_process_mm(pid, 0, &mm);
	if (error)
		return error;
	if (!__ratelimit(&limit)) {
		mmput(mm);
		return -EAGAIN;
	}
	pr_info("PID %d = CR3 %lu\n", pid, (unsigned long)root_pa_of(mm->pgd));
	mmput(mm);
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
	int error = walk_address(&walk);

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

	if (request != COURSE_TRANSLATE)
		return -ENOTTY;
	if (may_read())
		return -EPERM;
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

static struct miscdevice pid_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pid_to_cr3",
	.fops = &pid_operations,
	.mode = 0600,
};

static struct miscdevice translate_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "virt_to_phys",
	.fops = &translate_operations,
	.mode = 0600,
};

int course_init(void)
{
	int error = misc_register(&pid_device);

	if (error)
		return error;
	error = misc_register(&translate_device);
	if (error)
		goto no_translate;
	error = -ENOMEM;
	if (!proc_create("cr3", 0400, NULL, &cr3_operations))
		goto no_cr3;
	if (!proc_create("page_reader", 0400, NULL, &page_operations))
		goto no_page_reader;
	return 0;

no_page_reader:
	remove_proc_entry("cr3", NULL);
no_cr3:
	misc_deregister(&translate_device);
no_translate:
	misc_deregister(&pid_device);
	return error;
}

void course_exit(void)
{
	remove_proc_entry("page_reader", NULL);
	remove_proc_entry("cr3", NULL);
	misc_deregister(&translate_device);
	misc_deregister(&pid_device);
}
