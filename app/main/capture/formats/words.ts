// SPDX-License-Identifier: GPL-2.0-only
// Values as documents have them: words as "0x…", counts as numbers.

import { type ByteProof, type CheckSummary, type Evidence, OUTCOMES } from '../../../contract/api.ts';
import { hex } from '../../../contract/format.ts';
import { levelName } from '../../../contract/paging.ts';
import { regionAt } from '../../../contract/regions.ts';
import { byPrefixed } from '../../../contract/sources.ts';
import { NOTE, VERDICT, VERDICTS, type Verdict, verdictCounts } from '../../../contract/verdicts.ts';
import type { DocumentSpace } from '../document.ts';

export const hexWord = (value: bigint) => `0x${hex(value)}`;

/** How a check ended. */
export const outcomeName = (outcome: number): string => OUTCOMES[outcome] ?? `unknown outcome ${outcome}`;

export const numbers = (counts: ArrayLike<bigint>) =>
  Object.fromEntries(Object.entries(verdictCounts(counts)).map(([k, v]) => [k, Number(v)])) as Record<Verdict, number>;

/** Both readings of a page. */
export const evidenceWords = (e: Evidence, levels: number) => ({
  va: hexWord(e.va),
  verdict: VERDICT.name(e.verdict),
  note: NOTE.name(e.note),
  rounds: e.rounds,
  firstNs: Number(e.firstNs),
  lastNs: Number(e.lastNs),
  ...byPrefixed('first', (name) => hexWord(e.first[name])),
  ...byPrefixed('last', (name) => hexWord(e.last[name])),
  lastWalk: [5, 4, 3, 2, 1]
    .filter((level) => level <= levels && e.lastPath.last > 0 && level >= e.lastPath.last)
    .map((level) => ({
      level,
      table: hexWord(e.lastPath.table[level] as bigint),
      entry: hexWord(e.lastPath.entry[level] as bigint),
    })),
});

/** How many tables of each level a check read, by name, from the root down. */
export const tableCounts = ({ tables }: Pick<CheckSummary, 'tables'>, levels: number): Record<string, number> =>
  Object.fromEntries(
    [...tables]
      .map((n, level) => [levelName(level, levels), Number(n)] as const)
      .filter(([, n]) => n > 0)
      .reverse(),
  );

const PROOF_COUNTS = ['pages', 'same', 'changing', 'moved', 'noFrame', 'noMemory', 'differ'] as const;

export const proofWords = (proof: ByteProof) => ({
  ...(Object.fromEntries(PROOF_COUNTS.map((name) => [name, Number(proof[name])])) as Record<
    (typeof PROOF_COUNTS)[number],
    number
  >),
  seconds: Number(proof.ns) / 1e9,
});

export const differenceWords = (d: ByteProof['differences'][number]) => ({
  va: hexWord(d.va),
  pfn: hexWord(d.pfn),
  offset: d.offset,
  frame: Buffer.from(d.frame).toString('hex'),
  memory: Buffer.from(d.memory).toString('hex'),
});

/** The checked regions, each with its counts; those that came or went during the check have no permissions and path. */
export function* checkedRegions({ regions }: DocumentSpace, summary: CheckSummary) {
  for (const [i, begin] of summary.regionBegin.entries()) {
    const at = regionAt(regions, begin);
    yield {
      begin,
      end: summary.regionEnd[i] as bigint,
      permissions: regions.permissions[at] ?? '',
      path: regions.path[at] ?? '',
      counts: summary.regionCounts.subarray(i * VERDICTS.length, (i + 1) * VERDICTS.length),
    };
  }
}
