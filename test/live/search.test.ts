// SPDX-License-Identifier: GPL-2.0-only
// Search on live processes and on physical memory: every hit, also across pages, and none that is not there.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SearchSummary } from '../../app/contract/api.ts';
import { type Pattern, parsePattern } from '../../app/contract/pattern.ts';
import type { SearchBatch } from '../../app/main/sources/session.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { type Fixture, startFixture } from '../fixture.ts';

let sources: Sources;
let fixture: Fixture;
const ALL = (1n << 64n) - 1n;

beforeAll(async () => {
  sources = await openSources(ADDON_PATH);
  fixture = await startFixture('page-kinds', ['out/fixtures']);
});
afterAll(() => fixture.stop());

interface Found {
  address: bigint;
  pa: bigint;
  context: Uint8Array;
}
async function search(pid: number, pattern: Pattern, begin = 0n, end = ALL, limit = 100_000n) {
  const found: Found[] = [];
  const take = (batch: SearchBatch) => {
    batch.address.forEach((address, i) => {
      const context = batch.context.subarray(i * 64, i * 64 + 64);
      found.push({ address, pa: batch.pa[i] as bigint, context });
    });
  };
  const summary: SearchSummary = await sources.search(pid, begin, end, pattern.bytes, pattern.mask, limit, take)
    .promise;
  expect(summary.hits).toBe(BigInt(found.length));
  return { found, summary };
}
const u64 = (value: bigint) => parsePattern(String(value), 'u64') as Pattern;

test('a word of a known page is found at its address, once, with its context', async () => {
  const c = fixture.of('anon4k');
  const at = c.va + 5n * 4096n + 0x208n;
  const { found } = await search(fixture.pid, u64(at), c.va, c.va + BigInt(c.pages) * 4096n);
  expect(found.map((f) => f.address)).toEqual([at]);
  const rows = await sources.rows(fixture.pid, 0n, BigUint64Array.of(c.va + 5n * 4096n));
  expect(found[0]?.pa).toBe(((rows.pfn[0] as bigint) << 12n) + 0x208n);
  const words = new BigUint64Array(found[0]?.context.slice().buffer as ArrayBuffer);
  expect(Array.from(words)).toEqual(Array.from({ length: 8 }, (_, i) => at - 16n + BigInt(i) * 8n));
});

test('across the border of two pages whose frames lie anywhere', async () => {
  const c = fixture.of('anon4k');
  const border = c.va + 9n * 4096n;
  const bytes = new Uint8Array(BigUint64Array.of(border - 8n, border).buffer);
  const pattern = { bytes: bytes.slice(4, 12), mask: new Uint8Array(8).fill(255) };
  const { found } = await search(fixture.pid, pattern, c.va, c.va + BigInt(c.pages) * 4096n);
  expect(found.map((f) => f.address)).toEqual([border - 4n]);
});

test('wildcards: every word of a page', async () => {
  const c = fixture.of('readonly');
  // The upper six bytes of the address are the same in all of a page's words but not their place.
  const upper = new Uint8Array(BigUint64Array.of(c.va).buffer).slice(2);
  const bytes = Uint8Array.of(0, 0, ...upper);
  const { found } = await search(
    fixture.pid,
    { bytes, mask: Uint8Array.of(0, 0, 255, 255, 255, 255, 255, 255) },
    c.va,
    c.va + 4096n,
  );
  expect(found.map((f) => f.address)).toEqual(Array.from({ length: 512 }, (_, i) => c.va + BigInt(i) * 8n));
});

test('in physical memory the same bytes are in the same frame', async () => {
  const c = fixture.of('shared');
  const rows = await sources.rows(fixture.pid, 0n, BigUint64Array.of(c.va));
  const pa = (rows.pfn[0] as bigint) << 12n;
  const { found, summary } = await search(0, u64(c.va + 0x10n), pa, pa + 4096n);
  expect(found.map((f) => f.address)).toEqual([pa + 0x10n]);
  expect(summary.bytes).toBe(8192n); // a hit in the frame could end in the next
});

test('a limit ends it and says so; a search of all RAM can be cancelled', async () => {
  const zeros = { bytes: new Uint8Array(8), mask: new Uint8Array(8).fill(255) };
  const { summary } = await search(0, zeros, 0n, ALL, 10n);
  expect([summary.hits, summary.limited]).toEqual([10n, true]);
  const job = sources.search(0, 0n, ALL, zeros.bytes, zeros.mask, 1n << 40n, () => undefined);
  job.cancel();
  await expect(job.promise).rejects.toMatchObject({ code: 'ECANCELED' });
});

test('secretmem is counted as unreadable, not as zeros', async () => {
  const c = fixture.of('secretmem');
  const zeros = { bytes: new Uint8Array(16), mask: new Uint8Array(16).fill(255) };
  const { summary } = await search(fixture.pid, zeros, c.va, c.va + 8192n);
  expect([summary.hits, summary.bytes, summary.unreadable]).toEqual([0n, 0n, 8192n]);
});

describe('patterns', () => {
  test('good', () => {
    expect(parsePattern('7f 45 ?? 46', 'hex')).toEqual({
      bytes: Uint8Array.of(0x7f, 0x45, 0, 0x46),
      mask: Uint8Array.of(255, 255, 0, 255),
    });
    expect(parsePattern('0x1234', 'u32')).toMatchObject({ bytes: Uint8Array.of(0x34, 0x12, 0, 0) });
    expect(parsePattern('é', 'text')).toMatchObject({ bytes: Uint8Array.of(0xc3, 0xa9) });
  });
  test.each([
    ['7f 4', 'hex', /is not a byte/],
    ['zz', 'hex', /is not a byte/],
    ['', 'text', /empty/],
    ['?? ??', 'hex', /all wildcards/],
    ['0x1ffffffff', 'u32', /more than 32 bits/],
    ['x', 'u64', /not a number/],
    ['00'.repeat(257), 'hex', /more than 256 bytes/],
  ] as const)('bad: %s as %s', (text, kind, why) => {
    expect(parsePattern(text, kind)).toMatch(why);
  });
});
