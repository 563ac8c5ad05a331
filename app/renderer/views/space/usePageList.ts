// SPDX-License-Identifier: GPL-2.0-only
import { useMemo } from 'react';
import { VERDICT } from '../../../contract/verdicts.ts';
import type { Found } from '../../lib/filteredPages.ts';
import { type PageList, pagesOfRange, pagesOfRuns, pagesOfVerdict } from '../../lib/pages.ts';
import { shownCheck, useCheck } from '../../state/check.ts';
import { useSpace } from '../../state/space.ts';

/** The pages that the table lists: those that a filter has found, those with a verdict, or those of the region. */
export function usePageList(found: readonly Found[] | undefined): PageList {
  const regions = useSpace((s) => s.regions);
  const region = useSpace((s) => s.region);
  const only = useSpace((s) => s.only);
  const runs = useCheck((s) => shownCheck(s)?.rows?.runs);
  const begin = regions?.begin[region];
  const end = regions?.end[region];
  return useMemo(() => {
    if (found) return pagesOfRuns(found);
    if (only && runs) return pagesOfVerdict(runs, VERDICT.code(only));
    return begin !== undefined && end !== undefined ? pagesOfRange(begin, end) : pagesOfRange(0n, 0n);
  }, [found, only, runs, begin, end]);
}
