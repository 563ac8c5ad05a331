// SPDX-License-Identifier: GPL-2.0-only
// Command for scripts: the physical addresses of many virtual addresses of a process, one line each.
import { createInterface } from 'node:readline';
import { MOST_ROWS, type Rows } from '../../contract/api.ts';
import { hex } from '../../contract/format.ts';
import { mapsFrame, pageOf, pageOffset, pageSizeName, paOf, userEnd } from '../../contract/paging.ts';
import { VERDICT } from '../../contract/verdicts.ts';
import { pageStates, sayState } from '../../contract/watch.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';
import { type Json, parseAddress, parsePid, print, say } from './output.ts';

/** The given addresses, or one on each line of standard input. */
async function* addresses(given: readonly string[]): AsyncGenerator<bigint> {
  if (given.length) {
    for (const text of given) yield parseAddress(text, 'an address');
    return;
  }
  for await (const line of createInterface({ input: process.stdin }))
    if (line.trim()) yield parseAddress(line.trim(), 'an address');
}

/** Resolves to the number of mismatches. */
function printRows(vas: readonly bigint[], rows: Rows, json: boolean | undefined): number {
  const states = pageStates(rows, [], [], 0n);
  let mismatches = 0;
  for (const [i, va] of vas.entries()) {
    const state = states[i];
    if (!state) continue;
    const { kind, pfn, shift, verdict, note } = state;
    const pa = mapsFrame(kind) ? paOf(pfn) + BigInt(pageOffset(va)) : null;
    if (verdict === 'mismatch') mismatches++;
    if (json) print({ va, pa, pageSize: pa === null ? null : pageSizeName(shift), kind, verdict, note });
    else {
      const found = pa === null ? `-  ${sayState(state)}` : hex(pa);
      say(`${hex(va)} ${found}${verdict === 'mismatch' ? `  ${VERDICT.label(verdict)}` : ''}`);
    }
  }
  return mismatches;
}

/** Prints "VA PA", or "VA -" with the reason. Each translation is cross-checked. */
export async function translate(
  explorer: Explorer,
  pidText: string,
  given: readonly string[],
  { json }: Json,
): Promise<number> {
  const pid = parsePid(pidText);
  const { levels } = await explorer.target();
  let waiting: bigint[] = [];
  let mismatches = 0;
  const flush = async () => {
    if (waiting.length === 0) return;
    const vas = BigUint64Array.from(waiting, pageOf);
    mismatches += printRows(waiting, await explorer.rows({ pid, startTicks: 0n, vas }), json);
    waiting = [];
  };
  for await (const va of addresses(given)) {
    if (va >= userEnd(levels))
      throw new Failed(
        `0x${hex(va)} is not a user address`,
        'pagemap covers the user half only. `cr3scope walk` translates kernel addresses.',
      );
    waiting.push(va);
    if (waiting.length === MOST_ROWS) await flush();
  }
  await flush();
  return mismatches ? 1 : 0;
}
