// Which pages a table shows, by index: all of a region, or those of one verdict. Never a list of pages: a region may
// have 2^28 of them.
import type { Runs } from '../../contract/api.ts';

export interface PageList {
  readonly length: number;
  /** Virtual address of page `index`. */
  va(index: number): bigint;
  /** Index of the page at `va`, or -1. */
  find(va: bigint): number;
}

export function pagesOfRange(begin: bigint, end: bigint): PageList {
  return {
    length: Number((end - begin) >> 12n),
    va: (index) => begin + BigInt(index) * 4096n,
    find: (va) => (va >= begin && va < end ? Number((va - begin) >> 12n) : -1),
  };
}

/** The pages of those runs that have this verdict. */
export function pagesOfVerdict(runs: Runs, verdict: number): PageList {
  const starts: number[] = []; // index of the first page of each run
  const vas: bigint[] = [];
  const counts: number[] = [];
  let length = 0;
  runs.va.forEach((va, i) => {
    if (runs.verdict[i] !== verdict) return;
    starts.push(length);
    vas.push(va);
    counts.push(Number(runs.pages[i]));
    length += Number(runs.pages[i]);
  });
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
      return (vas[run] as bigint) + BigInt(index - (starts[run] as number)) * 4096n;
    },
    find: (va) => {
      const run = vas.findIndex((first, i) => va >= first && va < first + BigInt(counts[i] as number) * 4096n);
      return run < 0 ? -1 : (starts[run] as number) + Number((va - (vas[run] as bigint)) >> 12n);
    },
  };
}
