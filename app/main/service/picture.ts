// SPDX-License-Identifier: GPL-2.0-only
// The result of a check for a window. The counts of every bucket take 900 bytes a region, and a process may have 65 000.
import type { CheckResult, CheckSummary } from '../../contract/api.ts';
import { VERDICT, VERDICTS } from '../../contract/verdicts.ts';

const NOTHING = VERDICT.code('notPresent');
/** From this one on verdicts are rare, and must be visible. */
const GRAVE = VERDICT.code('changedBetween');

export function resultOf({ regionBuckets, ...summary }: CheckSummary): CheckResult {
  const regionPicture = new Uint8Array(regionBuckets.length / VERDICTS.length);
  for (let bucket = 0, at = 0; bucket < regionPicture.length; bucket++) {
    let most = NOTHING;
    let gravest = NOTHING;
    let frames = regionBuckets[at + NOTHING] as number;
    for (let verdict = 0; verdict < VERDICTS.length; verdict++, at++) {
      const n = regionBuckets[at] as number;
      if (n > frames) {
        most = verdict;
        frames = n;
      }
      if (n > 0 && verdict >= GRAVE) gravest = verdict;
    }
    regionPicture[bucket] = most | ((gravest >= GRAVE ? gravest : most) << 4);
  }
  return { ...summary, regionPicture };
}
