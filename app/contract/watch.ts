// SPDX-License-Identifier: GPL-2.0-only
// A watched page at one moment, in words.
import type { Rows } from './api.ts';
import { hex } from './format.ts';
import { ACCESSED, DIRTY, isWritable, mapsFrame, pageSizeName } from './paging.ts';
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
