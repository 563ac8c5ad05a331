// SPDX-License-Identifier: GPL-2.0-only
/*
 * One deliberate bug of each kind that a checker of the sanitizer kernels must report: a run in which a checker does not
 * report proves nothing. Each is done when its name is written to /proc/canary. Some end the writer.
 */
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

/* Parameters, so that no compiler knows their values. */
static int five = 5, seventy = 70;
module_param(five, int, 0);
module_param(seventy, int, 0);

static void rcu(void)
{
	static void __rcu *pointer;

	(void)rcu_dereference(pointer);
}

static void atomic_sleep(void)
{
	static DEFINE_RAW_SPINLOCK(lock);

	raw_spin_lock(&lock);
	might_sleep();
	raw_spin_unlock(&lock);
}

/* A lock that sleeps on PREEMPT_RT, with interrupts off. */
static void irqs_off(void)
{
	static DEFINE_SPINLOCK(lock);

	local_irq_disable();
	spin_lock(&lock);
	spin_unlock(&lock);
	local_irq_enable();
}

static void lock_order(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
}

static void nothing(struct timer_list *unused)
{
}

static void active_object(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, nothing, 0);
	mod_timer(timer, jiffies + HZ * 3600);
	kfree(timer); /* the checker disarms it */
}

static void list(void)
{
	LIST_HEAD(head);
	struct list_head entry;

	list_add(&entry, &head);
	head.next = &head;
	list_del(&entry);
}

static void shift(void)
{
	static volatile int result;

	result = 1 << seventy;
}

static void bounds(void)
{
	static int numbers[4];

	numbers[five & 7] = 1;
}

static void free_page_read(void)
{
	unsigned long page = __get_free_page(GFP_KERNEL), word;

	free_page(page);
	pr_err("canary: a page that is free reads %ld\n", copy_from_kernel_nofault(&word, (void *)page, sizeof(word)));
}

static void leak(void)
{
	char *p = kmalloc(77, GFP_KERNEL);

	if (p)
		strscpy(p, "a canary that is lost", 77);
}

static void use_after_free(void)
{
	volatile char *p = kmalloc(64, GFP_KERNEL);

	kfree((void *)p);
	(void)p[3];
}

static void slab_bounds(void)
{
	volatile char *p = kmalloc(64, GFP_KERNEL);

	(void)p[seventy];
	kfree((void *)p);
}

static void stack_bounds(void)
{
	volatile char bytes[64] = {};

	(void)*(&bytes[0] + seventy);
}

static void vmalloc_bounds(void)
{
	volatile char *p = vmalloc(PAGE_SIZE - 100);

	(void)p[PAGE_SIZE - 100 + five];
	vfree((void *)p);
}

static int counter;

static int count(void *unused)
{
	unsigned long until = jiffies + 5 * HZ;

	while (time_before(jiffies, until)) {
		int i;

		for (i = 0; i < 1000; i++) {
			counter++;
			barrier();
		}
		cond_resched();
	}
	return 0;
}

static void race(void)
{
	struct task_struct *other = kthread_create(count, NULL, "canary");

	if (IS_ERR(other))
		return;
	get_task_struct(other);
	wake_up_process(other);
	count(NULL);
	kthread_stop(other);
	put_task_struct(other);
}

/* A page that is mapped writable, mapped writable once more as if it were another process's. */
static void map_twice(void)
{
	unsigned long address = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	pte_t empty = __pte(0);
	struct page *page;

	if (get_user_pages_fast(address, 1, FOLL_WRITE, &page) == 1)
		set_pte_at(current->mm, address, &empty,
			   mk_pte(page, vm_get_page_prot(VM_READ | VM_WRITE | VM_SHARED)));
}

/* Ends the writer. */
static void usercopy(void)
{
	char *p = kzalloc(64, GFP_KERNEL);
	unsigned long address = vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);

	OPTIMIZER_HIDE_VAR(p); /* or the compiler's own check speaks first */
	if (copy_to_user((void __user *)address, p, seventy))
		pr_err("canary: no room\n");
	kfree(p);
}

static const struct {
	const char *name;
	void (*commit)(void);
} bugs[] = {
	{ "rcu", rcu },
	{ "atomic-sleep", atomic_sleep },
	{ "irqs-off", irqs_off },
	{ "lock-order", lock_order },
	{ "active-object", active_object },
	{ "list", list },
	{ "shift", shift },
	{ "bounds", bounds },
	{ "free-page", free_page_read },
	{ "leak", leak },
	{ "use-after-free", use_after_free },
	{ "slab-bounds", slab_bounds },
	{ "stack-bounds", stack_bounds },
	{ "vmalloc-bounds", vmalloc_bounds },
	{ "race", race },
	{ "map-twice", map_twice },
	{ "usercopy", usercopy },
};

static ssize_t canary_write(struct file *file, const char __user *from, size_t bytes, loff_t *position)
{
	char name[32] = {};
	size_t i;

	if (bytes >= sizeof(name) || copy_from_user(name, from, bytes))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		if (!sysfs_streq(name, bugs[i].name))
			continue;
		bugs[i].commit();
		return bytes;
	}
	return -ENOENT;
}

static const struct proc_ops canary_operations = {
	.proc_write = canary_write,
};

static int __init canary_init(void)
{
	return proc_create("canary", 0200, NULL, &canary_operations) ? 0 : -ENOMEM;
}

module_init(canary_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Deliberate bugs, to see that the sanitizers report them");
