// SPDX-License-Identifier: GPL-2.0-only
// Unusual kinds of process: each is checked and read like any other, or the reason why not is given.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mapsFrame } from '../../app/contract/paging.ts';
import { ENTRY_KINDS, NOTE, VERDICT } from '../../app/contract/verdicts.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { type Fixture, startFixture } from '../fixture.ts';

let sources: Sources;
let explorer: Explorer;
let fixture: Fixture;
const named = (name: string) => {
  const found = fixture.processes.find((p) => p.name === name);
  if (!found) throw new Error(`the fixture has no process ${name}`);
  return found;
};
/** Bytes of addresses that the pages of mremap-loop move through. */
const ROOM = 65536n * 128n * 4096n;
const checked = (pid: number, { bytes = false } = {}) =>
  explorer.check(pid, 0n, 0n, 1n << 63n, () => undefined, { bytes }).promise;

beforeAll(async () => {
  sources = await openSources(ADDON_PATH);
  explorer = new Explorer(sources);
  fixture = await startFixture('process-kinds', ['out/fixtures/bits32']);
});
afterAll(() => fixture.stop());

/** They have an address space that nobody changes. */
const AT_REST = [
  'leader-gone',
  'threads',
  'vfork-child',
  'vfork-parent',
  'clone-vm-child',
  'clone-vm-parent',
  'namespaces',
  '32-bit',
];

/** A kernel may run no programs of 32 bits. */
const isHere = (name: string) => !fixture.skipped.some((line) => line.startsWith(`${name}:`));

test.for(AT_REST)(
  '%s: regions, walk, bytes, tables, watch and check are those of its address space',
  async (name, { skip }) => {
    if (!isHere(name)) skip('this kernel has none');
    const { pid, va } = named(name);
    const regions = await explorer.regions({ pid, startTicks: 0n });
    expect(regions.begin.some((begin, i) => begin <= va && va < (regions.end[i] as bigint))).toBe(true);

    const { row, path } = await explorer.translate({ pid, startTicks: 0n, va });
    expect(mapsFrame(ENTRY_KINDS[path.leaf.kind])).toBe(true);
    expect(VERDICT.name(row?.verdict[0] ?? 99)).toBe('agree');
    const { bytes } = await explorer.frame({ pfn: row?.pfn[0] as bigint });
    expect(new Set(bytes)).toEqual(new Set([0xc5]));

    expect((await explorer.tables({ pid, startTicks: 0n })).rootPa).not.toBe(0n);

    const { summary, regions: listed } = await checked(pid, { bytes: true });
    expect(listed?.begin.length).toBe(regions.begin.length);
    expect(summary.counts[VERDICT.code('mismatch')]).toBe(0n);
    expect(summary.counts[VERDICT.code('agree')]).toBeGreaterThan(2n);
    expect(summary.proof).toMatchObject({ differ: 0n });
    expect(summary.proof?.same).toBeGreaterThan(2n);

    let seen: bigint | undefined;
    const watching = explorer.watch(pid, 0n, va, va + 1n, 0, ({ rows }) => {
      seen ??= rows.pfn[0];
    });
    await expect.poll(() => seen).toBe(row?.pfn[0]);
    watching.cancel();
    await watching.promise;
  },
);

test('processes that share an address space have one root', async () => {
  const list = await explorer.processes({});
  const rootOf = (name: string) => list.rootPa[list.pid.indexOf(named(name).pid)];
  expect(rootOf('vfork-child')).toBe(rootOf('vfork-parent'));
  expect(rootOf('clone-vm-child')).toBe(rootOf('clone-vm-parent'));
  expect(rootOf('clone-vm-child')).not.toBe(rootOf('vfork-child'));
});

test('a process whose leader thread has exited has its memory in the list of processes', async () => {
  const list = await explorer.processes({});
  const at = list.pid.indexOf(named('leader-gone').pid);
  expect(String.fromCharCode(list.state[at] as number)).toBe('Z');
  expect([list.rootPa[at] !== 0n, (list.rss[at] as bigint) > 0n, (list.pageTables[at] as bigint) > 0n]).toEqual([
    true,
    true,
    true,
  ]);
});

test('a zombie has no address space, and says so', async () => {
  const { pid } = named('zombie');
  await expect(checked(pid)).rejects.toThrow(/no address space|No such process/);
  await expect(explorer.translate({ pid, startTicks: 0n, va: 0x1000n })).rejects.toThrow(/No such process/);
});

test('what moves during a check is called changed, not absent, and never a mismatch', async () => {
  const { pid, va } = named('mremap-loop');
  let moved = 0n;
  let absent = 0n;
  for (let round = 0; round < 50; round++) {
    const { summary, runs } = await checked(pid);
    expect(summary.counts[VERDICT.code('mismatch')]).toBe(0n);
    // The moving pages: the only ones within the room, whose addresses nothing else uses.
    for (let i = 0; i < runs.va.length; i++) {
      if ((runs.va[i] as bigint) < va || (runs.va[i] as bigint) >= va + ROOM) continue;
      if (runs.verdict[i] === VERDICT.code('notPresent')) absent += runs.pages[i] as bigint;
      if (runs.note[i] === NOTE.code('regionChanged')) moved += runs.pages[i] as bigint;
    }
  }
  // mremap() has both regions for a moment: the one without pages is correctly reported as empty.
  console.log(`${moved} pages moved, ${absent} were absent`);
  expect(moved).toBeGreaterThan(absent * 4n);
});

test('a process that executes programs without a pause is followed or reported, never misread', async () => {
  const { pid } = named('exec-loop');
  const outcomes = new Map<string, number>();
  for (let round = 0; round < 60; round++) {
    let outcome: string;
    try {
      const { summary } = await checked(pid, { bytes: true });
      outcome = ['complete', 'exited', 'execed'][summary.outcome] as string;
      expect(summary.counts[VERDICT.code('mismatch')]).toBe(0n);
      // If the process executed another program, the proof means nothing and is not reported as complete.
      if (outcome === 'complete') expect(summary.proof?.noMemory ?? 0n).toBeLessThan(summary.pages);
    } catch (error) {
      outcome = (error as { code: string }).code;
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  expect([...outcomes.keys()].filter((o) => !['complete', 'execed', 'ESRCH', 'EAGAIN'].includes(o))).toEqual([]);
  expect(outcomes.size).toBeGreaterThan(0);
});

test('a frame that several processes map through one address space names them all, the one asked for first', async () => {
  const parent = named('clone-vm-parent');
  const child = named('clone-vm-child');
  const { row } = await explorer.translate({ pid: child.pid, startTicks: 0n, va: child.va });
  const pfn = row?.pfn[0] as bigint;
  const ask = async (pid: number, again = false) => {
    const o = await explorer.owners({ pid, pfn, again });
    const at = Array.from(o.pid).findIndex((p) => p === parent.pid || p === child.pid);
    return [o.pid[at], o.sharers[at]];
  };
  expect(await ask(0, true)).toEqual([parent.pid, [child.pid]]);
  expect(await ask(child.pid)).toEqual([child.pid, [parent.pid]]);
  expect(await ask(parent.pid)).toEqual([parent.pid, [child.pid]]);
});

test('check --all accounts for every process that /proc lists', () => {
  const { stdout, status } = spawnSync(process.execPath, ['out/main/cli.cjs', 'check', '--all', '--json'], {
    encoding: 'utf8',
  });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text));
  const total = lines.pop();
  const { listed, processes, gone, kernelThreads, noAddressSpace, notChecked } = total;
  expect(processes + gone + kernelThreads + noAddressSpace + notChecked.length).toBe(listed);
  expect(lines.length).toBe(listed);
  expect(new Set(lines.map((l) => l.pid)).size).toBe(listed);
  const outcomeOf = (name: string) => lines.find((l) => l.pid === named(name).pid)?.outcome;
  for (const name of AT_REST.filter(isHere)) expect([name, outcomeOf(name)]).toEqual([name, 'complete']);
  expect(outcomeOf('zombie')).toBe('noAddressSpace');
  expect(lines.find((l) => l.pid === 2)?.outcome ?? 'kernelThread').toBe('kernelThread');
  expect(kernelThreads).toBeGreaterThan(0);
  expect([status, total.verdicts.mismatch]).toEqual([0, 0]);
});
