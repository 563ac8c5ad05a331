// SPDX-License-Identifier: GPL-2.0-only
// Every kind of page on this machine's own kernel: the verdict that is expected, and the bytes that were written.
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explain } from '../../app/contract/explain.ts';
import { hex } from '../../app/contract/format.ts';
import { kernelVersion, mapsFrame, physicalAddress, swapTypes } from '../../app/contract/paging.ts';
import { backingOf, regionAt } from '../../app/contract/regions.ts';
import type { Words } from '../../app/contract/sources.ts';
import {
  ENTRY_KINDS,
  type EntryKind,
  FRAME_STATUS,
  NOTE,
  NOTES,
  VERDICT,
  VERDICTS,
  type Verdict,
  verdictCounts,
} from '../../app/contract/verdicts.ts';
import { tellWalk } from '../../app/main/explorer/story.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH, TEST_ADDON_PATH, testAddon } from '../addon.ts';
import { type Case, type Fixture, startFixture } from '../fixture.ts';
import { READS_MAP_ZERO_PAGE } from '../lab.ts';

let sources: Sources;
let fixture: Fixture;
const MOVED = 'changedBetween settled';
const vasOf = (c: Case) => BigUint64Array.from({ length: Math.min(c.pages, 4096) }, (_, i) => c.va + BigInt(i) * 4096n);
const rowsOf = (c: Case) => sources.rows(c.pid, 0n, vasOf(c));

beforeAll(async () => {
  sources = await openSources(ADDON_PATH);
  fixture = await startFixture('page-kinds', ['out/fixtures']);
});
afterAll(() => fixture.stop());

test('all sources that this machine can have are ready', () => {
  const module = process.env.CR3SCOPE_GUEST !== undefined;
  const ready = sources.status.filter((s) => s.ready).map((s) => s.name);
  expect(ready).toEqual(module ? ['pagemap', 'kernelWalk', 'tableWalk'] : ['pagemap', 'tableWalk']);
  // Only what the kernel is too old for, or was built without, may be missing.
  const version = kernelVersion(sources.target.release);
  const since: Record<string, number> = { guard: 0x60d, 'uffd-wp': 0x513, secretmem: 0x50e };
  // What a kernel may be built without has a file of its own where it is there.
  const options = {
    thp: '/sys/kernel/mm/transparent_hugepage',
    'io-uring': '/proc/sys/kernel/io_uring_disabled',
    'packet-ring': '/proc/net/packet',
  };
  for (const [name, file] of Object.entries(options)) if (!existsSync(file)) since[name] = Number.POSITIVE_INFINITY;
  if (!READS_MAP_ZERO_PAGE) since.hugezero = Number.POSITIVE_INFINITY;
  const names = fixture.skipped.map((s) => s.split(':')[0] as string);
  expect(names.filter((name) => version >= (since[name] ?? 0))).toEqual([]);
});

test('the swap types that BTF gives are those of the kernel configuration', () => {
  const { release, configFrom, swap } = sources.target;
  const byBtf = testAddon.swapConfigByBtf(kernelVersion(release));
  if (!byBtf) {
    expect(swap.known).toBe(configFrom !== '');
    return expect(existsSync('/sys/kernel/btf/vmlinux')).toBe(false);
  }
  expect(swap.known).toBe(true);
  const { known, pfnBits: _, ...types } = swap;
  const { known: __, pfnBits: ___, ...expected } = swapTypes(sources.target.levels, kernelVersion(release), byBtf);
  expect([known, types]).toEqual([true, expected]);
});

test('every page of every kind gets its verdict', async () => {
  expect(fixture.cases.length).toBeGreaterThan(22);
  for (const c of fixture.cases) {
    let seen = new Set<string>();
    // The kernel may move a page at any time (compaction); such a page says so, and is read again.
    for (let attempt = 0; attempt < 5 && (attempt === 0 || seen.has(MOVED)); attempt++) {
      const rows = await rowsOf(c);
      seen = new Set(Array.from(rows.verdict, (v, i) => `${VERDICTS[v]} ${NOTES[rows.note[i] as number]}`));
    }
    expect([c.name, ...seen]).toEqual([c.name, `${c.verdict} ${c.note}`]);
  }
});

test('each kind of page tells its walk, and its entry is explained, as what it is', async () => {
  const { facts } = sources;
  const frame = (pfn: bigint) => `frame 0x${hex(pfn)}`;
  for (const c of fixture.cases) {
    let t = await sources.translate(c.pid, 0n, c.va);
    for (let attempt = 0; attempt < 5 && VERDICTS[t.row?.verdict[0] ?? 0] === 'changedBetween'; attempt++)
      t = await sources.translate(c.pid, 0n, c.va);
    const { path } = t;
    const told = tellWalk(c.pid, c.va, t, facts).join('\n');
    const verdict = VERDICTS.find((v) => v === c.verdict) as Verdict;
    const note = NOTES.find((n) => n === c.note) as (typeof NOTES)[number];
    expect(told).toContain(`verdict ${VERDICT.label(verdict)}`);
    if (note !== 'none') expect(told).toContain(NOTE.meaning(note));
    const raw = path.entry[path.last] as bigint;
    const kind = ENTRY_KINDS[path.leaf.kind] as EntryKind;
    const explained = explain(raw, path.last, facts, facts.release).summary;
    const first = path.leaf.pfn; // of the whole page
    const expected: Partial<Record<EntryKind, string[]>> = {
      none: ['nothing is mapped', 'Nothing'],
      leaf: ['may be used by', frame(first)],
      protNone: ['P is clear, so the CPU faults', 'PROT_NONE'],
      swap: ['nothing is mapped', 'Swapped out'],
      marker: ['nothing is mapped', 'A marker'],
      table: [FRAME_STATUS.meaning(FRAME_STATUS.name(path.status)), 'next table'],
    };
    const [walk, entry] = expected[kind] ?? ['', ''];
    expect([c.name, kind, told]).toEqual([c.name, kind, expect.stringContaining(walk as string)]);
    expect([c.name, kind, explained.toLowerCase()]).toEqual([
      c.name,
      kind,
      expect.stringContaining((entry as string).toLowerCase()),
    ]);
    if (mapsFrame(kind)) expect(told).toContain(frame(physicalAddress(c.va, path.leaf) >> 12n));
  }
});

test('frames hold the bytes that the fixture wrote', async () => {
  let compared = 0;
  for (const c of fixture.cases.filter((k) => k.pattern)) {
    const rows = await rowsOf(c);
    const { bytes, status } = await sources.frames(rows.pfn);
    for (let i = 0; i < rows.va.length; i++) {
      expect(FRAME_STATUS.name(status[i] as number)).toBe('ok');
      const words = new BigUint64Array(bytes.buffer, bytes.byteOffset + i * 4096, 512);
      const expected = BigUint64Array.from({ length: 512 }, (_, k) => (rows.va[i] as bigint) + BigInt(k) * 8n);
      expect(words).toEqual(expected);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(1000);
});

test('secretmem: the walk agrees, the frame gives a reason and no bytes', async () => {
  const c = fixture.cases.find((k) => k.name === 'secretmem');
  if (!c) return expect(kernelVersion(sources.target.release)).toBeLessThan(0x50e);
  const rows = await rowsOf(c);
  const { status } = await sources.frames(rows.pfn);
  expect(Array.from(status, (s) => FRAME_STATUS.name(s))).toEqual(['notInDirectMap', 'notInDirectMap']);
});

test('a mapped device: all walks find the entry, pagemap says nothing, its frames are not read', async () => {
  const c = fixture.cases.find((k) => k.name === 'device');
  if (!c) return expect(process.env.CR3SCOPE_DEVICE).toBeUndefined();
  const { status } = await sources.frames((await rowsOf(c)).pfn);
  expect(Array.from(status, (s) => FRAME_STATUS.name(s))).toEqual(Array(4).fill('notRam'));
});

test('what backs memory that is neither anonymous nor of an ordinary file', async () => {
  const regions = await sources.regions(fixture.pid);
  const backed = (c: Case) => backingOf(regions.path[regionAt(regions, c.va)] ?? '')?.label;
  const expected: Record<string, string> = {
    secretmem: 'secret memory',
    'io-uring': 'io_uring rings',
    'packet-ring': 'socket ring',
    device: 'device',
  };
  for (const c of fixture.cases)
    if (c.pid === fixture.pid) expect([c.name, backed(c)]).toEqual([c.name, expected[c.name]]);
});

test('holes, devices and the end of memory give a status', async () => {
  const end = sources.target.ramEnd.at(-1) as bigint;
  const { status } = await sources.frames(
    BigUint64Array.of(0xfee00n, 0xa0n, end >> 12n, (1n << 40n) - 1n, (1n << 63n) - 1n),
  );
  expect(Array.from(status, (s) => FRAME_STATUS.name(s))).toEqual(Array(5).fill('notRam'));
});

test('copy-on-write: the written page has its own frame, the other is shared', async () => {
  const frame = async (name: string) => (await rowsOf(fixture.of(name))).pfn[0];
  expect(await frame('cow-child-shared')).toBe(await frame('cow-parent-shared'));
  expect(await frame('cow-child-written')).not.toBe(await frame('cow-parent-written'));
});

test('under PTI both roots lead to the frame, and only the kernel root is poisoned with NX', async () => {
  const c = fixture.of('anon4k');
  const t = await sources.translate(c.pid, 0n, c.va);
  const { levels, pti } = sources.target;
  if (!pti) {
    expect(t.userPath).toBeNull();
    return;
  }
  expect(t.userPath?.table[levels]).toBe(t.rootPa | 0x1000n);
  expect(t.userPath?.leaf.pfn).toBe(t.path.leaf.pfn);
  expect((t.path.entry[levels] as bigint) >> 63n).toBe(1n);
  expect((t.userPath?.entry[levels] as bigint) >> 63n).toBe(0n);
});

describe('check', () => {
  test('covers every page once and finds no mismatch', async () => {
    const runs: bigint[][] = [];
    const job = sources.check(fixture.pid, 0n, 0n, 1n << 63n, (batch) => {
      batch.runs.va.forEach((va, i) => {
        runs.push([
          va,
          batch.runs.pages[i] as bigint,
          BigInt(batch.runs.verdict[i] as number),
          BigInt(batch.runs.note[i] as number),
        ]);
      });
    });
    const summary = await job.promise;
    const counts = verdictCounts(summary.counts);
    expect(counts.mismatch).toBe(0n);
    expect(counts.notComparable).toBe(0n);
    expect(counts.changedBetween).toBeLessThan(counts.agree / 50n);
    expect(summary.counts.reduce((a, b) => a + b)).toBe(summary.pages);
    expect(summary.pages).toBe(
      summary.regionEnd.reduce((n, end, i) => n + ((end - (summary.regionBegin[i] as bigint)) >> 12n), 0n),
    );
    // Every case of this process is covered by runs with its verdict, or is plain agreement.
    for (const c of fixture.cases.filter((k) => k.pid === fixture.pid)) {
      const end = c.va + BigInt(c.pages) * 4096n;
      const inside = runs.filter(
        ([va, pages]) => (va as bigint) < end && (va as bigint) + (pages as bigint) * 4096n > c.va,
      );
      const verdicts = new Set(inside.map((r) => `${VERDICTS[Number(r[2])]} ${NOTES[Number(r[3])]}`));
      verdicts.delete(MOVED);
      expect([c.name, ...verdicts]).toEqual(c.verdict === 'agree' ? [c.name] : [c.name, `${c.verdict} ${c.note}`]);
    }
  });

  test('a range within a region counts that range', async () => {
    const c = fixture.of('anon4k');
    const summary = await sources.check(fixture.pid, 0n, c.va + 4096n, c.va + 9n * 4096n, () => undefined).promise;
    expect(summary.pages).toBe(8n);
    expect(verdictCounts(summary.counts).agree).toBe(8n);
  });

  test('the picture of a region adds up to its pages', async () => {
    const summary = await sources.check(fixture.pid, 0n, 0n, 1n << 63n, () => undefined).promise;
    const perRegion = 32 * VERDICTS.length;
    summary.regionBegin.forEach((begin, i) => {
      const sum = summary.regionBuckets.subarray(i * perRegion, (i + 1) * perRegion).reduce((a, b) => a + b, 0);
      expect(sum).toBe(Number(((summary.regionEnd[i] as bigint) - begin) >> 12n));
    });
  });

  test('can be cancelled', async () => {
    // The check has more batches than may wait, and nobody reads any before it is cancelled: it cannot be complete.
    const stripes = await startFixture('stripes');
    const job = sources.check(stripes.pid, 0n, 0n, 1n << 63n, () => undefined);
    job.cancel();
    await expect(job.promise).rejects.toMatchObject({ code: 'ECANCELED' });
    const again = await sources.check(stripes.pid, 0n, 0n, 1n << 63n, () => undefined).promise;
    expect(again.counts[VERDICT.code('notPresent')]).toBeGreaterThanOrEqual(40960n);
    await stripes.stop();
  });
});

test('the deliberately wrong source is caught, with evidence', async () => {
  const wrong = await openSources(TEST_ADDON_PATH);
  const c = fixture.of('anon4k');
  const evidence: { va: bigint; verdict: number; note: number; rounds: number; last: Words }[] = [];
  const summary = await wrong.check(fixture.pid, 0n, c.va, c.va + BigInt(c.pages) * 4096n, (b) =>
    evidence.push(...b.evidence),
  ).promise;
  const counts = verdictCounts(summary.counts);
  expect(counts.mismatch).toBe(BigInt(evidence.length));
  expect(counts.mismatch).toBeGreaterThan(0n);
  expect(counts.agree + counts.mismatch).toBe(BigInt(c.pages));
  for (const e of evidence) {
    expect(VERDICTS[e.verdict]).toBe('mismatch');
    expect(NOTES[e.note]).toBe(process.env.CR3SCOPE_GUEST === undefined ? 'differs' : 'kernelDiffers');
    expect(e.rounds).toBeGreaterThanOrEqual(4);
    expect((e.va >> 12n) % 61n).toBe(0n);
    expect(e.last.pagemap >> 63n).toBe(1n);
  }
});
