// SPDX-License-Identifier: GPL-2.0-only
// The reverse map on live processes: exactly the mappers of a frame, as many as the kernel itself counts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NOT_KNOWN } from '../../app/contract/api.ts';
import { reconcile } from '../../app/contract/owners.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { type Case, type Fixture, startFixture } from '../fixture.ts';

let sources: Sources;
let explorer: Explorer;
let fixture: Fixture;
const pfnOf = async (c: Case, page = 0) =>
  (await sources.rows(c.pid, 0n, BigUint64Array.of(c.va + BigInt(page) * 4096n))).pfn[0] as bigint;
const ownersOf = async (pfn: bigint) => {
  const o = await explorer.owners({ pid: 0, pfn, again: false });
  return Array.from(o.pid, (pid, i) => `${pid} ${(o.va[i] as bigint).toString(16)}`);
};

beforeAll(async () => {
  sources = await openSources(ADDON_PATH);
  explorer = new Explorer(sources);
  fixture = await startFixture('page-kinds', ['out/fixtures']);
  await explorer.owners({ pid: 0, pfn: 0n, again: true });
});
afterAll(() => fixture.stop());

test('as many mappers as kpagecount, for frames of every kind', async () => {
  let compared = 0;
  for (const c of fixture.cases.filter((k) => k.pattern)) {
    // Every frame here; some of each kind in a guest, whose CPU is emulated.
    const step = process.env.CR3SCOPE_GUEST === undefined ? 1 : Math.max(1, Math.floor(c.pages / 16));
    for (let page = 0; page < Math.min(c.pages, 4096); page += step) {
      const pfn = await pfnOf(c, page);
      const o = await explorer.owners({ pid: 0, pfn, again: false });
      // The kernel may have moved the page since the walk.
      if (!o.still.every(Boolean) || o.still.length === 0) continue;
      expect([c.name, page, o.pid.length]).toEqual([c.name, page, Number(o.mapCount)]);
      expect(reconcile(o, sources.facts)).toMatch(/too/);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(process.env.CR3SCOPE_GUEST === undefined ? 1500 : 120);
});

test('copy-on-write: the copy has one owner, what was not written has two', async () => {
  const parent = fixture.of('cow-parent-shared');
  const child = fixture.of('cow-child-shared');
  const va = parent.va.toString(16);
  expect(await ownersOf(await pfnOf(parent))).toEqual(
    [parent.pid, child.pid].sort((a, b) => a - b).map((pid) => `${pid} ${va}`),
  );
  const written = fixture.of('cow-child-written');
  expect(await ownersOf(await pfnOf(written))).toEqual([`${written.pid} ${written.va.toString(16)}`]);
});

test('what parent and child share after fork: all but what was written', async () => {
  const parent = fixture.of('cow-parent-shared');
  const child = fixture.of('cow-child-shared');
  const written = fixture.of('cow-child-written');
  const s = await explorer.shared({ pid: parent.pid, startTicks: 0n, other: child.pid, otherStart: 0n });
  const at = (va: bigint) =>
    [...s.vaB.keys()].find(
      (i) => va >= (s.vaB[i] as bigint) && va < (s.vaB[i] as bigint) + ((s.pages[i] as bigint) << 12n),
    );
  const shared = at(child.va) as number;
  expect([s.copy[shared], (s.vaA[shared] as bigint) - (s.vaB[shared] as bigint)]).toEqual([0, 0n]);
  expect(s.copy[at(written.va) as number]).toBe(1);
  const pages = (copy: number) => s.pages.reduce((n, p, i) => (s.copy[i] === copy ? n + p : n), 0n);
  expect([pages(0), pages(1)]).toEqual([s.shared, s.copies]);
  expect(s.shared).toBeGreaterThan(BigInt(child.pages));
  // Frames of both, one by one, by another way.
  for (const i of [...s.vaA.keys()].slice(0, 40)) {
    const a = await sources.rows(parent.pid, 0n, BigUint64Array.of(s.vaA[i] as bigint));
    const b = await sources.rows(child.pid, 0n, BigUint64Array.of(s.vaB[i] as bigint));
    expect([i, a.pfn[0] === b.pfn[0]]).toEqual([i, s.copy[i] === 0]);
  }
});

test('within a huge page the address is that of the frame', async () => {
  const c = fixture.of('thp');
  const owners = await explorer.owners({ pid: 0, pfn: await pfnOf(c, 77), again: false });
  expect(owners.va).toContain(c.va + 77n * 4096n);
  expect(owners.shift[owners.va.indexOf(c.va + 77n * 4096n)]).toBe(21);
});

test('rights, and PROT_NONE', async () => {
  const readonly = await explorer.owners({ pid: 0, pfn: await pfnOf(fixture.of('readonly')), again: false });
  expect(readonly.access[readonly.pid.indexOf(fixture.pid)]).toBe(8 | 2); // read, user
  const none = await explorer.owners({ pid: 0, pfn: await pfnOf(fixture.of('protnone')), again: false });
  expect(none.access[none.pid.indexOf(fixture.pid)]).toBe(0);
  expect(none.still[none.pid.indexOf(fixture.pid)]).toBe(1);
});

test('the zero page has many mappers that the kernel does not count', async () => {
  const o = await explorer.owners({ pid: 0, pfn: sources.target.zeroPfn, again: false });
  expect(o.pid.length).toBeGreaterThanOrEqual(4);
  expect(reconcile(o, sources.facts)).toMatch(/zero page/);
});

test('a process that is gone since the walk is no longer an owner', async () => {
  const other = await startFixture('spin');
  const page = other.cases[0] as Case;
  const pfn = await pfnOf(page);
  await explorer.owners({ pid: 0, pfn, again: true });
  process.kill(other.pid, 'SIGKILL');
  await expect
    .poll(async () => {
      const o = await explorer.owners({ pid: 0, pfn, again: false });
      return o.still[o.pid.indexOf(other.pid)];
    })
    .toBe(0);
});

test('an address space outlives the process that it was found by', async () => {
  const family = spawn('out/fixtures/family', ['/dev/null', 'outlive'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: family.stdout }), 'line')) as [string];
  const [parent = 0, child = 0] = line.split(' ').map(Number);
  const va = BigInt(`0x${line.split(' ')[2]}`);
  const { row } = await explorer.translate({ pid: child, startTicks: 0n, va });
  const pfn = row?.pfn[0] as bigint;
  const owners = async (again: boolean) => {
    const o = await explorer.owners({ pid: 0, pfn, again });
    return Array.from(o.pid, (pid, i) => [pid, o.sharers[i], o.va[i], o.still[i]]);
  };
  expect(await owners(true)).toEqual([[parent, [child], va, 1]]);
  process.kill(parent, 'SIGKILL');
  await once(family, 'exit');
  for (const again of [false, true]) expect(await owners(again)).toEqual([[child, [], va, 1]]);
  process.kill(child, 'SIGKILL');
});

test('walks again when the last walk is old', async () => {
  const aged = (ageNs: bigint): Sources => ({
    ...sources,
    owners: async (pfn, again) => {
      const o = await sources.owners(pfn, again);
      return again ? o : { ...o, ageNs };
    },
  });
  await explorer.owners({ pid: 0, pfn: 0n, again: true });
  const later = await startFixture('page-kinds', ['out/fixtures']);
  try {
    const pfn = await pfnOf(later.of('protnone'));
    const owners = async (ageNs: bigint) =>
      Array.from((await new Explorer(aged(ageNs)).owners({ pid: 0, pfn, again: false })).pid);
    expect(await owners(0n)).not.toContain(later.pid);
    expect(await owners(3_600_000_000_000n)).toContain(later.pid);
  } finally {
    await later.stop();
  }
});

test('what a process maps alone is what smaps calls private; with the rest, it is all that is resident', async () => {
  const sleeper = spawn('sleep', ['1000'], { stdio: 'ignore' });
  try {
    // By the kernel's own counts of mappings. Another process may map or unmap a page of a library in between.
    await expect
      .poll(async () => {
        await explorer.owners({ pid: 0, pfn: 0n, again: true });
        const list = await explorer.processes({});
        const rollup = readFileSync(`/proc/${sleeper.pid}/smaps_rollup`, 'utf8');
        const pages = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(rollup)?.[1]) / 4;
        const at = list.pid.indexOf(sleeper.pid as number);
        const [alone, shared] = [Number(list.alone[at]), Number(list.shared[at])];
        return {
          alone: alone - pages('Private_Clean') - pages('Private_Dirty'),
          // [vdso] and [vvar] are mapped by all, and not resident by smaps.
          special: [0, 1, 2, 3, 4, 5, 6, 7, 8].includes(alone + shared - pages('Rss')),
        };
      })
      .toEqual({ alone: 0, special: true });
    const list = await explorer.processes({});
    expect(list.walkAgeNs).toBeGreaterThan(0n);
    expect(list.alone[list.pid.indexOf(2)]).toBe(NOT_KNOWN);
  } finally {
    sleeper.kill();
  }
});

test('nothing is known of what processes map before the first walk', async () => {
  const list = await new Explorer(await openSources(ADDON_PATH)).processes({});
  expect(list.walkAgeNs).toBeNull();
  expect(list.alone[list.pid.indexOf(fixture.pid)]).toBe(NOT_KNOWN);
});
