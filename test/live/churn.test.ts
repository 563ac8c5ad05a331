// SPDX-License-Identifier: GPL-2.0-only
// Checks of the whole machine while processes fork, exec, exit, remap and split huge pages as fast as they can.
import { expect, test } from 'vitest';
import { VERDICT, VERDICTS } from '../../app/contract/verdicts.ts';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { startFixture } from '../fixture.ts';

/** At least so long; CR3SCOPE_CHURN=3600 goes on for an hour. */
const CHURN_MS = Number(process.env.CR3SCOPE_CHURN ?? 15) * 1000;

test('no race is ever called a mismatch', async () => {
  const sources = await openSources(ADDON_PATH);
  const churn = await startFixture('churn');
  const total = new BigUint64Array(VERDICTS.length);
  const seen = { rounds: 0, complete: 0, exited: 0, execed: 0, gone: 0, outside: 0n, compared: 0n, moving: 0n };
  // The churn was real: some pages changed under the check, and some processes went away. An emulated CPU needs time for it.
  const met = () => (total[VERDICT.code('changedBetween')] as bigint) > 0n && seen.exited + seen.gone > 0;
  const end = Date.now() + CHURN_MS;
  while (Date.now() < end || !met()) {
    const roots = await sources.roots();
    for (let i = 0; roots && i < roots.pid.length; i++) {
      if (!roots.rootPa[i]) continue;
      try {
        const evidence: unknown[] = [];
        const summary = await sources.check(
          roots.pid[i] as number,
          roots.startTicks[i] as bigint,
          0n,
          1n << 63n,
          (b) => {
            evidence.push(...b.evidence.filter((e) => VERDICTS[e.verdict] === 'mismatch'));
          },
          seen.rounds % 3 === 0, // the bytes, too: as long as the check itself and more
        ).promise;
        expect(evidence).toEqual([]);
        expect(summary.proof?.differences ?? []).toEqual([]);
        seen.compared += summary.proof?.same ?? 0n;
        seen.moving += (summary.proof?.moved ?? 0n) + (summary.proof?.changing ?? 0n);
        expect(summary.counts.reduce((a, b) => a + b)).toBe(summary.pages);
        summary.counts.forEach((n, v) => {
          total[v] = (total[v] as bigint) + n;
        });
        seen[(['complete', 'exited', 'execed'] as const)[summary.outcome] ?? 'complete']++;
        seen.outside += summary.outside;
      } catch (error) {
        if ((error as { code?: string }).code !== 'ESRCH') throw error;
        seen.gone++;
      }
    }
    seen.rounds++;
  }
  await churn.stop();
  console.log(seen, Object.fromEntries(VERDICTS.map((v, i) => [v, total[i]])));
  expect(total[VERDICT.code('mismatch')]).toBe(0n);
  expect(seen.compared).toBeGreaterThan(0n);
  expect(met()).toBe(true);
});
