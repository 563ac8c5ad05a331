// SPDX-License-Identifier: GPL-2.0-only
import { describe, expect, test } from 'vitest';
import type { Client } from '../../app/contract/api.ts';
import { bytes, count, hex, kpageFlagNames, parseU64 } from '../../app/contract/format.ts';
import { answer, CallFailed, type Channel, connect } from '../../app/contract/rpc.ts';
import { Failed } from '../../app/main/sources/failed.ts';

function pair(): [Channel, Channel] {
  const receivers: ((b: Uint8Array) => void)[] = [];
  const end = (mine: number): Channel => ({
    send: (b) => queueMicrotask(() => receivers[1 - mine]?.(b.slice())),
    onMessage: (r) => {
      receivers[mine] = r;
    },
  });
  return [end(0), end(1)];
}

/** Messages arrive in order: once a call is answered, what was sent before it has arrived. */
const delivered = (client: Client) => client.call('cancel', { id: 'x' });

describe('calls', () => {
  test('answer, fail with the remedy, and events', async () => {
    const [a, b] = pair();
    const client = connect(a);
    const server = answer(
      b,
      async (method) => {
        if (method === 'regions') throw new Failed('gone', 'look again', 'ESRCH');
        return true;
      },
      Failed.from,
    );
    expect(await client.call('cancel', { id: 'a' })).toBe(true);
    const failure = await client.call('regions', { pid: 1, startTicks: 0n }).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(CallFailed);
    expect(failure).toMatchObject({ message: 'gone', remedy: 'look again', code: 'ESRCH' });
    const seen: unknown[] = [];
    const stop = client.on('check', (e) => seen.push(e.id));
    server.emit('check', { id: 'c', done: 0n, total: 0n, counts: new BigUint64Array(7), waiting: false, end: null });
    await delivered(client);
    stop();
    server.emit('check', { id: 'd', done: 0n, total: 0n, counts: new BigUint64Array(7), waiting: false, end: null });
    await delivered(client);
    expect(seen).toEqual(['c']);
  });
});

test('numbers', () => {
  expect(hex(0x1fn, 4)).toBe('001f');
  expect(bytes(0)).toBe('0 B');
  expect(bytes(1n << 30n)).toBe('1.00 GiB');
  expect(bytes(14_900_000)).toBe('14.2 MiB');
  expect(count(523902n)).toBe('523\u202f902');
  expect(kpageFlagNames((1n << 26n) | 1n)).toEqual(['locked', 'pgtable']);
  expect(parseU64('0x1F')).toBe(31n);
  expect(parseU64('31')).toBe(31n);
  expect(parseU64('1f', true)).toBe(31n);
  expect(parseU64('1f')).toBeUndefined();
  expect(parseU64('0x1ffffffffffffffff')).toBeUndefined();
  expect(parseU64('')).toBeUndefined();
});
