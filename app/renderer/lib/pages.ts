// SPDX-License-Identifier: GPL-2.0-only
// The pages of a table by index: all pages of a region, or those with one verdict. They are never stored one by one,
// because a region may have 2^28 of them.
import type { Runs } from '../../contract/api.ts';
import { pageBytes, pagesBetween } from '../../contract/paging.ts';

export interface PageList {
  readonly length: number;
  /** Virtual address of page `index`. */
  va(index: number): bigint;
  /** Index of the page at `va`, or -1. */
  find(va: bigint): number;
}

export function pagesOfRange(begin: bigint, end: bigint): PageList {
  return {
    length: Number(pagesBetween(begin, end)),
    va: (index) => begin + pageBytes(BigInt(index)),
    find: (va) => (va >= begin && va < end ? Number(pagesBetween(begin, va)) : -1),
  };
}

/** The pages of the runs with this verdict. */
export const pagesOfVerdict = (runs: Runs, verdict: number): PageList =>
  pagesOfRuns(
    Array.from(runs.va, (va, i) => ({ va, pages: runs.pages[i] as bigint })).filter(
      (_, i) => runs.verdict[i] === verdict,
    ),
  );

/** The pages of runs that are given by first address and number. */
export function pagesOfRuns(runs: readonly { readonly va: bigint; readonly pages: bigint }[]): PageList {
  const starts: number[] = []; // index of the first page of each run
  const vas = runs.map(({ va }) => va);
  const counts = runs.map(({ pages }) => Number(pages));
  let length = 0;
  for (const pages of counts) {
    starts.push(length);
    length += pages;
  }
  const runAt = (index: number) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= index) low = middle;
      else high = middle;
    }
    return low;
  };
  return {
    length,
    va: (index) => {
      const run = runAt(index);
      return (vas[run] as bigint) + pageBytes(BigInt(index - (starts[run] as number)));
    },
    find: (va) => {
      const run = vas.findIndex((first, i) => va >= first && va < first + pageBytes(BigInt(counts[i] as number)));
      return run < 0 ? -1 : (starts[run] as number) + Number(pagesBetween(vas[run] as bigint, va));
    },
  };
}
