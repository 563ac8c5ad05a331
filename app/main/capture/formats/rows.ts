// SPDX-License-Identifier: GPL-2.0-only
// The pages and the watched pages of a document, one row at a time.
import { takeSample } from '../../../contract/causes.ts';
import { decode, mapsFrame, pfnOf, physicalAddress } from '../../../contract/paging.ts';
import { byField, type Words } from '../../../contract/sources.ts';
import { NOTE, VERDICT } from '../../../contract/verdicts.ts';
import { type PageState, sayState } from '../../../contract/watch.ts';
import type { Document, DocumentSpace } from '../document.ts';
import type { ExportLine, PageLine } from './line.ts';
import { hexWord } from './words.ts';

/** A stretch of pages with its words as numbers. */
export interface PageRow {
  readonly space: DocumentSpace;
  readonly line: PageLine;
  readonly va: bigint;
  readonly pages: bigint;
  readonly pfn: bigint | null;
  readonly words: Words;
}

export function* pageRows({ begin: { target } }: Document, space: DocumentSpace): Generator<PageRow> {
  const { regions } = space;
  let at = 0;
  for (const stretch of space.pages.stretches()) {
    if (at > 0 && stretch.va < (regions.begin[at] ?? 0n)) at = 0; // pages that were settled later
    while (at < regions.end.length && (regions.end[at] as bigint) <= stretch.va) at++;
    const inside = (regions.begin[at] ?? stretch.va + 1n) <= stretch.va;
    const leaf = decode(stretch.words.tableWalk, stretch.level || 1, target);
    const maps = mapsFrame(leaf.kind);
    const pfn = maps ? pfnOf(physicalAddress(stretch.va, leaf)) : null;
    const { words } = stretch;
    yield {
      space,
      va: stretch.va,
      pages: stretch.pages,
      pfn,
      words,
      line: {
        type: 'pages',
        pid: space.pid,
        startTicks: Number(space.startTicks),
        process: space.name,
        va: hexWord(stretch.va),
        pages: Number(stretch.pages),
        verdict: VERDICT.name(stretch.verdict),
        note: NOTE.name(stretch.note),
        kind: leaf.kind,
        level: stretch.level,
        pageSize: maps ? 2 ** leaf.shift : 0,
        pfn: pfn === null ? null : hexWord(pfn),
        step: stretch.step,
        ...byField((name) => hexWord(words[name])),
        permissions: inside ? (regions.permissions[at] ?? '') : '',
        path: inside ? (regions.path[at] ?? '') : '',
      },
    };
  }
}

/** What became of watched pages, oldest first. */
export function* watchLines(document: Document): Generator<Extract<ExportLine, { type: 'watch' }>> {
  const spaces = new Map<number, Map<bigint, PageState>>();
  for (const { pid, batch } of document.watches) {
    const last = spaces.get(pid) ?? new Map<bigint, PageState>();
    spaces.set(pid, last);
    const { states, found, changes } = takeSample(batch, last, pid);
    const causes = new Map(changes.map(({ to, cause }) => [to.va, cause]));
    for (const state of states) {
      const { ns, va, raw, pagemap } = state;
      const cause = causes.get(va);
      if (!cause && !found.has(state)) continue; // nothing that was not told before
      yield {
        type: 'watch',
        ns: Number(ns),
        pid,
        va: hexWord(va),
        state: sayState(state),
        cause: cause?.text ?? null,
        how: cause?.how ?? null,
        entry: hexWord(raw),
        pagemap: hexWord(pagemap),
      };
    }
  }
}
