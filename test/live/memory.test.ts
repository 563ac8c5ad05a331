// SPDX-License-Identifier: GPL-2.0-only
// Tables, frames and physical memory as a whole, on live processes: sums that must come out, against other sources.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MOST_FRAMES } from '../../app/contract/api.ts';
import { kpageFlagLabels, kpageFlagNames } from '../../app/contract/format.ts';
import { kernelVersion } from '../../app/contract/paging.ts';
import { parsePattern } from '../../app/contract/pattern.ts';
import { ROLES } from '../../app/contract/roles.ts';
import { levelTotals, sayMarked } from '../../app/contract/table.ts';
import { FRAME_STATUS } from '../../app/contract/verdicts.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { Service } from '../../app/main/service/service.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { type Case, type Fixture, startFixture } from '../fixture.ts';

let sources: Sources;
let explorer: Explorer;
let fixture: Fixture;
const pfnOf = async (c: Case) => (await sources.rows(c.pid, 0n, BigUint64Array.of(c.va))).pfn[0] as bigint;
const status = (field: string) =>
  BigInt(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${fixture.pid}/status`, 'utf8'))?.[1] ?? -1);
const role = (name: (typeof ROLES)[number]) => ROLES.indexOf(name);

beforeAll(async () => {
  sources = await openSources(ADDON_PATH);
  explorer = new Explorer(sources);
  fixture = await startFixture('page-kinds', ['out/fixtures']);
});
afterAll(() => fixture.stop());

test('the tree of tables is as large as the kernel says, and all of it is marked', async () => {
  const tree = await explorer.tables({ pid: fixture.pid, startTicks: 0n });
  const target = await explorer.target();
  const { levels } = target;
  const totals = levelTotals(tree, levels);
  // VmPTE counts all tables but the root, and those kept in reserve for splitting a huge page (pgtable_trans_huge_deposit()).
  const below = BigInt(totals.slice(1).reduce((n, t) => n + t.tables, 0));
  expect(below).toBeLessThanOrEqual(status('VmPTE') / 4n);
  expect(below + ((tree.mapped[1] as bigint) >> 21n)).toBeGreaterThanOrEqual(status('VmPTE') / 4n);
  expect(totals[0]).toMatchObject({ level: levels, tables: 1, unreadable: 0 });
  for (const t of totals) expect(sayMarked(t, target)).not.toContain('NOT');
  for (const t of totals.filter((x) => x.level <= 2)) expect(sayMarked(t, target)).toBe('all marked as page tables');
  // Every table but the root is an entry of one above.
  for (let i = 1; i < totals.length; i++)
    expect(totals[i - 1]?.used).toBeGreaterThanOrEqual((totals[i]?.tables ?? 0) as number);
  expect(tree.mapped[1]).toBeGreaterThan(0n); // a huge page
  const mapped = tree.mapped.reduce((a, b) => a + b, 0n);
  // What is mapped but not in the resident set: the zero pages, hugetlb and raw frames.
  expect(mapped).toBeGreaterThanOrEqual(status('VmRSS') * 1024n);
});

test('a process that is gone, or has no address space, has no tree', async () => {
  await expect(explorer.tables({ pid: 2, startTicks: 0n })).rejects.toThrow();
  await expect(explorer.tables({ pid: 0x7ffffff0, startTicks: 0n })).rejects.toMatchObject({ code: 'ESRCH' });
});

test('a frame without struct page is absent, also where the kernel gives it no flags', async () => {
  const { ramBegin, ramEnd } = sources.target;
  // The kernel has struct page for whole sections of 128 MiB.
  const SECTION = 1n << 27n;
  const holes = Array.from(ramEnd, (end, i) => [end, ramBegin[i + 1] ?? end] as const);
  const hole = holes.find(([begin, end]) => end - begin >= 4n * SECTION);
  if (!hole) return; // of guests with little memory
  const pfn = (hole[0] + 2n * SECTION) >> 12n;
  const { role: roles, flags, status: statuses } = await sources.frames(BigUint64Array.of(pfn));
  expect(roles[0]).toBe(role('absent'));
  expect(kpageFlagNames(flags[0] as bigint)).toEqual(['nopage']);
  expect(FRAME_STATUS.name(statuses[0] as number)).toBe('notRam');
  const list = await sources.listFrames(pfn, pfn + 1n);
  expect(list.role[0]).toBe(role('absent'));
  const { node } = await explorer.frame({ pfn });
  expect(node).toBe(null);
});

test('the cells of the map add up to its totals, and these to the frames', async () => {
  const end = (sources.target.ramEnd.at(-1) as bigint) >> 12n;
  const map = await explorer.memory({ begin: 0n, end, cells: 1000, flags: 1n << 26n, again: true });
  const cells = map.owner.length;
  expect(BigInt(cells)).toBe((end + map.framesPerCell - 1n) / map.framesPerCell);
  expect(map.framesPerCell & (map.framesPerCell - 1n)).toBe(0n); // a power of two
  const byRole = ROLES.map((_, r) =>
    Array.from({ length: cells }, (_, c) => map.roles[c * ROLES.length + r] as number).reduce((a, b) => a + b, 0),
  );
  expect(byRole.map(BigInt)).toEqual([...map.total]);
  expect(map.total.reduce((a, b) => a + b, 0n)).toBe(end);
  // Only frames that are not RAM by /proc/iomem are absent.
  const ram = sources.target.ramBegin.reduce((n, begin, i) => {
    const [from, to] = [(begin + 4095n) >> 12n, (sources.target.ramEnd[i] as bigint) >> 12n];
    return n + (to > from ? to - from : 0n);
  }, 0n);
  expect(map.total[role('absent')]).toBe(end - ram);
  // The flag that was asked for is that of page tables.
  const flagged = map.flagged.reduce((a, b) => a + b, 0);
  expect(BigInt(flagged)).toBeLessThanOrEqual(map.total[role('pageTable')] as bigint);
  expect(flagged).toBeGreaterThan(0);
});

test('what a process maps is what the kernel counts for it', async () => {
  const end = (sources.target.ramEnd.at(-1) as bigint) >> 12n;
  const map = await explorer.memory({ begin: 0n, end, cells: 1, flags: 1n << 0n, again: true });
  const at = map.pid.indexOf(fixture.pid);
  const mapped = (name: (typeof ROLES)[number]) => map.mapped[at * ROLES.length + role(name)] as bigint;
  // /proc/PID/status folds per-CPU counters, exactly only since 6.12; so one or two pages for each CPU and kind.
  const slack = BigInt(64 * sources.target.ramBegin.length);
  const near = (frames: bigint, kib: bigint) => {
    const d = frames - kib / 4n;
    expect(d < 0n ? -d : d).toBeLessThanOrEqual(slack);
  };
  near(mapped('anonymous'), status('RssAnon'));
  near(mapped('shmem'), status('RssShmem'));
  const tree = await explorer.tables({ pid: fixture.pid, startTicks: 0n });
  // Under PTI the second root is one, too.
  expect(mapped('pageTable')).toBe(BigInt(tree.level.length + Number(sources.target.pti)));
});

test('frames one by one are as the map and the frames themselves say', async () => {
  const pfn = await pfnOf(fixture.of('anon4k'));
  const begin = pfn & ~0x3ffn;
  const end = begin + 0x400n;
  const list = await explorer.listFrames({ begin, end });
  expect([list.begin, list.role.length, list.flags.length]).toEqual([begin, 0x400, 0x400]);
  const at = Number(pfn - begin);
  const one = await explorer.memory({ begin: pfn, end: pfn + 1n, cells: 1, flags: 1n << 0n, again: false });
  expect([ROLES[list.role[at] as number], list.owner[at], list.mapped[at]]).toEqual([
    'anonymous',
    one.owner[0],
    one.sizes[0],
  ]);
  const { flags } = await explorer.frame({ pfn });
  // Bits that the kernel changes at any time: referenced, lru, active, idle.
  const settled = ~((1n << 2n) | (1n << 5n) | (1n << 6n) | (1n << 25n));
  expect((list.flags[at] as bigint) & settled).toBe((flags ?? 0n) & settled);
  await expect(explorer.listFrames({ begin, end: begin })).rejects.toThrow('can’t be listed');
  await expect(explorer.listFrames({ begin: 0n, end: 1n << 17n })).rejects.toMatchObject({ remedy: /65536/ });
});

test('a part of the map is the same as that part of the whole', async () => {
  const pfn = await pfnOf(fixture.of('anon4k'));
  const one = await explorer.memory({ begin: pfn, end: pfn + 1n, cells: 1, flags: 1n << 12n, again: false });
  expect(one.total[role('anonymous')]).toBe(1n);
  const owners = await explorer.owners({ pid: 0, pfn, again: false });
  expect([one.ownerMappings[0], one.flagged[0], [...one.sizes]]).toEqual([1, 1, [owners.pid.length, 0, 0]]);
  expect(one.owner[0]).toBe(Math.min(...owners.pid));
  // Several flags at once, lowest first: swapbacked, anon, and locked, which it is not.
  const flags = (1n << 14n) | (1n << 12n) | 1n;
  const more = await explorer.memory({ begin: pfn, end: pfn + 1n, cells: 1, flags, again: false });
  expect([more.flags, ...more.flagged]).toEqual([flags, 0, 1, 1]);
  const thp = await pfnOf(fixture.of('thp'));
  const within = await explorer.memory({ begin: thp + 5n, end: thp + 9n, cells: 2, flags: 1n << 0n, again: false });
  expect([...within.sizes].map((n) => n > 0)).toEqual([false, true, false, false, true, false]);
  await expect(explorer.memory({ begin: 5n, end: 5n, cells: 1, flags: 1n << 0n, again: false })).rejects.toThrow(
    /empty/,
  );
});

test('the role of a frame of each kind', async () => {
  const expected = {
    anon4k: 'anonymous',
    thp: 'anonymous',
    shared: 'shmem',
    zeropage: 'zeroPage',
    hugetlb: 'hugetlb',
  } as const;
  let compared = 0;
  for (const [name, wanted] of Object.entries(expected)) {
    const c = fixture.cases.find((k) => k.name === name); // a kernel may have no transparent huge pages
    if (!c) continue;
    const { role: r } = await explorer.frame({ pfn: await pfnOf(c) });
    expect([name, ROLES[r]]).toEqual([name, wanted]);
    compared++;
  }
  expect(compared).toBeGreaterThanOrEqual(4);
  const { path } = await explorer.translate({ pid: fixture.pid, startTicks: 0n, va: fixture.of('anon4k').va });
  for (let level = 1; level <= sources.target.levels; level++) {
    const pfn = (path.table[level] as bigint) >> 12n;
    const { role: r } = await explorer.frame({ pfn });
    if (level <= 2 || kernelVersion(sources.target.release) >= 0x60e)
      expect([level, ROLES[r]]).toEqual([level, 'pageTable']);
    const o = await explorer.owners({ pid: 0, pfn, again: false });
    const at = o.tablePid.indexOf(fixture.pid);
    expect([o.tableLevel[at], (o.tableVa[at] as bigint) <= fixture.of('anon4k').va]).toEqual([level, true]);
  }
});

test('KSM is believed only of a kernel that does not set it for a page that was never merged', async () => {
  const { flags } = await explorer.frame({ pfn: await pfnOf(fixture.of('anon4k')) });
  const labels = kpageFlagLabels(flags as bigint, sources.target);
  expect(labels).toContain('anon');
  expect(labels.filter((label) => label.startsWith('ksm'))).toEqual(sources.target.ksmUnreliable ? ['ksm?'] : []);
});

test('frames in a row hold what they hold one by one; holes say so', async () => {
  const pfn = await pfnOf(fixture.of('anon4k'));
  const { bytes, status: all } = await explorer.frames({ pfn, count: 3 });
  for (let i = 0; i < 3; i++) {
    const one = await explorer.frame({ pfn: pfn + BigInt(i) });
    expect(one.status).toBe(all[i]);
    if (i === 0) expect(bytes.slice(0, 4096)).toEqual(new Uint8Array(one.bytes));
  }
  const end = (sources.target.ramEnd.at(-1) as bigint) >> 12n;
  const beyond = await explorer.frames({ pfn: end - 1n, count: 2 });
  expect([...beyond.status]).toEqual([0, 1]);
  await expect(new Service(explorer).call('frames', { pfn, count: MOST_FRAMES + 1 })).rejects.toThrow();
});

test('the node of a frame, and the cgroup by its path', async () => {
  const { nodeBegin } = await explorer.target();
  const frame = await explorer.frame({ pfn: await pfnOf(fixture.of('anon4k')) });
  if (nodeBegin.length) expect(frame.node).not.toBeNull();
  const own = readFileSync(`/proc/${fixture.pid}/cgroup`, 'utf8');
  if (frame.cgroupPath) expect(own).toContain(frame.cgroupPath);
});

test('the next hit and the one before, in physical memory', async () => {
  const c = fixture.of('shared');
  const pa = (await pfnOf(c)) << 12n;
  // Every word of the page is its own address: a word of it and the next one are nowhere else in memory but here.
  const at = (offset: bigint) => {
    const words = BigUint64Array.of(c.va + offset, c.va + offset + 8n);
    return { bytes: new Uint8Array(words.buffer), mask: new Uint8Array(16).fill(255) };
  };
  expect(await explorer.findNext(at(0x100n), pa, false).promise).toBe(pa + 0x100n);
  expect(await explorer.findNext(at(0x100n), pa + 0x101n, true).promise).toBe(pa + 0x100n);
  expect(await explorer.findNext(at(0x100n), pa + 0x100n, true).promise).not.toBe(pa + 0x100n);
  // A pattern that begins in one frame's last bytes is looked for, too, though its end lies in the next.
  expect(await explorer.findNext(at(0x0n), pa + 1n, true).promise).toBe(pa);
  const any = parsePattern('00', 'hex');
  if (typeof any === 'string') throw new Error(any);
  const first = (sources.target.ramBegin[0] as bigint) + 0n;
  expect(await explorer.findNext(any, 0n, false).promise).toBeGreaterThanOrEqual(first);
  expect(await explorer.findNext(any, 0n, true).promise).toBeNull();
});

test('the bytes of every mapped page are those that the process reads', async () => {
  const job = explorer.check(fixture.pid, 0n, 0n, 1n << 63n, () => undefined, { bytes: true });
  const { proof } = (await job.promise).summary;
  expect(proof).not.toBeNull();
  if (!proof) return;
  const { pages, same, changing, moved, noFrame, noMemory, differ } = proof;
  expect(differ).toBe(0n);
  expect(same + changing + moved + noFrame + noMemory).toBe(pages);
  const pagesOf = (which: (c: Case) => boolean) =>
    BigInt(fixture.cases.filter((c) => c.pid === fixture.pid && which(c)).reduce((n, c) => n + c.pages, 0));
  // A kernel may be built so that PROT_NONE pages are for debuggers only (CONFIG_PROC_MEM_FORCE_PTRACE, since 6.12).
  const forced = pagesOf((c) => c.note === 'protNone');
  expect([0n, forced]).toContain(noMemory);
  expect(same).toBeGreaterThanOrEqual(pagesOf((c) => c.pattern) - noMemory);
  // memfd_secret: neither the frame nor /proc/PID/mem gives it.
  expect(noFrame).toBeGreaterThanOrEqual(BigInt(fixture.of('secretmem')?.pages ?? 0));
  expect((await explorer.check(fixture.pid, 0n, 0n, 1n << 63n, () => undefined).promise).summary.proof).toBeNull();
});
