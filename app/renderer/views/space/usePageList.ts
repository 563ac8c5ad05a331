// SPDX-License-Identifier: GPL-2.0-only
import { useMemo } from 'react';
import { VERDICT } from '../../../contract/verdicts.ts';
import { type PageList, pagesOfRange, pagesOfVerdict } from '../../lib/pages.ts';
import { shownCheck, useCheck } from '../../state/check.ts';
import { useSpace } from '../../state/space.ts';

/** The pages that the table lists. */
export function usePageList(): PageList {
  const regions = useSpace((s) => s.regions);
  const region = useSpace((s) => s.region);
  const only = useSpace((s) => s.only);
  const runs = useCheck((s) => shownCheck(s)?.rows?.runs);
  const begin = regions?.begin[region];
  const end = regions?.end[region];
  return useMemo(() => {
    if (only && runs) return pagesOfVerdict(runs, VERDICT.code(only));
    return begin !== undefined && end !== undefined ? pagesOfRange(begin, end) : pagesOfRange(0n, 0n);
  }, [only, runs, begin, end]);
}
