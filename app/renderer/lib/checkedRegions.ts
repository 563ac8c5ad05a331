// SPDX-License-Identifier: GPL-2.0-only
// What a check found in each region.
import type { CheckResult, Regions } from '../../contract/api.ts';
import { VERDICTS } from '../../contract/verdicts.ts';

const AGREE = VERDICTS.indexOf('agree');
const AGREE_BY_RULE = VERDICTS.indexOf('agreeByRule');

/**
 * For each region its index in a check, by its first address; -1: it was not checked. Both are ascending. A process may map
 * and unmap between the reading of its regions and the check.
 */
export function checkedRegions({ begin }: Pick<Regions, 'begin'>, summary: CheckResult | undefined): Int32Array {
  const checked = new Int32Array(begin.length).fill(-1);
  if (!summary) return checked;
  const { regionBegin } = summary;
  for (let r = 0, c = 0; r < begin.length; r++) {
    const first = begin[r] as bigint;
    while (c < regionBegin.length && (regionBegin[c] as bigint) < first) c++;
    if (regionBegin[c] === first) checked[r] = c;
  }
  return checked;
}

/** The number of mapped pages of a region. */
export function mappedPages(summary: CheckResult, region: number): bigint {
  const at = region * VERDICTS.length;
  return (summary.regionCounts[at + AGREE] as bigint) + (summary.regionCounts[at + AGREE_BY_RULE] as bigint);
}
