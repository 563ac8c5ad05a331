// SPDX-License-Identifier: GPL-2.0-only
// Reads any number of pages, as many at a time as one call gives.
import { MOST_ROWS, type Rows } from '../../contract/api.ts';
import { explorer } from './client.ts';

interface Of {
  readonly pid: number;
  readonly startTicks: bigint;
}

/** Rows of `vas` in their order, a piece at a time. */
export async function* readRows({ pid, startTicks }: Of, vas: BigUint64Array): AsyncGenerator<Rows> {
  for (let at = 0; at < vas.length; at += MOST_ROWS)
    yield await explorer().call('rows', { pid, startTicks, vas: vas.slice(at, at + MOST_ROWS) });
}
