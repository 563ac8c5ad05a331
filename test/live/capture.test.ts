// SPDX-License-Identifier: GPL-2.0-only
// What is read back from a capture of real processes is what was there.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Rows, Runs } from '../../app/contract/api.ts';
import { halfOf, mapsFrame } from '../../app/contract/paging.ts';
import { sayHit } from '../../app/contract/pattern.ts';
import { ENTRY_KINDS, FRAME_STATUS } from '../../app/contract/verdicts.ts';
import { Recorder } from '../../app/main/capture/record.ts';
import type { Explorer } from '../../app/main/explorer/explorer.ts';
import type { Sources } from '../../app/main/sources/sources.ts';
import { captureFixture } from '../captured.ts';
import type { Fixture } from '../fixture.ts';

let made: Awaited<ReturnType<typeof captureFixture>>;
let sources: Sources;
let live: Explorer;
let captured: Explorer;
let fixture: Fixture;
let pids: number[];
beforeAll(async () => {
  made = await captureFixture();
  ({ sources, live, captured, fixture, pids } = made);
});
afterAll(() => made.stop());

/** The A bit is set and cleared by the hardware and the kernel as time goes by, and D follows writes to files. */
const calm = (words: BigUint64Array) => words.map((word) => (word & 0x101n ? word & ~0x60n : word));
const calmed = (rows: Rows) => ({ ...rows, words: { ...rows.words, tableWalk: calm(rows.words.tableWalk) } });

const HALF = 8n << 20n;

test('every page of every region, row by row', async () => {
  let pages = 0;
  for (const pid of pids) {
    const regions = await live.regions({ pid, startTicks: 0n });
    expect(await captured.regions({ pid, startTicks: 0n })).toEqual(regions);
    for (const [i, begin] of regions.begin.entries()) {
      if (halfOf(begin) === 'kernel') continue; // [vsyscall]: captures hold pages of the user half
      // All of them up to 16 MiB; of larger ones the first and the last.
      const end = regions.end[i] as bigint;
      const vas: bigint[] = [];
      for (let va = begin; va < end; va += 4096n) {
        if (va === begin + HALF && va < end - HALF) va = end - HALF;
        vas.push(va);
      }
      for (let at = 0; at < vas.length; at += 4096) {
        const some = BigUint64Array.from(vas.slice(at, at + 4096));
        const now = await live.rows({ pid, startTicks: 0n, vas: some });
        const then = await captured.rows({ pid, startTicks: 0n, vas: some });
        expect(calmed(then)).toEqual(calmed(now));
        pages += some.length;
      }
    }
  }
  expect(pages).toBeGreaterThan(5000);
});

test('the walk of an address of each kind, and the bytes of its frame', async () => {
  let frames = 0;
  for (const { pid, va } of fixture.cases) {
    const now = await live.translate({ pid, startTicks: 0n, va });
    const then = await captured.translate({ pid, startTicks: 0n, va });
    expect(then.rootPa).toBe(now.rootPa);
    expect({ ...then.path, entry: calm(then.path.entry) }).toEqual({ ...now.path, entry: calm(now.path.entry) });
    expect(then.row?.verdict).toEqual(now.row?.verdict);
    if (!mapsFrame(ENTRY_KINDS[now.row?.kind[0] ?? 0])) continue;
    const pfn = now.row?.pfn[0] as bigint;
    if (pfn === sources.target.zeroPfn) continue;
    const [one, other] = [await live.frame({ pfn }), await captured.frame({ pfn })];
    expect(Buffer.compare(one.bytes, other.bytes)).toBe(0);
    const named = ({ status, role, cgroup, cgroupPath, node }: typeof one) => [status, role, cgroup, cgroupPath, node];
    expect([va, ...named(other)]).toEqual([va, ...named(one)]);
    frames++;
  }
  expect(frames).toBeGreaterThan(8);
});

test('processes with their roots, the tree of tables, and each table of it', async () => {
  const [pid = 0] = pids;
  const now = await live.processes({});
  const then = await captured.processes({});
  const at = now.pid.indexOf(pid);
  const was = then.pid.indexOf(pid);
  expect([then.rootPa[was], then.name[was], then.user[was]]).toEqual([now.rootPa[at], now.name[at], now.user[at]]);
  const tree = await live.tables({ pid, startTicks: 0n });
  expect(await captured.tables({ pid, startTicks: 0n })).toEqual(tree);
  for (const [i, pa] of tree.pa.entries()) {
    const pfn = pa >> 12n;
    const [one, other] = [await live.frame({ pfn }), await captured.frame({ pfn })];
    const entries = (bytes: Uint8Array) => calm(new BigUint64Array(new Uint8Array(bytes).buffer).subarray(0, 256));
    expect([i, other.status, entries(other.bytes)]).toEqual([i, 0, entries(one.bytes)]);
  }
});

test('the runs of a check, its counts, and who maps a frame', async () => {
  for (const pid of pids) {
    const collect = async (explorer: Explorer) => {
      const pages: string[] = [];
      const take = ({ runs }: { runs: Runs }) => {
        for (const [i, va] of runs.va.entries())
          pages.push(`${va} ${runs.pages[i]} ${runs.verdict[i]} ${runs.note[i]} ${runs.words.pagemap[i]}`);
      };
      const { summary } = await explorer.check(pid, 0n, 0n, 1n << 63n, () => undefined, { onBatch: take }).promise;
      return { pages: pages.sort(), counts: summary.counts, rootPa: summary.rootPa };
    };
    expect(await collect(captured)).toEqual(await collect(live));
  }
  const shared = fixture.of('cow-parent-shared');
  const { row } = await live.translate({ pid: shared.pid, startTicks: 0n, va: shared.va });
  const pfn = row?.pfn[0] as bigint;
  const owners = async (explorer: Explorer) => {
    const o = await explorer.owners({ pid: 0, pfn, again: true });
    return Array.from(o.pid, (pid, i) => `${pid} ${o.va[i]} ${o.access[i]} ${o.shift[i]}`).sort();
  };
  expect(await owners(captured)).toEqual(await owners(live));
});

test('what two processes share', async () => {
  const child = fixture.of('cow-child-shared').pid;
  const parent = fixture.of('cow-parent-shared').pid;
  const wanted = { pid: parent, startTicks: 0n, other: child, otherStart: 0n };
  expect(await captured.shared(wanted)).toEqual(await live.shared(wanted));
});

test('the map of memory, whole and in part; CPUs as they were', async () => {
  const { ramEnd } = sources.target;
  const end = (ramEnd.at(-1) as bigint) >> 12n;
  const all = await captured.memory({ begin: 0n, end, cells: 100, flags: 1n << 12n, again: false });
  expect(all.roles.reduce((n, frames) => n + frames, 0)).toBe(Number(end));
  const part = await captured.memory({ begin: end / 2n, end, cells: 100, flags: 1n << 12n, again: false });
  expect(part.begin).toBeLessThanOrEqual(end / 2n);
  expect(part.roles.length).toBeLessThan(all.roles.length);
  // Each flag that has a name was counted.
  const flags = (1n << 26n) | (1n << 12n) | (1n << 10n);
  const three = await captured.memory({ begin: 0n, end, cells: 100, flags, again: false });
  expect([...three.flagged].filter((_, i) => i % 3 === 1)).toEqual([...all.flagged]);
  expect([...three.flagged].filter((_, i) => i % 3 === 2).reduce((a, b) => a + b)).toBeGreaterThan(0);
  const unnamed = { begin: 0n, end, cells: 1, flags: 1n << 60n, again: false };
  await expect(captured.memory(unnamed)).rejects.toThrow(/did not count/);
  expect((await captured.cpus({})).cpu.length).toBe((await live.cpus({})).cpu.length);
});

test('a search finds the same bytes, also across pages and with wildcards', async () => {
  const found = async (explorer: Explorer, pid: number, pattern: { bytes: Uint8Array; mask: Uint8Array }) => {
    const hits: string[] = [];
    const everything = (1n << 64n) - 1n;
    const { limited } = await explorer.search(pid, 0n, everything, pattern, 1000n, (batch) => {
      for (const [i, address] of batch.address.entries())
        hits.push(`${address.toString(16)} ${batch.pa[i]?.toString(16)} ${sayHit(batch, i).bytes}`);
    }).promise;
    return { hits, limited };
  };
  const words = (...list: bigint[]) => new Uint8Array(BigUint64Array.from(list).buffer);
  for (const name of ['anon4k', 'thp', 'hugetlb', 'memfd']) {
    const { pid, va } = fixture.of(name);
    const all = new Uint8Array(16).fill(255);
    // The fixture's words are their own addresses.
    const inside = { bytes: words(va, va + 8n), mask: all };
    const masked = { bytes: words(va, va + 8n), mask: Uint8Array.from(all, (m, i) => (i === 3 || i > 12 ? 0 : m)) };
    const over = words(va + 0xff8n, va + 0x1000n);
    const across = { bytes: over, mask: all };
    for (const pattern of [inside, masked, across]) {
      const there = await found(live, pid, pattern);
      expect(there.hits.length, name).toBeGreaterThan(0);
      expect(await found(captured, pid, pattern), name).toEqual(there);
    }
  }
  const { pid, va } = fixture.of('anon4k');
  const pattern = { bytes: words(va), mask: new Uint8Array(8).fill(255) };
  const physical = await found(captured, 0, pattern);
  const virtual = await found(captured, pid, pattern);
  for (const hit of virtual.hits)
    expect(physical.hits.map((h) => h.slice(h.indexOf(' ')))).toContain(hit.slice(hit.indexOf(' ')));
  const at = BigInt(`0x${physical.hits[0]?.split(' ')[1]}`);
  expect(await captured.findNext(pattern, 0n, false).promise).toBe(at);
  expect(await captured.findNext(pattern, at + 1n, true).promise).toBe(at);
  expect((await found(captured, pid, { bytes: words(va ^ 0x5a5a5a5a5an), mask: pattern.mask })).hits).toEqual([]);
});

test('what was not captured says so: processes, pages, frames', async () => {
  await expect(captured.regions({ pid: process.pid, startTicks: 0n })).rejects.toMatchObject({ code: 'ENODATA' });
  await expect(captured.regions({ pid: 0x7fffffff, startTicks: 0n })).rejects.toMatchObject({ code: 'ESRCH' });
  const [pid = 0] = pids;
  const { row } = await captured.translate({ pid, startTicks: 0n, va: 0x1000n });
  expect(row).toMatchObject({ verdict: Uint8Array.of(5) });
  // No RAM is told by its ranges, captured or not.
  const beyond = (sources.target.ramEnd.at(-1) as bigint) >> 12n;
  expect(FRAME_STATUS.name((await captured.frame({ pfn: beyond })).status)).toBe('notRam');
  const frame = await captured.frame({ pfn: 1n });
  expect([FRAME_STATUS.name(frame.status), frame.bytes.length, frame.flags]).toEqual(['notCaptured', 0, null]);
  expect((await captured.target()).capture).toMatchObject({ path: made.file, problem: '' });
  await expect(
    Recorder.begin(captured, join(made.folder, 'x.cr3scope'), false, { frames: 'none', bytes: false }),
  ).rejects.toThrow(/can’t be captured again/);
});
