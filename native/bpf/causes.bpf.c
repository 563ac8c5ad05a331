// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why pages change: a record for each step by which the kernel changes the page tables of the address spaces that are
 * watched, whoever asked for it. Read-only by construction: it writes nothing but its own maps.
 *
 * There are two sets. Programs at functions tell exactly which pages of which address space were changed, by whomever. They
 * run when the function returns, so that a record says what was done, not what is tried. Where the kernel does not let
 * programs run at functions, those at tracepoints tell what the process itself asks for, and some of what others do to it.
 *
 * Each program stands for itself: the loader (core/causes.cc) leaves out those whose function or tracepoint this kernel does
 * not have, or has with other parameters.
 */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "causes.h"
#include "task.bpf.h"

#define PF_IO_WORKER 0x00000010 /* include/linux/sched.h */
#define USER32_CS 0x23		/* arch/x86/include/asm/segment.h */
#define PAGE_BYTES 0x1000ull
#define HUGE_BYTES 0x200000ull
#define HUGE_MASK (~(HUGE_BYTES - 1))

/* enum vm_fault_reason, include/linux/mm_types.h */
#define VM_FAULT_FAILED 0x873 /* VM_FAULT_ERROR */
#define VM_FAULT_RETRY 0x400
#define VM_FAULT_COMPLETED 0x4000

/* enum fault_flag, include/linux/mm_types.h */
#define FAULT_FLAG_WRITE 0x1
#define FAULT_FLAG_USER 0x40
#define FAULT_FLAG_REMOTE 0x80
#define FAULT_FLAG_INSTRUCTION 0x100
#define FAULT_FLAG_UNSHARE 0x400

/* enum x86_pf_error_code, arch/x86/include/asm/trap_pf.h */
#define X86_PF_WRITE 0x2
#define X86_PF_USER 0x4
#define X86_PF_INSTR 0x10

#define SCAN_SUCCEED 1 /* enum scan_result, mm/khugepaged.c */

/* arch/x86/entry/syscalls/syscall_64.tbl */
#define SYS_WRITE 1
#define SYS_MMAP 9
#define SYS_MPROTECT 10
#define SYS_MUNMAP 11
#define SYS_BRK 12
#define SYS_IOCTL 16
#define SYS_MREMAP 25
#define SYS_MSYNC 26
#define SYS_MADVISE 28
#define SYS_FSYNC 74
#define SYS_FDATASYNC 75
#define SYS_TRUNCATE 76
#define SYS_FTRUNCATE 77
#define SYS_MLOCK 149
#define SYS_MLOCKALL 151
#define SYS_SWAPOFF 168
#define SYS_SYNC_FILE_RANGE 277
#define SYS_FALLOCATE 285
#define SYS_PROCESS_VM_READV 310
#define SYS_PROCESS_VM_WRITEV 311
#define SYS_MLOCK2 325
#define SYS_PKEY_MPROTECT 329
#define SYS_PROCESS_MADVISE 440
#define SYS_PROCESS_MRELEASE 448

/* include/uapi/asm-generic/mman-common.h, mman.h */
#define MADV_DONTNEED 4
#define MADV_FREE 8
#define MADV_REMOVE 9
#define MADV_UNMERGEABLE 13
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#define MADV_DONTNEED_LOCKED 24
#define MADV_COLLAPSE 25
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#define MAP_POPULATES 0xa000 /* MAP_LOCKED, MAP_POPULATE */
#define MS_SYNC 4

/* include/uapi/linux/falloc.h */
#define FALLOC_PUNCHES 0x12 /* PUNCH_HOLE, ZERO_RANGE */
#define FALLOC_SHIFTS 0x28  /* COLLAPSE_RANGE, INSERT_RANGE */

#define ENOMEM 12

/* include/uapi/linux/userfaultfd.h */
#define UFFD_TYPE 0xaa
#define UFFD_UNREGISTER 1
#define UFFD_COPY 3
#define UFFD_MOVE 5
#define UFFD_POISON 8

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct pt_regs {
	unsigned long r10;
	unsigned long r8;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long cs;
};
struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct mm_struct *vm_mm;
	unsigned long vm_pgoff;
};
struct vm_fault {
	struct vm_area_struct *vma;
};
struct mm_walk {
	struct mm_struct *mm;
	void *private;
};
struct clear_refs_private {
	__u32 type;
};
struct folio {
	unsigned long flags;
	unsigned long _flags_1;
};
struct folio___packed {
	struct {
		unsigned long f;
	} flags; /* since 6.18 */
};
struct folio___order {
	unsigned char _folio_order; /* until 6.5 */
};
struct ksm_rmap_item {
	struct mm_struct *mm;
	unsigned long address;
};
struct rmap_item {
	struct mm_struct *mm;
	unsigned long address;
};
struct pagetable_move_control {
	struct vm_area_struct *old;
	unsigned long old_addr;
	unsigned long old_end;
	unsigned long new_addr;
	unsigned long len_in;
};
struct qstr {
	const unsigned char *name;
};
struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};
struct path {
	struct dentry *dentry;
};
struct super_block {
	unsigned int s_dev;
};
struct inode {
	unsigned long i_ino;
	void *i_private;
	struct super_block *i_sb;
};
struct address_space {
	struct inode *host;
};
struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};
struct task_struct___files {
	struct files_struct *files;
};
struct userfaultfd_ctx {
	struct mm_struct *mm;
};
#pragma clang attribute pop

enum pageflags { PG_head = 6 };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct causes_settings);
} settings SEC(".maps");

/* Threads that migrate pages, and why: 1 + enum migrate_reason. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} migrations SEC(".maps");

static __always_inline struct causes_settings *get_settings(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&settings, &zero);
}

/* Remembers the caller's PID namespace. */
SEC("syscall")
int start(void *context)
{
	struct causes_settings *s = get_settings();

	if (s)
		s->ns = namespace_of((void *)bpf_get_current_task());
	return 0;
}

/* The watched address space that has these tables. */
static __always_inline struct causes_space *find_space(struct causes_settings *s, __u64 pgd)
{
#pragma unroll
	for (int i = 0; i < (int)CAUSES_SPACES; i++)
		if (s->spaces[i].pgd == pgd)
			return pgd ? &s->spaces[i] : 0;
	return 0;
}

/* Whether pages of [begin, end) are watched. */
static __always_inline bool is_watched(struct causes_settings *s, __u64 pgd, __u64 begin, __u64 end)
{
	struct causes_space *space = find_space(s, pgd);

	return space && begin < space->end && space->begin < end;
}

/* The system call that the current thread is in. */
static __always_inline void set_syscall(struct cause_record *record, struct task_struct *task)
{
	struct pt_regs *regs;

	record->syscall = -1;
	record->argument = 0;
	/* A worker of io_uring has the registers of the thread that made it. */
	if (task->flags & (PF_KTHREAD | PF_IO_WORKER))
		return;
	regs = (void *)bpf_task_pt_regs(task);
	if (regs->cs == USER32_CS)
		return; /* other numbers */
	record->syscall = (__s32)regs->orig_ax;
	switch (record->syscall) {
	case SYS_IOCTL:
		record->argument = regs->si;
		break;
	case SYS_MADVISE:
	case SYS_MPROTECT:
	case SYS_PKEY_MPROTECT:
		record->argument = regs->dx;
		break;
	case SYS_PROCESS_MADVISE:
		record->argument = regs->r10;
		break;
	}
}

static __always_inline struct cause_record *begin_record(struct causes_settings *s, __u32 kind, __u64 pgd, __u64 begin,
							 __u64 end, __u64 detail)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct pid_ns ns = s->ns;
	struct cause_record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);

	if (!record) {
		__sync_fetch_and_add(&s->lost, 1);
		return 0;
	}
	record->ns = bpf_ktime_get_ns();
	record->pgd = pgd;
	record->begin = begin;
	record->end = end;
	record->detail = detail;
	record->kind = kind;
	record->flags = task->flags & PF_KTHREAD ? CAUSE_BY_KERNEL : 0;
	record->tid = number_in(BPF_CORE_READ(task, thread_pid), ns);
	record->pid = number_in(BPF_CORE_READ(task, group_leader, thread_pid), ns);
	bpf_get_current_comm(record->name, sizeof(record->name));
	set_syscall(record, task);
	return record;
}

static __always_inline void add(struct causes_settings *s, __u32 kind, __u64 pgd, __u64 begin, __u64 end, __u64 detail)
{
	struct cause_record *record = begin_record(s, kind, pgd, begin, end, detail);

	if (record)
		bpf_ringbuf_submit(record, 0);
}

static __always_inline void add_flagged(struct causes_settings *s, __u32 kind, __u64 pgd, __u64 begin, __u64 end,
					__u64 detail, __u32 flags)
{
	struct cause_record *record = begin_record(s, kind, pgd, begin, end, detail);

	if (!record)
		return;
	record->flags |= flags;
	bpf_ringbuf_submit(record, 0);
}

/* The kernel did something to [begin, end) of this address space. */
static __always_inline int did(__u32 kind, struct mm_struct *mm, __u64 begin, __u64 end, __u64 detail)
{
	struct causes_settings *s = get_settings();
	__u64 pgd;

	if (!s || !mm)
		return 0;
	pgd = (__u64)mm->pgd;
	if (is_watched(s, pgd, begin, end))
		add(s, kind, pgd, begin, end, detail);
	return 0;
}

/* And to the whole huge page that this address is in. */
static __always_inline int did_huge(__u32 kind, struct mm_struct *mm, __u64 address)
{
	return did(kind, mm, address & HUGE_MASK, (address & HUGE_MASK) + HUGE_BYTES, 0);
}

static __always_inline long returned(void *ctx)
{
	__u64 value = 0;

	bpf_get_func_ret(ctx, &value);
	return (long)value;
}

static __always_inline __u64 folio_bytes(struct folio *folio)
{
	struct folio___packed *packed = (void *)folio;
	struct folio___order *ordered = (void *)folio;
	__u64 flags, order;

	if (bpf_core_field_exists(packed->flags.f))
		flags = BPF_CORE_READ(packed, flags.f);
	else
		flags = BPF_CORE_READ(folio, flags);
	if (!(flags >> bpf_core_enum_value(enum pageflags, PG_head) & 1))
		return PAGE_BYTES;
	if (bpf_core_field_exists(ordered->_folio_order))
		order = BPF_CORE_READ(ordered, _folio_order);
	else
		order = BPF_CORE_READ(folio, _flags_1) & 0xff;
	return PAGE_BYTES << (order & 31);
}

SEC("fexit/handle_mm_fault")
int BPF_PROG(on_fault, struct vm_area_struct *vma, unsigned long address, unsigned int flags)
{
	long result = returned(ctx);
	struct causes_settings *s = get_settings();
	struct mm_struct *mm;
	__u64 page = address & ~(PAGE_BYTES - 1), pgd, detail;

	/* It is tried again, or nothing came of it. */
	if (!s || result & (VM_FAULT_FAILED | VM_FAULT_RETRY))
		return 0;
	/* The lock was dropped on the way: the region may be gone. Only a thread's own fault does this. */
	if (result & VM_FAULT_COMPLETED)
		mm = ((struct task_struct *)bpf_get_current_task_btf())->mm;
	else
		mm = vma->vm_mm;
	if (!mm)
		return 0;
	pgd = (__u64)mm->pgd;
	if (!is_watched(s, pgd, page, page + PAGE_BYTES))
		return 0;
	detail = (flags & FAULT_FLAG_WRITE ? CAUSE_FAULT_WRITE : 0) |
		 (flags & FAULT_FLAG_UNSHARE ? CAUSE_FAULT_UNSHARE : 0) |
		 (flags & FAULT_FLAG_REMOTE ? CAUSE_FAULT_REMOTE : 0) |
		 (flags & FAULT_FLAG_INSTRUCTION ? CAUSE_FAULT_EXECUTE : 0) |
		 (flags & FAULT_FLAG_USER ? 0 : CAUSE_FAULT_KERNEL);
	add(s, CAUSE_FAULT, pgd, page, page + PAGE_BYTES, detail);
	return 0;
}

SEC("fexit/filemap_map_pages")
int BPF_PROG(on_map_pages, struct vm_fault *vmf, unsigned long first, unsigned long last)
{
	struct vm_area_struct *vma = vmf->vma;
	__u64 start = vma->vm_start, offset = vma->vm_pgoff;

	return did(CAUSE_MAPPED, vma->vm_mm, start + (first - offset) * PAGE_BYTES,
		   start + (last + 1 - offset) * PAGE_BYTES, 0);
}

SEC("fexit/set_pte_range")
int BPF_PROG(on_set_pte_range, struct vm_fault *vmf, void *folio, void *page, unsigned int count, unsigned long address)
{
	return did(CAUSE_MAPPED, vmf->vma->vm_mm, address, address + count * PAGE_BYTES, 0);
}

SEC("fexit/unmap_page_range")
int BPF_PROG(on_zap, void *tlb, struct vm_area_struct *vma, unsigned long begin, unsigned long end)
{
	return did(CAUSE_ZAPPED, vma->vm_mm, begin, end, 0);
}

/* Its name in Linux 7. */
SEC("fexit/__zap_vma_range")
int BPF_PROG(on_zap_range, void *tlb, struct vm_area_struct *vma, unsigned long begin, unsigned long end)
{
	return did(CAUSE_ZAPPED, vma->vm_mm, begin, end, 0);
}

SEC("fexit/__unmap_hugepage_range")
int BPF_PROG(on_zap_hugetlb, void *tlb, struct vm_area_struct *vma, unsigned long begin, unsigned long end)
{
	return did(CAUSE_ZAPPED, vma->vm_mm, begin, end, 0);
}

SEC("fexit/change_protection")
int BPF_PROG(on_protect, void *tlb, struct vm_area_struct *vma, unsigned long begin, unsigned long end,
	     unsigned long flags)
{
	return did(CAUSE_PROTECTED, vma->vm_mm, begin, end, flags);
}

/* Until 6.2. */
SEC("fexit/change_protection")
int BPF_PROG(on_protect_old, void *tlb, struct vm_area_struct *vma, unsigned long begin, unsigned long end,
	     unsigned long protection, unsigned long flags)
{
	return did(CAUSE_PROTECTED, vma->vm_mm, begin, end, flags);
}

SEC("fexit/copy_page_range")
int BPF_PROG(on_fork, struct vm_area_struct *child, struct vm_area_struct *parent)
{
	return did(CAUSE_FORKED, parent->vm_mm, parent->vm_start, parent->vm_end, 0);
}

SEC("fexit/try_to_unmap_one")
int BPF_PROG(on_unmap, struct folio *folio, struct vm_area_struct *vma, unsigned long address)
{
	return did(CAUSE_UNMAPPED, vma->vm_mm, address, address + folio_bytes(folio), 0);
}

/* Why the current thread migrates: 1 + enum migrate_reason. */
static __always_inline __u32 migrate_reason(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u32 *reason = bpf_map_lookup_elem(&migrations, &tid);

	return reason ? *reason : 0;
}

SEC("raw_tp/mm_migrate_pages_start")
int on_migrate_start(struct bpf_raw_tracepoint_args *args)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid(), reason = 1 + (__u32)args->args[1];

	bpf_map_update_elem(&migrations, &tid, &reason, BPF_ANY);
	return 0;
}

SEC("raw_tp/mm_migrate_pages")
int on_migrate_end(struct bpf_raw_tracepoint_args *args)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&migrations, &tid);
	return 0;
}

SEC("fexit/try_to_migrate_one")
int BPF_PROG(on_migrating, struct folio *folio, struct vm_area_struct *vma, unsigned long address)
{
	return did(CAUSE_MIGRATING, vma->vm_mm, address, address + folio_bytes(folio), migrate_reason());
}

SEC("fexit/remove_migration_pte")
int BPF_PROG(on_migrated, struct folio *folio, struct vm_area_struct *vma, unsigned long address)
{
	return did(CAUSE_MIGRATED, vma->vm_mm, address, address + folio_bytes(folio), migrate_reason());
}

SEC("fexit/__split_huge_pmd")
int BPF_PROG(on_split, struct vm_area_struct *vma, void *pmd, unsigned long address)
{
	return did_huge(CAUSE_SPLIT, vma->vm_mm, address);
}

SEC("fexit/__split_huge_pmd_locked")
int BPF_PROG(on_split_locked, struct vm_area_struct *vma, void *pmd, unsigned long address)
{
	return did_huge(CAUSE_SPLIT, vma->vm_mm, address);
}

SEC("fexit/collapse_huge_page")
int BPF_PROG(on_collapse, struct mm_struct *mm, unsigned long address)
{
	if ((int)returned(ctx) != SCAN_SUCCEED)
		return 0;
	return did_huge(CAUSE_COLLAPSED, mm, address);
}

SEC("fexit/collapse_pte_mapped_thp")
int BPF_PROG(on_collapse_file, struct mm_struct *mm, unsigned long address)
{
	if ((int)returned(ctx) != SCAN_SUCCEED)
		return 0;
	return did_huge(CAUSE_COLLAPSED, mm, address);
}

static __always_inline int did_merge(struct mm_struct *mm, __u64 address, void *kept)
{
	address &= ~(PAGE_BYTES - 1); /* its low bits are flags */
	return did(CAUSE_MERGED, mm, address, address + PAGE_BYTES, kept != 0);
}

SEC("fexit/try_to_merge_with_ksm_page")
int BPF_PROG(on_merge, struct ksm_rmap_item *item, void *page, void *kept)
{
	return (int)returned(ctx) ? 0 : did_merge(item->mm, item->address, kept);
}

/* Until 6.1. */
SEC("fexit/try_to_merge_with_ksm_page")
int BPF_PROG(on_merge_old, struct rmap_item *item, void *page, void *kept)
{
	return (int)returned(ctx) ? 0 : did_merge(item->mm, item->address, kept);
}

SEC("fexit/break_ksm")
int BPF_PROG(on_unmerge, struct vm_area_struct *vma, unsigned long address)
{
	return did(CAUSE_UNMERGED, vma->vm_mm, address, address + PAGE_BYTES, 0);
}

SEC("fexit/madvise_free_pte_range")
int BPF_PROG(on_free, void *pmd, unsigned long begin, unsigned long end, struct mm_walk *walk)
{
	return did(CAUSE_FREED, walk->mm, begin, end, 0);
}

SEC("fexit/madvise_cold_or_pageout_pte_range")
int BPF_PROG(on_cool, void *pmd, unsigned long begin, unsigned long end, struct mm_walk *walk)
{
	return did(CAUSE_COOLED, walk->mm, begin, end, 0);
}

SEC("fexit/clear_refs_pte_range")
int BPF_PROG(on_clear_refs, void *pmd, unsigned long begin, unsigned long end, struct mm_walk *walk)
{
	struct clear_refs_private *asked = walk->private;

	return did(CAUSE_REFS_CLEARED, walk->mm, begin, end, BPF_CORE_READ(asked, type));
}

SEC("fexit/ptep_test_and_clear_young")
int BPF_PROG(on_age, struct vm_area_struct *vma, unsigned long address)
{
	if (!(returned(ctx) & 0xff)) /* an int or a bool */
		return 0;
	return did(CAUSE_AGED, vma->vm_mm, address, address + PAGE_BYTES, 0);
}

SEC("fexit/pmdp_test_and_clear_young")
int BPF_PROG(on_age_huge, struct vm_area_struct *vma, unsigned long address)
{
	if (!(returned(ctx) & 0xff)) /* an int or a bool */
		return 0;
	return did_huge(CAUSE_AGED, vma->vm_mm, address);
}

SEC("fexit/page_mkclean_one")
int BPF_PROG(on_clean, struct folio *folio, struct vm_area_struct *vma, unsigned long address)
{
	return did(CAUSE_CLEANED, vma->vm_mm, address, address + folio_bytes(folio), 0);
}

/* An ioctl of userfaultfd, with the pages that it is about. */
static __always_inline int did_userfault(struct userfaultfd_ctx *context, unsigned int command, unsigned long argument)
{
	__u64 words[3] = {}, number = command & 0xff, pgd;
	struct causes_settings *s = get_settings();

	if (!s || (command >> 8 & 0xff) != UFFD_TYPE || number < UFFD_UNREGISTER || number > UFFD_POISON)
		return 0;
	pgd = (__u64)BPF_CORE_READ(context, mm, pgd);
	if (!find_space(s, pgd) || bpf_probe_read_user(words, sizeof(words), (void *)argument))
		return 0;
	/* Those two have a source between the target and the length. */
	if (number != UFFD_COPY && number != UFFD_MOVE)
		words[2] = words[1];
	if (is_watched(s, pgd, words[0], words[0] + words[2]))
		add(s, CAUSE_USERFAULT, pgd, words[0], words[0] + words[2], number);
	if (number == UFFD_MOVE && is_watched(s, pgd, words[1], words[1] + words[2]))
		add(s, CAUSE_USERFAULT, pgd, words[1], words[1] + words[2], number | CAUSE_SOURCE);
	return 0;
}

SEC("fexit/userfaultfd_ioctl")
int BPF_PROG(on_userfault, struct file *file, unsigned int command, unsigned long argument)
{
	return did_userfault(file->private_data, command, argument);
}

static __always_inline int moved(struct mm_struct *mm, __u64 from, __u64 to, __u64 bytes)
{
	did(CAUSE_MOVED_AWAY, mm, from, from + bytes, to);
	return did(CAUSE_MOVED_HERE, mm, to, to + bytes, from);
}

SEC("fexit/move_page_tables")
int BPF_PROG(on_move, struct pagetable_move_control *move)
{
	__u64 from = move->old_end - move->len_in;

	return moved(move->old->vm_mm, from, move->new_addr - (move->old_addr - from), move->len_in);
}

/* Until 6.15. */
SEC("fexit/move_page_tables")
int BPF_PROG(on_move_old, struct vm_area_struct *vma, unsigned long from, void *target, unsigned long to,
	     unsigned long bytes)
{
	return moved(vma->vm_mm, from, to, bytes);
}

SEC("fexit/unuse_pte_range")
int BPF_PROG(on_swapoff, struct vm_area_struct *vma, void *pmd, unsigned long begin, unsigned long end)
{
	return did(CAUSE_SWAPPED_OFF, vma->vm_mm, begin, end, 0);
}

SEC("fexit/guard_install_set_pte")
int BPF_PROG(on_guard, unsigned long begin, unsigned long end, void *pte, struct mm_walk *walk)
{
	return did(CAUSE_GUARDED, walk->mm, begin, end, 0);
}

SEC("fexit/guard_remove_pte_entry")
int BPF_PROG(on_unguard, void *pte, unsigned long begin, unsigned long end, struct mm_walk *walk)
{
	return did(CAUSE_UNGUARDED, walk->mm, begin, end, 0);
}

/*
 * The tracepoints, where programs can't run at functions.
 */

static __always_inline int on_exception(__u64 address, __u64 error)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct causes_settings *s = get_settings();
	__u64 page = address & ~(PAGE_BYTES - 1), pgd;

	if (!s || !task->mm)
		return 0;
	pgd = (__u64)task->mm->pgd;
	if (is_watched(s, pgd, page, page + PAGE_BYTES))
		add_flagged(s, CAUSE_FAULT, pgd, page, page + PAGE_BYTES,
			    (error & X86_PF_WRITE ? CAUSE_FAULT_WRITE : 0) |
				    (error & X86_PF_INSTR ? CAUSE_FAULT_EXECUTE : 0) |
				    (error & X86_PF_USER ? 0 : CAUSE_FAULT_KERNEL),
			    CAUSE_EARLY);
	return 0;
}

SEC("raw_tp/page_fault_user")
int on_user_exception(struct bpf_raw_tracepoint_args *args)
{
	return on_exception(args->args[0], args->args[2]);
}

SEC("raw_tp/page_fault_kernel")
int on_kernel_exception(struct bpf_raw_tracepoint_args *args)
{
	return on_exception(args->args[0], args->args[2]);
}

SEC("raw_tp/sched_process_fork")
int on_process_fork(struct bpf_raw_tracepoint_args *args)
{
	struct task_struct *parent = (void *)args->args[0], *child = (void *)args->args[1];
	struct mm_struct *mm = BPF_CORE_READ(parent, mm);
	struct causes_settings *s = get_settings();
	__u64 pgd;

	if (!s || !mm || BPF_CORE_READ(child, mm) == mm)
		return 0;
	pgd = (__u64)BPF_CORE_READ(mm, pgd);
	if (is_watched(s, pgd, 0, ~0ull))
		add(s, CAUSE_FORKED, pgd, 0, ~0ull, 0);
	return 0;
}

/* These tell the address and the entry, and not whose it is: the loader compares the frame. */
static __always_inline int on_migration_entry(__u32 kind, __u64 address, __u64 entry, __u64 bytes)
{
	struct causes_settings *s = get_settings();
	struct cause_record *record;
	bool watched = false;

	if (!s)
		return 0;
#pragma unroll
	for (int i = 0; i < (int)CAUSES_SPACES; i++)
		if (s->spaces[i].pgd && address < s->spaces[i].end && s->spaces[i].begin < address + bytes)
			watched = true;
	if (!watched)
		return 0;
	record = begin_record(s, kind, 0, address, address + bytes, migrate_reason());
	if (!record)
		return 0;
	record->flags |= CAUSE_ANY_SPACE;
	record->argument = entry;
	bpf_ringbuf_submit(record, 0);
	return 0;
}

SEC("raw_tp/set_migration_pte")
int on_set_migration_pte(struct bpf_raw_tracepoint_args *args)
{
	return on_migration_entry(CAUSE_MIGRATING, args->args[0], args->args[1], PAGE_BYTES);
}

SEC("raw_tp/remove_migration_pte")
int on_remove_migration_pte(struct bpf_raw_tracepoint_args *args)
{
	return on_migration_entry(CAUSE_MIGRATED, args->args[0], args->args[1], PAGE_BYTES);
}

SEC("raw_tp/set_migration_pmd")
int on_set_migration_pmd(struct bpf_raw_tracepoint_args *args)
{
	return on_migration_entry(CAUSE_MIGRATING, args->args[0], args->args[1], HUGE_BYTES);
}

SEC("raw_tp/remove_migration_pmd")
int on_remove_migration_pmd(struct bpf_raw_tracepoint_args *args)
{
	return on_migration_entry(CAUSE_MIGRATED, args->args[0], args->args[1], HUGE_BYTES);
}

SEC("raw_tp/mm_collapse_huge_page")
int on_collapsed(struct bpf_raw_tracepoint_args *args)
{
	struct mm_struct *mm = (void *)args->args[0];
	struct causes_settings *s = get_settings();
	__u64 pgd;

	if (!s || (int)args->args[2] != SCAN_SUCCEED)
		return 0;
	pgd = (__u64)BPF_CORE_READ(mm, pgd);
	if (is_watched(s, pgd, 0, ~0ull))
		add_flagged(s, CAUSE_COLLAPSED, pgd, 0, ~0ull, 0, CAUSE_SOMEWHERE);
	return 0;
}

static __always_inline int merged(struct ksm_rmap_item *item, bool kept)
{
	struct causes_settings *s = get_settings();
	__u64 page = BPF_CORE_READ(item, address) & ~(PAGE_BYTES - 1), pgd;

	if (!s)
		return 0;
	pgd = (__u64)BPF_CORE_READ(item, mm, pgd);
	if (is_watched(s, pgd, page, page + PAGE_BYTES))
		add(s, CAUSE_MERGED, pgd, page, page + PAGE_BYTES, !kept);
	return 0;
}

/* It becomes the page that equal ones share. */
SEC("raw_tp/ksm_merge_one_page")
int on_ksm_kept(struct bpf_raw_tracepoint_args *args)
{
	return (int)args->args[3] ? 0 : merged((void *)args->args[1], true);
}

SEC("raw_tp/ksm_merge_with_ksm_page")
int on_ksm_merged(struct bpf_raw_tracepoint_args *args)
{
	return (int)args->args[4] ? 0 : merged((void *)args->args[2], false);
}

/* The file behind a descriptor of the current thread. */
static __always_inline struct file *file_of(struct task_struct *task, __u32 fd)
{
	struct task_struct___files *with_files = (void *)task;
	struct fdtable *table = BPF_CORE_READ(with_files, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = 0;

	if (fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

/* Something was done to a range of a file, and so to all pages that map it. */
static __always_inline void add_of_file(struct causes_settings *s, __u32 kind, __u64 pgd, struct inode *inode,
					__u64 begin, __u64 end)
{
	struct cause_record *record;

	if (!inode)
		return;
	record = begin_record(s, kind, pgd, begin, end, BPF_CORE_READ(inode, i_ino));
	if (!record)
		return;
	record->flags |= CAUSE_OF_FILE;
	record->argument = BPF_CORE_READ(inode, i_sb, s_dev);
	bpf_ringbuf_submit(record, 0);
}

/* Comes when the pages around a fault have been mapped. */
SEC("raw_tp/mm_filemap_map_pages")
int on_map_around(struct bpf_raw_tracepoint_args *args)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct address_space *mapping = (void *)args->args[0];
	struct causes_settings *s = get_settings();
	__u64 pgd;

	if (!s || !task->mm)
		return 0;
	pgd = (__u64)task->mm->pgd;
	if (find_space(s, pgd))
		add_of_file(s, CAUSE_MAPPED, pgd, BPF_CORE_READ(mapping, host), args->args[1] * PAGE_BYTES,
			    (args->args[2] + 1) * PAGE_BYTES);
	return 0;
}

/* System calls about a file by its descriptor, by whomever; false for all others. */
static __always_inline bool on_file_call(struct causes_settings *s, struct task_struct *task, struct pt_regs *regs,
					 long result)
{
	__u64 number = regs->orig_ax, begin = 0, end = ~0ull;
	__u32 kind = CAUSE_CLEANED;

	switch (number) {
	case SYS_FSYNC:
	case SYS_FDATASYNC:
		break;
	case SYS_SYNC_FILE_RANGE:
		begin = regs->si;
		if (regs->dx)
			end = begin + regs->dx;
		break;
	case SYS_FTRUNCATE:
		kind = CAUSE_ZAPPED;
		begin = regs->si;
		break;
	case SYS_FALLOCATE:
		kind = CAUSE_ZAPPED;
		if (!(regs->si & (FALLOC_PUNCHES | FALLOC_SHIFTS)))
			return true;
		begin = regs->dx;
		if (regs->si & FALLOC_PUNCHES)
			end = begin + regs->r10;
		break;
	default:
		return false;
	}
	if (!result)
		add_of_file(s, kind, 0, BPF_CORE_READ(file_of(task, regs->di), f_inode), begin & ~(PAGE_BYTES - 1),
			    end);
	return true;
}

#define NAMED_CLEAR_REFS 0x65725f7261656c63ull /* "clear_re", the first bytes of the name */

/* Somebody wrote to /proc/PID/clear_refs. */
static __always_inline void on_write(struct causes_settings *s, struct task_struct *task, __u32 fd, __u64 buffer)
{
	struct dentry *dentry = BPF_CORE_READ(file_of(task, fd), f_path.dentry);
	__u64 name = 0, folder = 0;
	char type = 0;

	bpf_probe_read_kernel(&name, sizeof(name), BPF_CORE_READ(dentry, d_name.name));
	if (name != NAMED_CLEAR_REFS)
		return;
	bpf_probe_read_kernel_str(&folder, sizeof(folder), BPF_CORE_READ(dentry, d_parent, d_name.name));
	bpf_probe_read_user(&type, sizeof(type), (void *)buffer);
#pragma unroll
	for (int i = 0; i < (int)CAUSES_SPACES; i++)
		if (s->spaces[i].pgd && s->spaces[i].pid_text == folder)
			add(s, CAUSE_REFS_CLEARED, s->spaces[i].pgd, 0, ~0ull, (__u64)(type - '0'));
}

/* What this advice does to pages; -1: nothing that is recorded. */
static __always_inline int kind_of_advice(__u64 advice, __u64 *detail)
{
	*detail = 0;
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_REMOVE:
		return CAUSE_ZAPPED;
	case MADV_FREE:
		return CAUSE_FREED;
	case MADV_UNMERGEABLE:
		return CAUSE_UNMERGED;
	case MADV_COLD:
		return CAUSE_COOLED;
	case MADV_PAGEOUT:
		return CAUSE_UNMAPPED;
	case MADV_POPULATE_READ:
		*detail = CAUSE_FAULT_KERNEL;
		return CAUSE_FAULT;
	case MADV_POPULATE_WRITE:
		*detail = CAUSE_FAULT_KERNEL | CAUSE_FAULT_WRITE;
		return CAUSE_FAULT;
	case MADV_COLLAPSE:
		return CAUSE_COLLAPSED;
	case MADV_GUARD_INSTALL:
		return CAUSE_GUARDED;
	case MADV_GUARD_REMOVE:
		return CAUSE_UNGUARDED;
	}
	return -1;
}

#define MOST_RANGES 8 /* of a call: more are left out */

/* The ranges of another process that a call names, as an array of struct iovec. */
static __always_inline void add_ranges(struct causes_settings *s, __u32 kind, __u64 pgd, __u64 vector, __u64 count,
				       __u64 detail)
{
	__u64 range[2];

#pragma unroll
	for (int i = 0; i < MOST_RANGES; i++) {
		if (i >= count || bpf_probe_read_user(range, sizeof(range), (void *)(vector + i * sizeof(range))))
			return;
		if (is_watched(s, pgd, range[0], range[0] + range[1]))
			add(s, kind, pgd, range[0], range[0] + range[1], detail);
	}
}

static __always_inline __u64 pgd_of_pid(struct causes_settings *s, __u32 pid)
{
#pragma unroll
	for (int i = 0; i < (int)CAUSES_SPACES; i++)
		if (pid && s->spaces[i].pid == pid)
			return s->spaces[i].pgd;
	return 0;
}

/* The process behind a descriptor that is known to be a pidfd. */
static __always_inline struct pid *pid_of(struct file *file)
{
	struct pid *pid = BPF_CORE_READ(file, f_inode, i_private); /* since 6.9 */

	return pid ? pid : BPF_CORE_READ(file, private_data);
}

/* System calls about the memory of another process; false for all others. */
static __always_inline bool on_remote_call(struct causes_settings *s, struct task_struct *task, struct pt_regs *regs,
					   long result)
{
	struct pid_ns ns = s->ns, own;
	__u64 pgd, detail = CAUSE_FAULT_KERNEL | CAUSE_FAULT_REMOTE;
	int kind = CAUSE_FAULT;

	switch (regs->orig_ax) {
	case SYS_PROCESS_MADVISE:
		kind = kind_of_advice(regs->r10, &detail);
		if (result < 0 || kind < 0)
			return true;
		pgd = pgd_of_pid(s, number_in(pid_of(file_of(task, regs->di)), ns));
		if (pgd)
			add_ranges(s, kind, pgd, regs->si, regs->dx, detail);
		return true;
	case SYS_PROCESS_VM_WRITEV:
		detail |= CAUSE_FAULT_WRITE;
		/* fallthrough */
	case SYS_PROCESS_VM_READV:
		own = namespace_of(task);
		if (result <= 0 || own.address != ns.address)
			return true;
		pgd = pgd_of_pid(s, regs->di);
		if (pgd)
			add_ranges(s, kind, pgd, regs->r10, regs->r8, detail);
		return true;
	}
	return false;
}

static __always_inline __u64 whole_pages(__u64 bytes)
{
	return (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

#define BIT(number) (1ull << (number))
#define CALLS_BELOW_64                                                                                          \
	(BIT(SYS_WRITE) | BIT(SYS_MMAP) | BIT(SYS_MPROTECT) | BIT(SYS_MUNMAP) | BIT(SYS_BRK) | BIT(SYS_IOCTL) | \
	 BIT(SYS_MREMAP) | BIT(SYS_MSYNC) | BIT(SYS_MADVISE))

/* Most calls have nothing to do with pages: they must cost little. */
static __always_inline bool is_about_pages(__u64 number)
{
	if (number < 64)
		return CALLS_BELOW_64 >> number & 1;
	switch (number) {
	case SYS_FSYNC:
	case SYS_FDATASYNC:
	case SYS_FTRUNCATE:
	case SYS_MLOCK:
	case SYS_MLOCKALL:
	case SYS_SYNC_FILE_RANGE:
	case SYS_FALLOCATE:
	case SYS_PROCESS_VM_READV:
	case SYS_PROCESS_VM_WRITEV:
	case SYS_MLOCK2:
	case SYS_PKEY_MPROTECT:
	case SYS_PROCESS_MADVISE:
		return true;
	}
	return false;
}

/* What a process asks for its own address space, when it was done: the registers still hold what was asked for. */
SEC("raw_tp/sys_exit")
int on_syscall(struct bpf_raw_tracepoint_args *args)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	__u64 number = regs->orig_ax, first, second, end, pgd, detail;
	long result = (long)args->args[1];
	struct causes_settings *s;
	struct causes_space *space;
	int kind;

	if (!is_about_pages(number) || regs->cs == USER32_CS)
		return 0;
	first = regs->di;
	second = regs->si;
	if (number == SYS_WRITE && (regs->dx > 3 || result <= 0))
		return 0;
	if (number == SYS_IOCTL && (second >> 8 & 0xff) != UFFD_TYPE)
		return 0;
	s = get_settings();
	if (!s || !task->mm)
		return 0;
	if (number == SYS_WRITE) {
		on_write(s, task, first, second);
		return 0;
	}
	if (number == SYS_IOCTL)
		return did_userfault(BPF_CORE_READ(file_of(task, first), private_data), second, regs->dx);
	if (on_file_call(s, task, regs, result) || on_remote_call(s, task, regs, result))
		return 0;
	pgd = (__u64)task->mm->pgd;
	space = find_space(s, pgd);
	if (!space)
		return 0;
	/* Some are refused half-way. */
	if (result < 0 && result >= -4095 && !(result == -ENOMEM && (number == SYS_MADVISE || number == SYS_MPROTECT)))
		return 0;
	end = first + whole_pages(second);
	switch (number) {
	case SYS_BRK:
		if ((__u64)result < space->brk)
			add(s, CAUSE_ZAPPED, pgd, whole_pages(result), whole_pages(space->brk), 0);
		space->brk = result;
		return 0;
	case SYS_MMAP:
		end = result + whole_pages(second);
		if (result >= (long)space->end || end <= space->begin)
			return 0;
		add(s, CAUSE_ZAPPED, pgd, result, end, 0);
		if (regs->r10 & MAP_POPULATES)
			add(s, CAUSE_FAULT, pgd, result, end, CAUSE_FAULT_KERNEL | CAUSE_FAULT_WRITE);
		return 0;
	case SYS_MREMAP:
		if ((__u64)result == first) {
			if (regs->dx < second)
				add(s, CAUSE_ZAPPED, pgd, first + whole_pages(regs->dx), end, 0);
			return 0;
		}
		add(s, CAUSE_MOVED_AWAY, pgd, first, end, result);
		add(s, CAUSE_MOVED_HERE, pgd, result, result + whole_pages(regs->dx), first);
		return 0;
	case SYS_MLOCKALL:
		add(s, CAUSE_FAULT, pgd, 0, ~0ull, CAUSE_FAULT_KERNEL | CAUSE_FAULT_WRITE);
		return 0;
	}
	if (first >= space->end || end <= space->begin)
		return 0;
	switch (number) {
	case SYS_MUNMAP:
		add(s, CAUSE_ZAPPED, pgd, first, end, 0);
		break;
	case SYS_MPROTECT:
	case SYS_PKEY_MPROTECT:
		add(s, CAUSE_PROTECTED, pgd, first, end, 0);
		break;
	case SYS_MSYNC:
		if (regs->dx & MS_SYNC)
			add(s, CAUSE_CLEANED, pgd, first, end, 0);
		break;
	case SYS_MLOCK:
	case SYS_MLOCK2:
		add(s, CAUSE_FAULT, pgd, first, end, CAUSE_FAULT_KERNEL | CAUSE_FAULT_WRITE);
		break;
	case SYS_MADVISE:
		kind = kind_of_advice(regs->dx, &detail);
		if (kind >= 0)
			add(s, kind, pgd, first, end, detail);
		break;
	}
	return 0;
}

/*
 * Somebody else changed how many pages the address space has in memory: which ones is not told. What the process itself
 * does to them comes by the other programs, but for truncate by a path.
 */
SEC("raw_tp/rss_stat")
int on_count(struct bpf_raw_tracepoint_args *args)
{
	struct mm_struct *mm = (void *)args->args[0];
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u32 kind = CAUSE_UNMAPPED;
	struct causes_settings *s;
	struct pt_regs *regs;
	__u64 pgd;

	if (!(task->flags & PF_KTHREAD)) {
		regs = (void *)bpf_task_pt_regs(task);
		switch (regs->orig_ax) {
		case SYS_FTRUNCATE:
		case SYS_FALLOCATE:
		case SYS_PROCESS_VM_READV:
		case SYS_PROCESS_VM_WRITEV:
		case SYS_PROCESS_MADVISE:
			return 0; /* on_syscall() knows more */
		case SYS_TRUNCATE:
		case SYS_PROCESS_MRELEASE:
			kind = CAUSE_ZAPPED;
			break;
		case SYS_SWAPOFF:
			kind = CAUSE_SWAPPED_OFF;
			break;
		default:
			/* Nearly always, and before anything is read. */
			if (task->mm == mm)
				return 0;
		}
	}
	s = get_settings();
	pgd = (__u64)BPF_CORE_READ(mm, pgd);
	if (s && find_space(s, pgd))
		add_flagged(s, kind, pgd, 0, ~0ull, 0, CAUSE_SOMEWHERE);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
