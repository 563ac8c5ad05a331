// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel walk: page tables read with the kernel's own helpers, under its own rules.
 *
 * - User addresses are walked under mmap_lock (read) and only inside a region found under that lock: munmap() frees
 *   tables outside of regions with the lock held for reading (dd2283f2605e).
 * - Inside of regions PTE tables can vanish, too, with mmap_lock held for reading or not at all: by the collapse of file
 *   mappings (6.5) and by MADV_DONTNEED (6.14). These are freed after an RCU grace period, which IRQs off hold back.
 * - Neither covers everything: modules can't take the lock of kernel tables (init_mm), hugetlb shares PMD tables between
 *   processes, and before 6.14 a process' tables are freed once the CPUs that it ran on have flushed their TLBs, which this
 *   one need not be. So nothing relies on a table to stay: entries are read from what is RAM for sure, by copies that
 *   can't fault, and all entries on the way are read again after.
 * - A leaf is told before it could be called bad, and nothing that clears bad entries is ever called.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include "compat.h"
#include "internal.h"

#define ATTEMPTS 4	 /* re-reads before tables count as raced */
#define CHUNK_STEPS 256u /* descents before the target's mmap_lock is released */

/* Numbered as everywhere else in cr3scope; cr3scope.h counts from 0. */
enum level { PTE_LEVEL = 1, PMD_LEVEL, PUD_LEVEL, P4D_LEVEL, PGD_LEVEL };

/* The way to one address. */
struct way {
	u64 table[PGD_LEVEL + 1]; /* by level: physical */
	u64 entry[PGD_LEVEL + 1];
	u64 word;	   /* meaning of entry[last] */
	const pte_t *ptes; /* the PTE table, where the walk gets there */
	enum level last;
};

/* What an entry covers. */
static unsigned long level_size(enum level level)
{
	switch (level) {
	case PTE_LEVEL:
		return PAGE_SIZE;
	case PMD_LEVEL:
		return PMD_SIZE;
	case PUD_LEVEL:
		return PUD_SIZE;
	case P4D_LEVEL:
		return P4D_SIZE;
	default:
		return PGDIR_SIZE;
	}
}

static unsigned long user_end(void)
{
	return 1ul << __VIRTUAL_MASK_SHIFT;
}

static u64 make_word(u32 kind, u32 size, u32 type, u64 value)
{
	return (u64)kind << 60 | (u64)size << 58 | (u64)type << 53 | CR3SCOPE_WORD_VALUE(value);
}

static u64 none_word(void)
{
	return make_word(CR3SCOPE_KIND_NONE, 0, 0, 0);
}

static u64 bad_word(void)
{
	return make_word(CR3SCOPE_KIND_BAD, 0, 0, 0);
}

static u64 raced_word(void)
{
	return make_word(CR3SCOPE_KIND_RACED, 0, 0, 0);
}

/* A non-present entry of any level, seen as hugetlb and swap code see it: as a pte. @offset: pages into its mapping. */
static u64 absent_word(u64 raw, u32 size, u64 offset)
{
	swp_entry_t arch = __pte_to_swp_entry(__pte(raw));
	swp_entry_t entry = swp_entry(__swp_type(arch), __swp_offset(arch));
	u32 type = swp_type(entry);

	if (entry_is_error(entry))
		return make_word(CR3SCOPE_KIND_ERROR, size, type, 0);
	if (entry_is_marker(entry))
		return make_word(CR3SCOPE_KIND_MARKER, size, type, swp_offset(entry));
	if (entry_is_migration(entry))
		return make_word(CR3SCOPE_KIND_MIGRATION, size, type, entry_pfn(entry) + offset);
	if (entry_is_device(entry))
		return make_word(CR3SCOPE_KIND_DEVICE, size, type, entry_pfn(entry) + offset);
	if (entry_is_hwpoison(entry))
		return make_word(CR3SCOPE_KIND_HWPOISON, size, type, entry_pfn(entry) + offset);
	return make_word(CR3SCOPE_KIND_SWAP, size, type, swp_offset(entry) + offset);
}

/*
 * Tables of the kernel half hold no swap entries: what is not present there has had its P cleared and keeps the rest, in
 * the direct map by secretmem, debug_pagealloc and KFENCE.
 */
static bool is_cleared(u64 raw, unsigned long va)
{
	return va >= user_end() && raw && !(raw & _PAGE_PRESENT);
}

static u64 cleared_word(u32 size)
{
	return make_word(CR3SCOPE_KIND_CLEARED, size, 0, 0);
}

static u64 page_word(u64 pfn, u32 size)
{
	return make_word(CR3SCOPE_KIND_PAGE, size, 0, pfn);
}

static u64 pte_word(pte_t pte)
{
	if (pte_none(pte))
		return none_word();
	if (pte_present(pte))
		return page_word(pte_pfn(pte), 0);
	return absent_word(pte_val(pte), 0, 0);
}

/*
 * Copies @n entries of the table at @from, which must lie in online memory: a changing entry may have pointed anywhere.
 * The resource tree is not asked, as frames.c does: its lock sleeps on PREEMPT_RT, and IRQs are off here.
 */
static bool copy_entries(u64 *to, const void *from, unsigned long n)
{
	return data_race(virt_addr_valid(from) && pfn_to_online_page(PHYS_PFN(__pa(from)))) &&
	       !copy_from_kernel_nofault(to, from, n * sizeof(*to));
}

static bool read_entry(struct way *way, enum level level, const void *from)
{
	way->last = level;
	if (!copy_entries(&way->entry[level], from, 1))
		return false;
	way->table[level] = __pa(from) & PAGE_MASK;
	return true;
}

/*
 * Reads the entries for @va from @root down. Returns the meaning of the entry that ends the walk, or 0 where a PTE
 * table was reached, way->ptes, whose entries are not read. IRQs are off.
 */
static u64 descend(const pgd_t *root, unsigned long va, struct way *way)
{
	const enum level top = pgtable_l5_enabled() ? PGD_LEVEL : P4D_LEVEL;
	const u64 in_pud = (va & ~PUD_MASK) >> PAGE_SHIFT, in_pmd = (va & ~PMD_MASK) >> PAGE_SHIFT;
	pgd_t pgd;
	p4d_t p4d;
	pud_t pud;
	pmd_t pmd;

	memset(way, 0, sizeof(*way));
	if (!read_entry(way, top, root + pgd_index(va)))
		return bad_word();
	if (pgtable_l5_enabled()) {
		pgd = __pgd(way->entry[PGD_LEVEL]);
		if (pgd_none(pgd))
			return none_word();
		if (pgd_bad(pgd) || !read_entry(way, P4D_LEVEL, p4d_offset(&pgd, va)))
			return bad_word();
	}
	p4d = __p4d(way->entry[P4D_LEVEL]);
	if (p4d_none(p4d))
		return none_word();
	if (p4d_bad(p4d) || !read_entry(way, PUD_LEVEL, pud_offset(&p4d, va)))
		return bad_word();

	pud = __pud(way->entry[PUD_LEVEL]);
	if (pud_none(pud))
		return none_word();
	if (is_cleared(pud_val(pud), va))
		return cleared_word(2);
	/* pud_leaf() wants P; a 1 GiB hugetlb page that is PROT_NONE has it clear and is present as a pte is. */
	if (pud_leaf(pud) || (pud_val(pud) & _PAGE_PSE && pte_present(__pte(pud_val(pud)))))
		return page_word(pud_pfn(pud) + in_pud, 2);
	if (!pud_present(pud))
		return absent_word(pud_val(pud), 2, in_pud);
	if (pud_bad(pud) || !read_entry(way, PMD_LEVEL, pmd_offset(&pud, va)))
		return bad_word();

	pmd = __pmd(way->entry[PMD_LEVEL]);
	if (pmd_none(pmd))
		return none_word();
	if (is_cleared(pmd_val(pmd), va))
		return cleared_word(1);
	/* pmd_present() also holds for PSE without P: PROT_NONE, or a huge page in mid-split. */
	if (pmd_leaf(pmd) && pmd_present(pmd))
		return page_word(pmd_pfn(pmd) + in_pmd, 1);
	if (!pmd_present(pmd))
		return absent_word(pmd_val(pmd), 1, in_pmd);
	if (pmd_bad(pmd))
		return bad_word();
	way->ptes = pte_offset_kernel(&pmd, va & PMD_MASK);
	return 0;
}

/* Whether two descents found the same tables; the hardware sets A and D by itself. */
static bool same_way(const struct way *a, const struct way *b)
{
	enum level level;

	if (a->last != b->last || a->ptes != b->ptes)
		return false;
	for (level = a->last; level <= PGD_LEVEL; level++)
		if (a->table[level] != b->table[level] ||
		    (a->entry[level] ^ b->entry[level]) & ~(u64)(_PAGE_ACCESSED | _PAGE_DIRTY))
			return false;
	return true;
}

static void walk_once(const pgd_t *root, unsigned long va, struct way *way)
{
	way->word = descend(root, va, way);
	if (way->word)
		return;
	if (!read_entry(way, PTE_LEVEL, way->ptes + pte_index(va)))
		way->word = bad_word();
	else if (is_cleared(way->entry[PTE_LEVEL], va))
		way->word = cleared_word(0);
	else
		way->word = pte_word(__pte(way->entry[PTE_LEVEL]));
}

/* One address, read until two walks in a row agree. */
static void walk_stable(const pgd_t *root, unsigned long va, struct way *way)
{
	struct way again;
	unsigned long flags;
	int attempt;
	bool same;

	for (attempt = 0; attempt < ATTEMPTS; attempt++) {
		local_irq_save(flags);
		walk_once(root, va, way);
		walk_once(root, va, &again);
		same = same_way(way, &again);
		local_irq_restore(flags);
		if (same)
			return;
	}
	way->word = raced_word();
}

static bool is_canonical(u64 va)
{
	s64 high = (s64)va >> __VIRTUAL_MASK_SHIFT;

	return high == 0 || high == -1;
}

int cr3scope_walk(struct cr3scope_walk *call)
{
	const unsigned long va = call->va;
	struct way way = { .last = PTE_LEVEL };
	struct vm_area_struct *vma;
	struct mm_struct *mm;
	const pgd_t *root;
	int error;

	if (call->flags & ~CR3SCOPE_USER_ROOT || call->reserved || !is_canonical(va))
		return -EINVAL;
	if (call->flags && !boot_cpu_has(X86_FEATURE_PTI))
		return -EINVAL;
	error = cr3scope_get_mm(call->pid, call->start_ticks, &mm);
	if (error)
		return error;
	/* The user half of the pair is its second page (arch/x86/include/asm/pgtable.h, kernel_to_user_pgdp()). */
	root = call->flags ? (const pgd_t *)((unsigned long)mm->pgd | PAGE_SIZE) : mm->pgd;
	call->root_pa = cr3scope_root_pa(root);
	if (va < user_end()) {
		if (mmap_read_lock_killable(mm)) {
			mmput(mm);
			return -EINTR;
		}
		vma = find_vma(mm, va);
		if (vma && vma->vm_start <= va)
			walk_stable(root, va, &way);
		else
			way.word = make_word(CR3SCOPE_KIND_NO_REGION, 0, 0, 0);
		mmap_read_unlock(mm);
	} else {
		walk_stable(root, va, &way);
	}
	mmput(mm);
	memcpy(call->table, &way.table[PTE_LEVEL], sizeof(call->table));
	memcpy(call->entry, &way.entry[PTE_LEVEL], sizeof(call->entry));
	call->word = way.word;
	call->last = way.last - PTE_LEVEL;
	return 0;
}
EXPORT_TO_COURSE(cr3scope_walk);

/* What one chunk of a range has filled in. */
struct chunk {
	struct cr3scope_run *runs;
	u64 *words;
	u32 run_count, run_capacity, word_count, word_capacity;
	u32 steps;
};

static bool chunk_has_room(const struct chunk *chunk)
{
	return chunk->run_count < chunk->run_capacity && chunk->word_count + PTRS_PER_PTE <= chunk->word_capacity &&
	       chunk->steps < CHUNK_STEPS;
}

static bool counts_up(u64 word)
{
	u32 kind = CR3SCOPE_WORD_KIND(word);

	return kind >= CR3SCOPE_KIND_PAGE && kind <= CR3SCOPE_KIND_HWPOISON;
}

/* Adds a stretch that one word describes, joined to the one before where that says the same. */
static void add_run(struct chunk *chunk, unsigned long va, u64 pages, u64 word)
{
	struct cr3scope_run *last = chunk->run_count ? &chunk->runs[chunk->run_count - 1] : NULL;

	if (last && !(last->flags & CR3SCOPE_RUN_WORDS) && last->va + last->pages * PAGE_SIZE == va &&
	    word == last->word + (counts_up(last->word) ? last->pages : 0))
		last->pages += pages;
	else
		chunk->runs[chunk->run_count++] = (struct cr3scope_run){ .va = va, .pages = pages, .word = word };
}

/* The pages [va, end) of one PTE table, or of one entry above; returns the address that it got to. */
static unsigned long walk_stretch(const pgd_t *root, unsigned long va, unsigned long end, struct chunk *chunk)
{
	u64 *words = chunk->words + chunk->word_count;
	struct way way, again;
	unsigned long flags, n, i;
	bool any = false, same;
	int attempt = 0;

	do {
		local_irq_save(flags);
		way.word = descend(root, va, &way);
		end = min(end, (va | (level_size(way.last) - 1)) + 1);
		n = (end - va) >> PAGE_SHIFT;
		if (way.ptes && !copy_entries(words, way.ptes + pte_index(va), n))
			way.word = bad_word();
		descend(root, va, &again);
		same = same_way(&way, &again);
		local_irq_restore(flags);
	} while (!same && ++attempt < ATTEMPTS);
	chunk->steps++;
	if (!same)
		way.word = raced_word();
	if (way.word) {
		add_run(chunk, va, n, way.word);
		return end;
	}
	for (i = 0; i < n; i++)
		any |= words[i];
	if (!any) {
		add_run(chunk, va, n, none_word());
		return end;
	}
	for (i = 0; i < n; i++)
		words[i] = pte_word(__pte(words[i]));
	chunk->runs[chunk->run_count++] = (struct cr3scope_run){
		.va = va,
		.pages = n,
		.word = words[0],
		.first = chunk->word_count,
		.flags = CR3SCOPE_RUN_WORDS,
	};
	chunk->word_count += n;
	return end;
}

/* Fills a chunk from the VMAs in [va, end); returns where to go on. */
static unsigned long walk_chunk(struct mm_struct *mm, unsigned long va, unsigned long end, struct chunk *chunk)
{
	struct vm_area_struct *vma;

	while (va < end && chunk_has_room(chunk)) {
		vma = find_vma(mm, va);
		if (!vma || vma->vm_start >= end)
			return end;
		va = max(va, vma->vm_start);
		while (va < min(end, vma->vm_end) && chunk_has_room(chunk))
			va = walk_stretch(mm->pgd, va, min(end, vma->vm_end), chunk);
	}
	return va;
}

static int copy_chunk(const struct chunk *chunk, struct cr3scope_walk_range *call)
{
	struct cr3scope_run __user *runs = u64_to_user_ptr(call->runs);
	u64 __user *words = u64_to_user_ptr(call->words);
	u32 i;

	for (i = 0; i < chunk->run_count; i++)
		if (chunk->runs[i].flags & CR3SCOPE_RUN_WORDS)
			chunk->runs[i].first += call->word_count;
	if (copy_to_user(runs + call->run_count, chunk->runs, chunk->run_count * sizeof(*runs)) ||
	    copy_to_user(words + call->word_count, chunk->words, chunk->word_count * sizeof(*words)))
		return -EFAULT;
	call->run_count += chunk->run_count;
	call->word_count += chunk->word_count;
	return 0;
}

int cr3scope_walk_range(struct reader *reader, struct cr3scope_walk_range *call)
{
	struct mm_struct *mm;
	u32 steps = 0;
	int error;

	if (call->reserved || !call->run_capacity || call->word_capacity < PTRS_PER_PTE || call->begin > call->end ||
	    call->end > user_end() || !PAGE_ALIGNED(call->begin) || !PAGE_ALIGNED(call->end))
		return -EINVAL;
	error = cr3scope_get_mm(call->pid, call->start_ticks, &mm);
	if (error)
		return error;
	call->root_pa = cr3scope_root_pa(mm->pgd);
	call->next = call->begin;
	call->run_count = call->word_count = 0;
	while (call->next < call->end && steps < CR3SCOPE_MOST_STEPS) {
		struct chunk chunk = {
			.runs = reader->runs,
			.words = reader->words,
			.run_capacity = min(CHUNK_RUNS, call->run_capacity - call->run_count),
			.word_capacity = min_t(u32, ARRAY_SIZE(reader->words), call->word_capacity - call->word_count),
		};

		if (!chunk_has_room(&chunk))
			break;
		if (signal_pending(current) || mmap_read_lock_killable(mm)) {
			error = call->next > call->begin ? 0 : -ERESTARTSYS;
			break;
		}
		call->next = walk_chunk(mm, call->next, call->end, &chunk);
		mmap_read_unlock(mm);
		steps += chunk.steps;
		/* Outside the lock: the target may be the caller, whose own fault would wait for it. */
		error = copy_chunk(&chunk, call);
		if (error)
			break;
		cond_resched();
	}
	mmput(mm);
	return error;
}
