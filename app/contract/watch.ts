// SPDX-License-Identifier: GPL-2.0-only
// What became of a page between two samples, and the likely cause.
import type { Rows } from './api.ts';
import { hex, kpageFlagNames } from './format.ts';
import {
  ACCESSED,
  DIRTY,
  isWritable,
  mapsFrame,
  NX,
  PAGE_SHIFT,
  pageSizeName,
  SAVED_DIRTY,
  SOFT_DIRTY,
  UFFD_WP,
  WRITE,
} from './paging.ts';
import { ENTRY_KIND, ENTRY_KINDS, NOTE, type Note, VERDICTS, type Verdict } from './verdicts.ts';
import type { UnknownWord } from './vocabulary.ts';

/** One page at one moment. */
export interface PageState {
  readonly va: bigint;
  /** CLOCK_MONOTONIC, ns. */
  readonly ns: bigint;
  readonly kind: (typeof ENTRY_KINDS)[number];
  readonly raw: bigint;
  readonly pagemap: bigint;
  readonly pfn: bigint;
  /** log2 of the page's size. */
  readonly shift: number;
  readonly verdict: Verdict;
  readonly note: Note | UnknownWord;
  /** kpageflags and kpagecount of the frame; undefined without one. */
  readonly flags: bigint | undefined;
  readonly count: bigint | undefined;
}

const NONE = (1n << 64n) - 1n;

/** The rows of a batch as states. */
export function pageStates(rows: Rows, flags: ArrayLike<bigint>, counts: ArrayLike<bigint>, ns: bigint): PageState[] {
  const known = (word: bigint | undefined) => (word === NONE ? undefined : word);
  return Array.from(rows.va, (va, i) => ({
    va,
    ns,
    kind: ENTRY_KINDS[rows.kind[i] as number] ?? 'none',
    raw: rows.words.tableWalk[i] as bigint,
    pagemap: rows.words.pagemap[i] as bigint,
    pfn: rows.pfn[i] as bigint,
    shift: rows.shift[i] as number,
    verdict: VERDICTS[rows.verdict[i] as number] ?? 'notComparable',
    note: NOTE.name(rows.note[i] as number),
    flags: known(flags[i]),
    count: known(counts[i]),
  }));
}

const ZERO_PAGES: ReadonlySet<string> = new Set<Note>(['zeroPage', 'hugeZeroPage', 'protNoneZeroPage']);
export const isZeroPage = (p: PageState) => ZERO_PAGES.has(p.note);
// Some kernels set KSM for every anonymous page: only that it came says something.
const isKsm = (p: PageState) => p.flags !== undefined && kpageFlagNames(p.flags).includes('ksm');
const isFile = (p: PageState) => p.flags !== undefined && !kpageFlagNames(p.flags).includes('anon');

/** "4K frame 117274, read-only, accessed". */
export function sayState(p: PageState): string {
  if (!mapsFrame(p.kind))
    return p.kind === 'none' || p.kind === 'table'
      ? 'nothing mapped'
      : p.kind === 'marker'
        ? NOTE.label(p.note)
        : ENTRY_KIND.label(p.kind);
  const bits = [
    ...(p.kind === 'protNone' ? ['PROT_NONE'] : [isWritable(p.raw) ? 'writable' : 'read-only']),
    ...(p.raw & ACCESSED ? ['accessed'] : []),
    ...(p.raw & DIRTY ? ['dirty'] : []),
  ];
  return `${pageSizeName(p.shift)} ${isZeroPage(p) ? 'zero page' : 'frame'} ${hex(p.pfn)}, ${bits.join(', ')}`;
}

/** The likely cause of a change from one state to the next; a sample may lie in the middle of several. */
export function causeOf(from: PageState, to: PageState): string {
  const was = mapsFrame(from.kind);
  const is = mapsFrame(to.kind);
  if (!was && !is) {
    if (to.kind === 'swap') return 'swapped, by way of states between the samples';
    if (from.kind === 'swap') return 'its swap slot was given back: unmapped, discarded or truncated';
    return to.kind === 'none' || to.kind === 'table' ? 'the entry was cleared' : `it became ${to.kind}`;
  }
  if (!was) {
    if (from.kind === 'swap') return 'swapped in: it was touched, and read back from disk';
    if (from.kind === 'migration') return 'its frame was moved (migration)';
    if (isZeroPage(to)) return 'first read: the shared zero page, no frame of its own yet';
    if (to.shift > PAGE_SHIFT) return `first touch: a ${pageSizeName(to.shift)} page of its own`;
    return isFile(to) ? 'touched: a frame of the page cache was mapped' : 'first touch: a frame of its own';
  }
  if (!is) {
    if (to.kind === 'swap') return 'swapped out: its frame was needed elsewhere';
    if (to.kind === 'migration') return 'its frame is just being moved (migration)';
    if (to.kind === 'marker') return 'the frame is gone; a marker keeps what is to be remembered of it';
    return isFile(from)
      ? 'unmapped: munmap, truncation, or the page cache took the mapping back'
      : 'unmapped: munmap or MADV_DONTNEED gave the frame back';
  }
  if (isZeroPage(from) && !isZeroPage(to)) return 'first write: a frame of its own instead of the zero page';
  if (from.shift !== to.shift)
    return to.shift > from.shift
      ? `collapsed into a ${pageSizeName(to.shift)} page`
      : `the ${pageSizeName(from.shift)} page was split`;
  if (from.pfn !== to.pfn) {
    if (!isWritable(from.raw) && isWritable(to.raw)) return 'copy on write: it was written, and got a copy of its own';
    if (isKsm(to) && !isKsm(from)) return 'merged with equal pages (KSM)';
    return 'moved to another frame: migration, compaction, or mapped anew';
  }
  if (to.kind === 'protNone' && from.kind !== 'protNone')
    return 'mprotect(PROT_NONE), or a NUMA hint: P is clear and the frame number is stored inverted';
  if (from.kind === 'protNone' && to.kind !== 'protNone') return 'access is allowed again';
  const gone = from.raw & ~to.raw;
  const come = to.raw & ~from.raw;
  const shared = to.count !== undefined && to.count > 1n;
  if (gone & WRITE)
    return to.raw & UFFD_WP
      ? 'write-protected by userfaultfd'
      : shared
        ? 'made read-only: fork shares it until one of them writes'
        : 'made read-only: mprotect, soft-dirty tracking, or a fork whose child is gone';
  if (come & WRITE) return 'made writable: written by the only one who is left, or mprotect';
  if ((gone | come) & NX) return come & NX ? 'no longer executable: mprotect' : 'made executable: mprotect';
  const parts = [
    ...(come & ACCESSED ? ['accessed: the CPU set A'] : []),
    ...(come & DIRTY ? ['written: the CPU set D'] : []),
    ...(gone & ACCESSED ? ['A was cleared: reclaim or a tracker looks whether it is used'] : []),
    ...(gone & (DIRTY | SAVED_DIRTY) && !(come & (DIRTY | SAVED_DIRTY)) ? ['D was cleared: written back'] : []),
    ...(come & SOFT_DIRTY ? ['soft-dirty was set'] : []),
    ...(gone & SOFT_DIRTY ? ['soft-dirty was cleared: clear_refs'] : []),
  ];
  if (parts.length) return parts.join('; ');
  return from.raw === to.raw ? 'only pagemap’s flags changed: who else maps it' : 'flags of the entry changed';
}
