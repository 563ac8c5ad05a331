// SPDX-License-Identifier: GPL-2.0-only
// Why pages changed: what records show is seen; all else is inferred, with every cause that fits and none as certain.
import { expect, test } from 'vitest';
import { causeOf, changesOf } from '../../app/contract/causes.ts';
import { effectsOf } from '../../app/contract/effects.ts';
import { ACCESSED, DIRTY, NX, SOFT_DIRTY, UFFD_WP, WRITE } from '../../app/contract/paging.ts';
import { type CauseRecord, FAULT, RECORD_KINDS, sayRecord, UFFD, UFFD_SOURCE } from '../../app/contract/records.ts';
import type { PageState } from '../../app/contract/watch.ts';

const VA = 0x7f00_0000_3000n;
const FLAGS = { anon: 1n << 12n, file: 0n, ksm: (1n << 12n) | (1n << 21n) };

const NOTHING: PageState = {
  va: VA,
  ns: 1_000_000n,
  kind: 'none',
  raw: 0n,
  pagemap: 0n,
  pfn: 0n,
  shift: 0,
  verdict: 'notPresent',
  note: 'none',
  flags: undefined,
  count: undefined,
};
const page = (bits: bigint, more: Partial<PageState> = {}): PageState => ({
  ...NOTHING,
  kind: 'leaf',
  raw: 1n | bits,
  pfn: 0x100n,
  shift: 12,
  verdict: 'agree',
  flags: FLAGS.anon,
  count: 1n,
  ...more,
});
const rw = page(WRITE | ACCESSED | DIRTY);
const ro = page(ACCESSED | DIRTY);
const zero = page(ACCESSED, { note: 'zeroPage', pfn: 1n, flags: 1n << 24n, count: undefined });
const file = page(ACCESSED, { flags: FLAGS.file });
const fileWritten = page(WRITE | ACCESSED | DIRTY, { flags: FLAGS.file });
const none = page(ACCESSED | DIRTY, { kind: 'protNone', raw: 0x160n, note: 'protNone' });
const swap = { ...NOTHING, kind: 'swap' as const, raw: 0x2000n };
const huge = page(WRITE | ACCESSED | DIRTY, { shift: 21 });
const at = (state: PageState, more: Partial<PageState>): PageState => ({ ...state, ...more });

let clock = 0n;
const tick = (ns = 1000n): bigint => {
  clock += ns;
  return clock;
};
const record = (kind: CauseRecord['kind'], more: Partial<CauseRecord> = {}): CauseRecord => ({
  kind,
  ns: tick(),
  begin: VA,
  end: VA + 0x1000n,
  detail: 0n,
  argument: 0n,
  syscall: undefined,
  pid: 4077,
  tid: 4078,
  name: 'program',
  byKernel: false,
  somewhere: false,
  ...more,
});
const write = () => record('fault', { detail: FAULT.write });
const madvise = (kind: CauseRecord['kind'], advice: bigint, more = {}) =>
  record(kind, { syscall: 28, argument: advice, ...more });

const inferred = (from: PageState, to: PageState, other?: bigint) => causeOf(from, to, 4077, [], other);

/** What was guessed wrong before: the right cause must be among those that fit, and what cannot be must not. */
test.each<[string, PageState, PageState, RegExp, RegExp?]>([
  ['NUMA balancing that moves', none, at(rw, { pfn: 0x200n }), /NUMA balancing/, /copy on write/],
  ['move_pages', rw, at(rw, { pfn: 0x200n }), /move_pages/, /copy on write|KSM/],
  ['KSM unmerge', at(ro, { flags: FLAGS.ksm }), at(rw, { pfn: 0x200n }), /end of merging/],
  ['a copy by who shared the frame', ro, at(ro, { pagemap: 1n << 56n }), /copy on write .*in another process/],
  ['KSM: the page that is kept', rw, at(ro, { flags: FLAGS.ksm }), /KSM/],
  ['MADV_FREE', rw, page(WRITE), /MADV_FREE/],
  ['reclaim after MADV_FREE', page(WRITE), NOTHING, /reclaim after MADV_FREE/],
  ['MADV_COLLAPSE over untouched pages', NOTHING, huge, /MADV_COLLAPSE/],
  ['msync of a shared file', fileWritten, file, /msync/, /fork/],
  ['MADV_DONTNEED of the zero page', zero, NOTHING, /MADV_DONTNEED/, /truncat|reclaim/],
  ['truncation over a private copy', rw, NOTHING, /truncation/],
  ['uffd-wp lifted', page(ACCESSED | DIRTY | UFFD_WP), rw, /UFFDIO_WRITEPROTECT/, /mprotect/],
  ['copy on write', ro, at(rw, { pfn: 0x200n }), /copy on write/],
  ['copy of a private file page', file, at(rw, { pfn: 0x200n }), /copy on write/],
  ['a NUMA hint', rw, none, /a NUMA hint/],
  ['a NUMA hint that is met', none, rw, /NUMA hint/],
  ['fork', rw, ro, /^fork/m],
  ['swap out', rw, swap, /reclaim/],
  ['swap in', swap, rw, /swapoff/],
  ['a swap slot', swap, NOTHING, /MADV_FREE/],
  ['a first read', NOTHING, zero, /a read/, /a first access/],
  ['a first touch of a file', NOTHING, file, /near it/],
  ['migration', at(NOTHING, { kind: 'migration' }), rw, /compaction/],
  ['a guard', rw, at(NOTHING, { kind: 'marker', note: 'guardMarker' }), /MADV_GUARD_INSTALL/, /UFFD/],
  ['a split', huge, at(rw, { pfn: huge.pfn }), /munmap/],
  ['a collapse', rw, at(huge, { pfn: 0x200n }), /khugepaged/],
  ['soft-dirty', page(SOFT_DIRTY), page(0n), /clear_refs/],
  ['execution', page(NX), page(0n), /mprotect/],
  ['another sharer', rw, at(rw, { pagemap: 1n }), /fork/],
])('inferred: %s', (_name, from, to, fits, wrong) => {
  const cause = inferred(from, to);
  expect(cause.how).toBe('inferred');
  expect(cause.text).toMatch(/^inferred: /);
  expect(cause.causes.join('\n')).toMatch(fits);
  if (wrong) expect(cause.text).not.toMatch(wrong);
});

test('the same frame at another watched page was moved there, and is not said to be touched first', () => {
  const there = VA + 0x8000n;
  const states = [NOTHING, at(rw, { va: there })];
  const last = new Map([
    [VA, rw],
    [there, at(NOTHING, { va: there })],
  ]);
  const [source, target] = changesOf(states, last, 4077);
  expect(source?.cause.causes[0]).toBe('mremap or UFFDIO_MOVE to 7f000000b000, where the same frame is mapped');
  expect(target?.cause.causes[0]).toBe('mremap or UFFDIO_MOVE from 7f0000003000, where the same frame was mapped');
  expect(target?.cause.how).toBe('inferred');
});

test('a page that the sample reports and that is as it was is no change', () => {
  expect(changesOf([at(rw, { ns: 5n })], new Map([[VA, rw]]), 4077)).toEqual([]);
});

/** A row for each kind of record, and more where they do several things. */
const STEPS: [CauseRecord['kind'], PageState, PageState, CauseRecord, string][] = [
  ['fault', NOTHING, zero, record('fault'), 'read fault by thread 4078'],
  ['fault', NOTHING, rw, write(), 'write fault by thread 4078'],
  ['fault', zero, rw, write(), 'write fault by thread 4078'],
  ['fault', ro, at(rw, { pfn: 0x200n }), write(), 'write fault by thread 4078'],
  ['fault', swap, rw, record('fault'), 'read fault by thread 4078'],
  ['fault', NOTHING, rw, record('fault', { syscall: 149 }), 'mlock by thread 4078'],
  [
    'fault',
    NOTHING,
    rw,
    record('fault', { pid: 9, tid: 9, name: 'gdb', syscall: 101, detail: FAULT.write | FAULT.remote | FAULT.kernel }),
    'write fault in ptrace by process 9 (gdb)',
  ],
  ['mapped', NOTHING, file, record('mapped'), 'fault on a page near it by thread 4078'],
  ['zapped', rw, NOTHING, record('zapped', { syscall: 11 }), 'munmap by thread 4078'],
  ['zapped', rw, NOTHING, madvise('zapped', 4n), 'madvise(MADV_DONTNEED) by thread 4078'],
  ['zapped', swap, NOTHING, record('zapped', { syscall: 77, pid: 9, name: 'log' }), 'ftruncate by process 9 (log)'],
  ['protected', rw, ro, record('protected', { syscall: 10, argument: 1n }), 'mprotect(PROT_READ) by thread 4078'],
  ['protected', rw, none, record('protected', { detail: 2n }), 'NUMA balancing set a hint by thread 4078'],
  ['forked', rw, ro, record('forked', { end: VA + 0x100000n }), 'fork by thread 4078'],
  ['unmapped', rw, swap, record('unmapped', { byKernel: true, name: 'kswapd0', pid: 0, tid: 0 }), 'reclaim by kswapd0'],
  ['unmapped', rw, swap, madvise('unmapped', 21n), 'madvise(MADV_PAGEOUT) by thread 4078'],
  // For want of memory, within a call that asks for pages.
  ['unmapped', rw, swap, madvise('unmapped', 23n), 'reclaim by thread 4078'],
  [
    'migrating',
    rw,
    at(NOTHING, { kind: 'migration' }),
    record('migrating', { detail: 1n, byKernel: true, name: 'kcompactd0' }),
    'migration for compaction by kcompactd0',
  ],
  [
    'migrated',
    rw,
    at(rw, { pfn: 0x200n }),
    record('migrated', { detail: 4n, syscall: 279 }),
    'move_pages by thread 4078',
  ],
  [
    'migrated',
    none,
    at(rw, { pfn: 0x200n }),
    record('migrated', { detail: 6n }),
    'migration for NUMA balancing by thread 4078',
  ],
  ['split', huge, rw, record('split'), 'split of the huge page by thread 4078'],
  ['collapsed', NOTHING, huge, madvise('collapsed', 25n), 'madvise(MADV_COLLAPSE) by thread 4078'],
  [
    'merged',
    rw,
    at(ro, { pfn: 0x200n }),
    record('merged', { detail: 1n, byKernel: true, name: 'ksmd' }),
    'merge with an equal page (KSM) by ksmd',
  ],
  ['unmerged', ro, at(rw, { pfn: 0x200n }), madvise('unmerged', 13n), 'madvise(MADV_UNMERGEABLE) by thread 4078'],
  ['freed', rw, page(WRITE), madvise('freed', 8n), 'madvise(MADV_FREE) by thread 4078'],
  ['cooled', rw, page(WRITE | DIRTY), madvise('cooled', 20n), 'madvise(MADV_COLD) by thread 4078'],
  ['refsCleared', rw, page(WRITE | DIRTY), record('refsCleared', { detail: 1n }), 'clear_refs (1) by thread 4078'],
  [
    'aged',
    rw,
    page(WRITE | DIRTY),
    record('aged', { byKernel: true, name: 'kswapd0' }),
    'a look whether it is used by kswapd0',
  ],
  ['cleaned', fileWritten, page(ACCESSED, { flags: 0n }), record('cleaned', { syscall: 26 }), 'msync by thread 4078'],
  ['userfault', NOTHING, rw, record('userfault', { detail: BigInt(UFFD.copy) }), 'UFFDIO_COPY by thread 4078'],
  [
    'userfault',
    rw,
    page(ACCESSED | DIRTY | UFFD_WP),
    record('userfault', { detail: 6n }),
    'UFFDIO_WRITEPROTECT by thread 4078',
  ],
  ['userfault', rw, NOTHING, record('userfault', { detail: 5n | UFFD_SOURCE }), 'UFFDIO_MOVE by thread 4078'],
  ['movedAway', rw, NOTHING, record('movedAway', { detail: 0x8000n, syscall: 25 }), 'mremap to 8000 by thread 4078'],
  ['movedHere', NOTHING, rw, record('movedHere', { detail: 0x8000n, syscall: 25 }), 'mremap from 8000 by thread 4078'],
  [
    'swappedOff',
    swap,
    rw,
    record('swappedOff', { syscall: 168, pid: 9, name: 'swapoff' }),
    'swapoff by process 9 (swapoff)',
  ],
  [
    'guarded',
    rw,
    at(NOTHING, { kind: 'marker', note: 'guardMarker' }),
    madvise('guarded', 102n),
    'madvise(MADV_GUARD_INSTALL) by thread 4078',
  ],
  [
    'unguarded',
    at(NOTHING, { kind: 'marker', note: 'guardMarker' }),
    NOTHING,
    madvise('unguarded', 103n),
    'madvise(MADV_GUARD_REMOVE) by thread 4078',
  ],
];
test.each(STEPS)('seen: %s', (kind, from, to, by, words) => {
  expect(by.kind).toBe(kind);
  expect(sayRecord(by, 4077)).toBe(words);
  const cause = causeOf(from, to, 4077, [by]);
  expect(cause.text).toMatch(/^seen: .* → /);
  expect(cause.how).toBe('seen');
  expect(cause.causes).toEqual([expect.stringContaining(words)]);
  // Of a page elsewhere it says nothing.
  const elsewhere = { ...by, begin: VA + 0x4000_0000n, end: VA + 0x4000_1000n };
  expect(causeOf(from, to, 4077, [elsewhere]).how).toBe('inferred');
});

test('there is a row for each kind of record', () => {
  expect(new Set(STEPS.map(([kind]) => kind))).toEqual(new Set(RECORD_KINDS));
});

test('what can’t have done it is not said to have', () => {
  expect(causeOf(rw, ro, 4077, [record('fault')]).how).toBe('inferred');
  expect(causeOf(rw, at(rw, { pfn: 0x200n }), 4077, [write()]).how).toBe('inferred'); // it was writable already
  expect(causeOf(rw, NOTHING, 4077, [write(), madvise('freed', 8n)]).how).toBe('inferred');
  expect(causeOf(none, rw, 4077, [record('protected', { detail: 2n })]).how).toBe('inferred');
});

test.each([
  [1n, rw, none, false],
  [0n, rw, none, true],
  [0n, none, rw, false],
  [3n, none, rw, true],
  [1n, ro, rw, false],
  [3n, ro, rw, true],
])('mprotect to %s is held to what it asks for: %#', (argument, from, to, seen) => {
  const cause = causeOf(from, to, 4077, [record('protected', { syscall: 10, argument })]);
  expect(cause.how).toBe(seen ? 'seen' : 'inferred');
});

test('where a huge page was made somewhere, a touch within it does not show how this one came', () => {
  const collapse = record('collapsed', {
    somewhere: true,
    byKernel: true,
    name: 'khugepaged',
    begin: 0n,
    end: 1n << 63n,
  });
  const cause = causeOf(NOTHING, huge, 4077, [write(), collapse]);
  expect(cause.how).toBe('inferred');
  expect(cause.text).toMatch(/collapse into a huge page by khugepaged/);
});

test('steps are told in their order, and what fills a page again is no copy', () => {
  const steps = [madvise('zapped', 4n), write()];
  const cause = causeOf(ro, at(rw, { pfn: 0x200n, ns: tick(500_000n) }), 4077, steps);
  expect(cause.text).toBe(
    'seen: madvise(MADV_DONTNEED) by thread 4078, 0.5 ms before, then write fault by thread 4078, 0.5 ms before → another frame: mapped anew',
  );
  expect(causeOf(ro, at(rw, { pfn: 0x200n, ns: clock }), 4077, [write()]).text).toMatch(
    /→ copy on write: a frame of its own$/,
  );
});

test('a part that no record explains is inferred beside what was seen', () => {
  const cause = causeOf(rw, page(DIRTY), 4077, [record('forked')]);
  expect(cause.how).toBe('inferred');
  expect(cause.text).toMatch(/^seen: fork by thread 4078, .* → made read-only; inferred: A was cleared: /);
  // The processor sets A and D by itself, afterwards.
  const used = causeOf(page(NX), page(ACCESSED), 4077, [record('protected', { syscall: 10, argument: 5n })]);
  expect(used.how).toBe('seen');
  expect(used.effects).toEqual(['made executable', 'A was set']);
});

test('where records were lost, what was seen is told and no more is concluded', () => {
  const [change] = changesOf([at(rw, { pfn: 0x200n })], new Map([[VA, ro]]), 4077, [write()], 1n);
  expect(change?.cause.text).toMatch(/^seen: write fault by thread 4078, .* → another frame$/);
});

test('what happened somewhere in the process points to a cause, and does not show it', () => {
  const cause = causeOf(rw, swap, 4077, [
    record('unmapped', { somewhere: true, byKernel: true, name: 'kswapd0', begin: 0n, end: (1n << 64n) - 1n }),
  ]);
  expect(cause.how).toBe('inferred');
  expect(cause.text).toMatch(
    /^inferred: swapped out: reclaim by kswapd0, .*, somewhere in this process; or another cause$/,
  );
});

test('a huge page is made and split as a whole', () => {
  const far = { begin: VA + 0x10_0000n, end: VA + 0x10_1000n };
  expect(causeOf(NOTHING, huge, 4077, [{ ...write(), ...far }]).how).toBe('seen');
  expect(causeOf(NOTHING, rw, 4077, [{ ...write(), ...far }]).how).toBe('inferred');
  expect(causeOf(huge, rw, 4077, [record('protected', { ...far, syscall: 10, argument: 1n })]).how).toBe('seen');
});

test('mremap unmaps what it has left behind: that is told once', () => {
  const move = record('movedAway', { syscall: 25, detail: 0x8000n });
  const cause = causeOf(rw, NOTHING, 4077, [move, record('zapped', { syscall: 25 })]);
  expect(cause.causes).toEqual([expect.stringMatching(/^mremap to 8000/)]);
});

test('every difference has words', () => {
  const states = [NOTHING, rw, ro, zero, file, none, swap, huge, at(rw, { pfn: 0x200n })];
  for (const from of states)
    for (const to of states)
      for (const { text } of from === to ? [] : effectsOf(from, to)) expect(text).toMatch(/^\S.*\S$/);
});
