/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The interface of /dev/cr3scope, the kernel-side source of cr3scope.
 *
 * Everything is read-only: no call changes a process, a page table or a frame. Opening the device, and each call by its
 * caller, takes CAP_SYS_ADMIN and CAP_SYS_RAWIO in the initial user namespace and a kernel that is not locked down to
 * "confidentiality". A descriptor that is passed on gives no further rights. Any number of descriptors may be open; the
 * calls of one descriptor wait for each other.
 *
 * All integers are little-endian and of fixed width. Structures hold no padding, are the same for 32-bit callers, and are
 * part of the request number: a module with another ABI answers ENOTTY, or names another number in @abi of INFO.
 * "Must be 0" fields that are not give EINVAL. Errors common to all calls:
 *
 *   EFAULT  a pointer of the caller is not valid
 *   EINTR   a signal came before anything was done, and its handler was set without SA_RESTART: with it, the call starts
 *           again by itself. A call that has done a part returns that part instead
 *   EPERM   the caller does not have both capabilities, or the kernel was locked down since the device was opened
 *   ENOTTY  no such call in this ABI
 */
#ifndef CR3SCOPE_H
#define CR3SCOPE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define CR3SCOPE_ABI 1
#define CR3SCOPE_DEVICE "/dev/cr3scope"

/* Levels of a walk, as indexes: 0 = PTE, 1 = PMD, 2 = PUD, then P4D and PGD (5 levels) or PGD (4 levels). */
#define CR3SCOPE_LEVELS 5

/* ---- INFO: facts of the running kernel ---- */

#define CR3SCOPE_PTI (1u << 0)	/* page-table isolation is on: each root has a user half at root PA + 0x1000 */
#define CR3SCOPE_PCID (1u << 1) /* CR3 bits 0..11 hold a PCID */
#define CR3SCOPE_LAM (1u << 2)	/* linear address masking is in use: CR3 bits 61 and 62 may be set */

struct cr3scope_info {
	__u32 abi;	       /* CR3SCOPE_ABI of the module */
	__u32 levels;	       /* 4 or 5 */
	__u32 flags;	       /* CR3SCOPE_PTI and others */
	__u32 phys_bits;       /* physical address width that the kernel uses */
	__u64 encryption_mask; /* the C-bit of AMD SME/SEV in entries, 0 where there is none */
	__u64 physical_mask;   /* bits that physical addresses in entries may have */
	__u64 direct_map;      /* kernel virtual address of physical address 0 */
	__u32 cpus;	       /* CPU numbers are below this */
	__u32 reserved;	       /* 0 */
	char release[64];      /* kernel release that the module was built for, NUL-terminated */
};

/* ---- PROCESSES: roots, by ascending PID ---- */

/* Where a root was found. */
#define CR3SCOPE_FROM_NONE 0u	   /* no address space: exiting, zombie, or a kernel thread that runs on none */
#define CR3SCOPE_FROM_MM 1u	   /* task->mm: the process' own */
#define CR3SCOPE_FROM_ACTIVE_MM 2u /* task->active_mm: borrowed by a kernel thread that is on a CPU at this moment */

#define CR3SCOPE_KERNEL_THREAD (1u << 0)
#define CR3SCOPE_ON_CPU (1u << 1) /* running at the moment of the call */

struct cr3scope_process {
	__u64 start_ticks;  /* start time as in /proc/PID/stat: clock ticks since boot */
	__u64 root_pa;	    /* physical address of mm->pgd, 0 with CR3SCOPE_FROM_NONE */
	__u64 user_root_pa; /* the user half under PTI, else 0 */
	__s32 pid;	    /* thread group, in the caller's PID namespace */
	__u32 from;	    /* CR3SCOPE_FROM_* */
	__u32 flags;	    /* CR3SCOPE_KERNEL_THREAD, CR3SCOPE_ON_CPU */
	__u32 cpu;	    /* CPU that it runs on, or last ran on */
};

/* Lists a bounded part, maybe none, of what it has room for; call again with @first = @next until @next is 0. */
struct cr3scope_processes {
	__u64 records;	/* in: address of struct cr3scope_process[capacity] */
	__u32 capacity; /* in: 1 to CR3SCOPE_MOST_PROCESSES */
	__u32 count;	/* out: records filled in */
	__s32 first;	/* in: lowest PID wanted, at least 1 */
	__s32 next;	/* out: where to go on, 0 at the end */
};

#define CR3SCOPE_MOST_PROCESSES 4096u

/* ---- CPU: control registers, read on the CPU itself ---- */

struct cr3scope_cpu {
	__u32 cpu; /* in; ENXIO where there is none or it is offline */
	__s32 pid; /* out: thread group that was interrupted, 0: idle, or not in the caller's PID namespace */
	__u64 cr0; /* out: raw registers; CR3 is that of the kernel half, since the kernel is what reads it */
	__u64 cr3;
	__u64 cr4;
	__u64 efer;    /* MSR 0xc0000080, 0 where it can't be read */
	__u64 pat;     /* MSR 0x277, 0 where it can't be read */
	__u64 root_pa; /* physical address of the loaded mm's pgd, as the scheduler knows it */
	__u32 from;    /* CR3SCOPE_FROM_MM, or CR3SCOPE_FROM_ACTIVE_MM: a kernel thread borrows it */
	__u32 flags;   /* CR3SCOPE_KERNEL_THREAD */
	char comm[16]; /* name of the interrupted task, NUL-terminated */
};

/* ---- Words: what the kernel's own helpers say of one 4 KiB page ---- */

/*
 * bits 63..60  CR3SCOPE_KIND_*
 * bits 59..58  size of the mapping that holds it: 0 4 KiB, 1 2 MiB, 2 1 GiB
 * bits 57..53  swap type of a kind that is not present
 * bits 49..0   frame number (PAGE, MIGRATION, DEVICE, HWPOISON), swap offset (SWAP), marker bits (MARKER); of this
 *              4 KiB page, also within a larger one
 */
#define CR3SCOPE_WORD_KIND(word) ((__u32)((word) >> 60))
#define CR3SCOPE_WORD_SIZE(word) ((__u32)((word) >> 58) & 3)
#define CR3SCOPE_WORD_TYPE(word) ((__u32)((word) >> 53) & 31)
#define CR3SCOPE_WORD_VALUE(word) (0x0003ffffffffffffull & (word))

/* 0 is not a kind: a caller may use it for "not asked". A later module may have more kinds. */
#define CR3SCOPE_KIND_NONE 1u	    /* no entry: nothing mapped */
#define CR3SCOPE_KIND_PAGE 2u	    /* maps a frame: pte_present(), which includes PROT_NONE and NUMA hints */
#define CR3SCOPE_KIND_SWAP 3u	    /* in a swap file or partition */
#define CR3SCOPE_KIND_MIGRATION 4u  /* frame under migration */
#define CR3SCOPE_KIND_DEVICE 5u	    /* device-private or device-exclusive memory */
#define CR3SCOPE_KIND_HWPOISON 6u   /* frame with a memory error */
#define CR3SCOPE_KIND_MARKER 7u	    /* PTE marker: no page */
#define CR3SCOPE_KIND_ERROR 8u	    /* a swap-in that failed (6.1) */
#define CR3SCOPE_KIND_BAD 9u	    /* an entry that pgd_bad() and its like refuse, or a table outside RAM */
#define CR3SCOPE_KIND_RACED 10u	    /* the tables kept changing while they were read */
#define CR3SCOPE_KIND_NO_REGION 11u /* user half, outside every region: not walked, as tables may be freed there */
#define CR3SCOPE_KIND_CLEARED 12u   /* kernel half: P cleared, the rest kept (secretmem, debug_pagealloc, KFENCE) */

/* ---- WALK: one address ---- */

#define CR3SCOPE_USER_ROOT (1u << 0) /* start from the user half of the root; EINVAL without PTI */

/*
 * ESRCH   no such process in the caller's PID namespace
 * ESTALE  the PID belongs to another process by now (start_ticks)
 * ENODATA no address space: a kernel thread, a zombie, an exiting process
 * EINVAL  flags unknown, or va not canonical
 */
struct cr3scope_walk {
	__u64 start_ticks;	      /* in: as in /proc/PID/stat; 0 takes any process with the PID */
	__u64 va;		      /* in: user or kernel half */
	__s32 pid;		      /* in: thread group */
	__u32 flags;		      /* in: CR3SCOPE_USER_ROOT or 0 */
	__u64 root_pa;		      /* out: where the walk started */
	__u64 table[CR3SCOPE_LEVELS]; /* out: by level: physical address of the table, 0 where none was reached */
	__u64 entry[CR3SCOPE_LEVELS]; /* out: by level: raw entry */
	__u64 word;		      /* out: what the entry at level @last means */
	__u32 last;		      /* out: level index of the last entry read; with NO_REGION nothing was read */
	__u32 reserved;		      /* must be 0 */
};

/* ---- WALK_RANGE: the regions within [begin, end) ---- */

#define CR3SCOPE_MOST_STEPS 4096u

#define CR3SCOPE_RUN_WORDS (1u << 0) /* each page has a word of its own at words[first] */

/* A stretch of pages. Pages outside every region have no run. */
struct cr3scope_run {
	__u64 va;
	__u64 pages;
	__u64 word; /* of the first page; the value counts up by 1 for each page, except in NONE, MARKER, ERROR, BAD and RACED */
	__u32 first; /* with CR3SCOPE_RUN_WORDS: index of the first page's word */
	__u32 flags; /* CR3SCOPE_RUN_WORDS or 0 */
};

/*
 * Does a bounded part, maybe without a run; call again with @begin = @next until @next = @end. A part ends where there is
 * no room left, where CR3SCOPE_MOST_STEPS PTE tables or entries above them were looked at, or where a signal came. Runs
 * come by ascending address. Errors as in WALK; EINVAL also for ends that are not page-aligned, not in the user half, or in the wrong order, and for
 * capacities of 0.
 */
struct cr3scope_walk_range {
	__u64 start_ticks;   /* in */
	__u64 begin;	     /* in: page-aligned, user half */
	__u64 end;	     /* in: exclusive */
	__u64 runs;	     /* in: address of struct cr3scope_run[run_capacity] */
	__u64 words;	     /* in: address of __u64[word_capacity] */
	__u32 run_capacity;  /* in: at least 1 */
	__u32 word_capacity; /* in: at least 512 */
	__s32 pid;	     /* in: thread group */
	__u32 reserved;	     /* must be 0 */
	__u64 next;	     /* out */
	__u64 root_pa;	     /* out */
	__u32 run_count;     /* out */
	__u32 word_count;    /* out */
};

/* ---- READ_FRAMES: bytes of physical frames ---- */

#define CR3SCOPE_FRAME_OK 0u
#define CR3SCOPE_FRAME_NOT_RAM 1u	    /* a hole, a device, firmware, or beyond the end of memory */
#define CR3SCOPE_FRAME_OFFLINE 2u	    /* unplugged or ballooned away */
#define CR3SCOPE_FRAME_HWPOISON 3u	    /* has a memory error: reading it would raise a machine check */
#define CR3SCOPE_FRAME_NOT_IN_DIRECT_MAP 4u /* the kernel has it unmapped for itself, as memfd_secret */
#define CR3SCOPE_FRAME_UNACCEPTED 5u	    /* encrypted guest: a free frame, which may not have been accepted yet */

#define CR3SCOPE_MOST_FRAMES 4096u

/* Bytes of frames whose status is not 0 are left as they are. */
struct cr3scope_read_frames {
	__u64 pfns;   /* in: address of __u64[count] */
	__u64 data;   /* in: address of 4096 * count bytes */
	__u64 status; /* in: address of __u32[count] */
	__u32 count;  /* in: at most CR3SCOPE_MOST_FRAMES */
	__u32 done;   /* out: frames done; fewer than count where a signal came */
};

#define CR3SCOPE_MAGIC 0xc3
#define CR3SCOPE_INFO _IOR(CR3SCOPE_MAGIC, 0, struct cr3scope_info)
#define CR3SCOPE_PROCESSES _IOWR(CR3SCOPE_MAGIC, 1, struct cr3scope_processes)
#define CR3SCOPE_CPU _IOWR(CR3SCOPE_MAGIC, 2, struct cr3scope_cpu)
#define CR3SCOPE_WALK _IOWR(CR3SCOPE_MAGIC, 3, struct cr3scope_walk)
#define CR3SCOPE_WALK_RANGE _IOWR(CR3SCOPE_MAGIC, 4, struct cr3scope_walk_range)
#define CR3SCOPE_READ_FRAMES _IOWR(CR3SCOPE_MAGIC, 5, struct cr3scope_read_frames)

#if defined(__cplusplus)
#define CR3SCOPE_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#else
#define CR3SCOPE_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif
CR3SCOPE_SIZE(struct cr3scope_info, 112);
CR3SCOPE_SIZE(struct cr3scope_process, 40);
CR3SCOPE_SIZE(struct cr3scope_processes, 24);
CR3SCOPE_SIZE(struct cr3scope_cpu, 80);
CR3SCOPE_SIZE(struct cr3scope_walk, 128);
CR3SCOPE_SIZE(struct cr3scope_run, 32);
CR3SCOPE_SIZE(struct cr3scope_walk_range, 80);
CR3SCOPE_SIZE(struct cr3scope_read_frames, 32);

#endif
