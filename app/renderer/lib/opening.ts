// SPDX-License-Identifier: GPL-2.0-only
// Where a region, and a whole address space, is looked at first.
import type { CheckResult, Runs } from '../../contract/api.ts';
import { pageBytes } from '../../contract/paging.ts';
import { VERDICTS } from '../../contract/verdicts.ts';
import { mappedPages } from './checkedRegions.ts';

const AGREE_BY_RULE = VERDICTS.indexOf('agreeByRule');

/** The first page of a region that is mapped; else its first page. `runs` are the pages that do not plainly agree. */
export function firstMapped(runs: Runs, begin: bigint, end: bigint): bigint {
  let first = begin;
  let byRule: bigint | undefined;
  for (let i = firstRunAfter(runs, begin); i < runs.va.length && first < end; i++) {
    const va = runs.va[i] as bigint;
    if (va > first) return first; // nothing is amiss with the pages before this run
    first = va + pageBytes(runs.pages[i] as bigint);
    if (runs.verdict[i] === AGREE_BY_RULE) byRule ??= va < begin ? begin : va;
  }
  return first < end ? first : (byRule ?? begin);
}

/** Index of the first run that ends after an address. */
function firstRunAfter({ va, pages }: Runs, address: bigint): number {
  let low = 0;
  let high = va.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((va[middle] as bigint) + pageBytes(pages[middle] as bigint) <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where to open an address space: in the region with the most mapped pages. */
export function opening(summary: CheckResult, runs: Runs): bigint {
  let largest = 0;
  for (let r = 1; r < summary.regionBegin.length; r++)
    if (mappedPages(summary, r) > mappedPages(summary, largest)) largest = r;
  return firstMapped(runs, summary.regionBegin[largest] as bigint, summary.regionEnd[largest] as bigint);
}
