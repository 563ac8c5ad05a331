// SPDX-License-Identifier: GPL-2.0-only
// Linux in a memory image that is made here: what is found in it, the cross-check with its frame records, and lies.
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kpageFlagNames } from '../../app/contract/format.ts';
import { ROLE } from '../../app/contract/roles.ts';
import { typeOf } from '../../app/contract/types.ts';
import { ENTRY_KINDS, NOTE, VERDICT } from '../../app/contract/verdicts.ts';
import { readCapture } from '../../app/main/capture/captured.ts';
import { diffCaptures } from '../../app/main/capture/diff.ts';
import { captureProcesses } from '../../app/main/capture/record.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import {
  CODE,
  CODE_FRAME,
  DATA,
  DATA_FRAME,
  FREE_FRAME,
  KERNEL_PA,
  linuxMemory,
  PTES,
  pageStruct,
  RELEASE,
  ROOT,
  USER_PA,
  VMEMMAP,
} from '../linux-image.ts';
import { fileOf, imageFile, Memory, NX, PRESENT, USER, WRITE } from '../memory-image.ts';

const open = (alter: (memory: Memory) => void = () => undefined) => {
  const memory = linuxMemory();
  alter(memory);
  return openSources(ADDON_PATH, imageFile(fileOf(memory.lime())));
};

test('Linux is found, and each finding is confirmed', async () => {
  const { facts, target } = await open();
  expect(target).toMatchObject({ release: RELEASE, levels: 4, pti: false, zeroPfn: BigInt(USER_PA + 0x1f000) >> 12n });
  const told = (facts.image?.findings ?? []).join('\n');
  for (const word of ['LiME', 'a scan of the memory', 'it maps itself', 'kallsyms', 'BTF', 'init_task'])
    expect(told).toContain(word);
  expect(facts.sources.map(({ name, ready }) => [name, ready])).toEqual([
    ['frameRecord', true],
    ['tableWalk', true],
  ]);
  expect(facts.sources.map(({ detail }) => detail).join()).toMatch(/read from the image(,|$)/);
});

test('the symbols of a kernel before 6.0, which does not name their tables, are found by a scan', async () => {
  const sources = await openSources(ADDON_PATH, imageFile(fileOf(linuxMemory('5.10.0-test').lime())));
  expect(sources.facts.image?.findings.join()).toContain('kallsyms, by a scan');
  expect(sources.target.zeroPfn).toBe(BigInt(USER_PA + 0x1f000) >> 12n);
  expect(sources.facts.sources.map(({ ready }) => ready)).toEqual([true, true]);
});

test('processes, roots and regions', async () => {
  const sources = await open();
  const list = await sources.processes();
  const { kernelThread, name, pid, ppid, startTicks, state, uid } = list;
  expect({ pid: [...pid], ppid: [...ppid], name, uid: [...uid], startTicks: [...startTicks] }).toEqual({
    pid: [1, 2],
    ppid: [0, 0],
    name: ['init', 'kthreadd'],
    uid: [33, 33],
    startTicks: [7n, 14n],
  });
  expect([[...kernelThread], String.fromCharCode(...state)]).toEqual([[0, 1], 'SS']);
  const roots = await sources.roots();
  expect([...(roots?.rootPa ?? [])]).toEqual([BigInt(ROOT), 0n]);
  const regions = await sources.regions(1);
  expect(regions).toMatchObject({
    permissions: ['r-xp', 'rw-p'],
    path: ['/usr/init', ''],
  });
  expect([[...regions.begin], [...regions.end], [...regions.inode]]).toEqual([
    [CODE, DATA],
    [CODE + 0x2000n, DATA + 0x3000n],
    [77n, 0n],
  ]);
  expect((await sources.regions(2)).path).toEqual([]);
  await expect(sources.regions(3)).rejects.toMatchObject({ code: 'ESRCH' });
});

async function check(sources: Awaited<ReturnType<typeof open>>) {
  const evidence: string[] = [];
  const job = sources.check(1, 0n, 0n, 1n << 63n, (batch) => {
    for (const e of batch.evidence)
      evidence.push(`${e.va.toString(16)} ${VERDICT.name(e.verdict)} ${NOTE.name(e.note)}`);
  });
  const { counts } = await job.promise;
  return { counts: Object.fromEntries([...counts].map((n, v) => [VERDICT.name(v), n])), evidence };
}

test('every page agrees with its frame record', async () => {
  const { counts, evidence } = await check(await open());
  expect(evidence).toEqual([]);
  expect(counts).toMatchObject({ agree: 2n, agreeByRule: 1n, notPresent: 2n, mismatch: 0n, notComparable: 0n });
});

test('pages by address', async () => {
  const sources = await open();
  const rows = await sources.rows(1, 0n, BigUint64Array.of(CODE, DATA, DATA + 0x1000n, DATA + 0x2000n));
  expect([...rows.pfn].map((pfn) => pfn << 12n)).toEqual([
    BigInt(CODE_FRAME),
    BigInt(DATA_FRAME),
    BigInt(USER_PA + 0x1f000),
    0n,
  ]);
  expect([...rows.verdict].map((v) => VERDICT.name(v))).toEqual(['agree', 'agree', 'agreeByRule', 'notPresent']);
});

const index = (va: bigint) => Number((va >> 12n) & 511n);
/** The frame of the code is then mapped twice, and its record says once. */
const LIES: Record<string, [alter: (m: Memory) => void, ...vas: bigint[]]> = {
  'an entry that leads to another frame': [
    (m) => m.entry(PTES, index(DATA), BigInt(CODE_FRAME) | PRESENT | WRITE | USER | NX),
    CODE,
    DATA,
  ],
  'a page that is not mapped any more': [(m) => m.entry(PTES, index(DATA), 0n), DATA],
  'a whole table that is not there any more': [(m) => m.at(PTES).fill(0, 0, 4096), DATA],
  'a frame that is mapped more often than its record says': [
    (m) => m.at(pageStruct(DATA_FRAME) + 48).writeInt32LE(2),
    DATA,
  ],
  'an entry that may be executed': [
    (m) => m.entry(PTES, index(DATA), BigInt(DATA_FRAME) | PRESENT | WRITE | USER),
    DATA,
  ],
  'an executable page outside every region': [
    (m) => m.entry(PTES, index(DATA) + 7, BigInt(CODE_FRAME) | PRESENT | USER),
    CODE,
    DATA + 0x7000n,
  ],
  // vm_end of the second region
  'pages hidden from their region': [
    (m) => m.at(KERNEL_PA + 0x21880 + 8).writeBigUInt64LE(DATA + 0x1000n),
    DATA + 0x1000n,
  ],
  'a frame whose record tells of another place': [(m) => m.at(pageStruct(DATA_FRAME) + 32).writeBigUInt64LE(5n), DATA],
};

test.each(Object.entries(LIES))('%s is named', async (_, [alter, ...vas]) => {
  const { evidence, counts } = await check(await open(alter));
  expect(evidence).toEqual(vas.map((va) => `${va.toString(16)} mismatch recordDiffers`));
  expect(counts.mismatch).toBe(BigInt(vas.length));
});

test('a PGD entry that Linux cannot have maps nothing', async () => {
  const va = 1n << 39n;
  // The bit of PROT_NONE, which only an entry of a page has.
  const sources = await open((memory) => memory.entry(ROOT, 1, 0x100n));
  expect([...(await sources.owners(BigInt(DATA_FRAME) >> 12n, false)).pid]).toEqual([1]);
  expect((await sources.processes()).alone[0]).toBeLessThan(100n);
  const { path } = await sources.translate(1, 0n, va);
  expect(ENTRY_KINDS[path.leaf.kind]).toBe('presentCleared');
});

test('map counts are not compared if a table is missing', async () => {
  // Another table of the process, in no memory.
  const { counts } = await check(
    await open((m) => {
      m.at(pageStruct(DATA_FRAME) + 48).writeInt32LE(2);
      m.entry(ROOT, 100, 0x7fffff000n | PRESENT | USER);
    }),
  );
  expect(counts.mismatch).toBe(0n);
});

test('what frames are used for, by their records', async () => {
  const sources = await open();
  const frames = [
    CODE_FRAME,
    DATA_FRAME,
    FREE_FRAME,
    FREE_FRAME + 0x3000,
    FREE_FRAME + 0x4000,
    KERNEL_PA,
    USER_PA + 0x1f000,
  ];
  const { role, count } = await sources.frames(BigUint64Array.from(frames, (pa) => BigInt(pa >> 12)));
  expect([...role].map((code) => ROLE.name(code))).toEqual([
    'file',
    'anonymous',
    'free',
    'free',
    'kernel',
    'reserved',
    'zeroPage',
  ]);
  expect([...count].slice(0, 3)).toEqual([1n, 1n, 0n]);
  const [begin, end] = [BigInt(KERNEL_PA >> 12), BigInt((KERNEL_PA >> 12) + 0x600)];
  const { total } = await sources.memory(begin, end, 16, 0n, false);
  expect(total[ROLE.names.indexOf('free')]).toBe(4n);
  const data = BigInt(DATA_FRAME >> 12);
  const list = await sources.listFrames(begin, end);
  const at = Number(data - begin);
  expect([ROLE.name(list.role[at] as number), list.mapped[at], list.owner[at]]).toEqual(['anonymous', 1, 1]);
  expect(list.role.filter((code) => ROLE.name(code) === 'free')).toHaveLength(4);
});

test('frames of a folio are mapped if page tables map one of them', async () => {
  const HEAD = USER_PA + 0x40000;
  const folio = (mapCountOfTail: number) => (memory: Memory) => {
    const [head, tail, after] = [0, 0x1000, 0x2000].map((at) => memory.at(pageStruct(HEAD + at)));
    head?.writeBigUInt64LE(1n << 9n, 0); // PG_lru
    tail?.writeBigUInt64LE((VMEMMAP + BigInt(HEAD >> 12) * 64n) | 1n, 8);
    tail?.writeInt32LE(mapCountOfTail, 48);
    after?.writeInt32LE(0, 48); // of another folio
  };
  const flagsOf = async (alter: (memory: Memory) => void) => {
    const { flags } = await (await open(alter)).frames(BigUint64Array.of(BigInt(HEAD >> 12), BigInt(HEAD >> 12) + 1n));
    return Array.from(flags, (word) => kpageFlagNames(word).includes('mmap'));
  };
  expect(await flagsOf(folio(0))).toEqual([true, true]);
  expect(await flagsOf(folio(-1))).toEqual([false, false]);
});

test('without a huge zero page no frame is one', async () => {
  const low = new Memory([[0x100000, 0x101000]]);
  const memory = linuxMemory();
  memory.at(pageStruct(0x100000) + 48).writeInt32LE(-1); // mapped by nobody
  const sources = await openSources(ADDON_PATH, imageFile(fileOf(Buffer.concat([low.lime(), memory.lime()]))));
  const { role } = await sources.frames(BigUint64Array.of(0x100n));
  expect(ROLE.name(role[0] as number)).toBe('kernel');
});

test('pages that look like roots are found without a kernel that names them, and are called guesses', async () => {
  const memory = linuxMemory();
  const OTHER = USER_PA + 0x30000;
  // The kernel half of the processes: of its own root.
  for (const root of [ROOT, OTHER])
    for (const slot of [273, 468, 511])
      memory.entry(root, slot, memory.at(KERNEL_PA + 0x1000).readBigUInt64LE(slot * 8));
  memory.at(OTHER).copy(memory.at(OTHER + 0x1000), 0, 0, 4096);
  memory.entry(OTHER + 0x1000, 3, 0x1234n); // no entry
  memory.at(KERNEL_PA + 0x6000).fill(0, 0, 16); // VMCOREINFO
  const sources = await openSources(ADDON_PATH, imageFile(fileOf(memory.lime()), { guessRoots: true }));
  const { name, pid } = await sources.processes();
  const roots = [KERNEL_PA + 0x1000, ROOT, OTHER];
  expect(name).toEqual(roots.map((pa) => `root ${pa.toString(16)}, a guess`));
  const { path } = await sources.translate(pid[1] as number, 0n, DATA);
  expect(path.leaf.pfn << 12n).toBe(BigInt(DATA_FRAME));
});

test('types come from the BTF of the image, and nowhere else', async () => {
  const sources = await open();
  const type = typeOf(await sources.layout('struct task_struct'));
  expect(type?.kind === 'structure' && type.members.map(({ name }) => name)).toContain('mm');
  expect(await sources.typeNames('struct task', 10)).toEqual(['struct task_struct']);
  // What this kernel does not have is not taken from that of the machine.
  expect(typeOf(await sources.layout('struct super_operations'))).toBeUndefined();
});

test('where scans found things is kept, looked at first, and confirmed', async () => {
  const memory = linuxMemory();
  // Another VMCOREINFO, which a scan would find later.
  const other = memory.at(FREE_FRAME);
  memory.at(KERNEL_PA + 0x6000).copy(other, 0, 0, 0x400);
  other.write(RELEASE.replace('test', 'that'), other.indexOf(RELEASE));
  const path = fileOf(memory.lime());
  const places = fileOf(Buffer.alloc(0));
  const release = async () => (await openSources(ADDON_PATH, imageFile(path, { places }))).target.release;
  expect(await release()).toBe(RELEASE);
  const found = readFileSync(places, 'utf8');
  expect(found).toMatch(new RegExp(`^${(KERNEL_PA + 0x6000).toString(16)}\n`));
  writeFileSync(places, `${FREE_FRAME.toString(16)}\n`);
  expect(await release()).toBe(RELEASE.replace('test', 'that'));
  for (const wrong of ['', 'nonsense', 'ffffffffffffffff\n', `${ROOT.toString(16)}\n`]) {
    writeFileSync(places, wrong);
    expect(await release()).toBe(RELEASE);
    expect(readFileSync(places, 'utf8')).toBe(found);
  }
});

test('captures of two images are compared by their tables', async () => {
  const captureOf = async (alter?: (memory: Memory) => void) => {
    const path = fileOf(Buffer.alloc(0));
    await captureProcesses(new Explorer(await open(alter)), path, 'all', { force: true });
    return readCapture(path);
  };
  const first = await captureOf();
  expect([...diffCaptures(first, await captureOf())]).toEqual([]);
  const moved = await captureOf((m) => m.entry(PTES, 0, BigInt(FREE_FRAME) | PRESENT | WRITE | USER | NX));
  const accessed = await captureOf((m) => m.entry(PTES, 0, m.at(PTES).readBigUInt64LE() ^ 0x20n));
  expect([...diffCaptures(first, moved)]).toMatchObject([
    { type: 'pages', pid: 1, va: DATA, pages: 1n, change: 'moved' },
  ]);
  expect([...diffCaptures(first, accessed)]).toEqual([]);
});

describe('a kernel that lies', () => {
  const KERNEL_LIES: Record<string, [alter: (m: Memory) => void, words: RegExp]> = {
    'no VMCOREINFO': [(m) => m.at(KERNEL_PA + 0x6000).fill(0, 0, 16), /no VMCOREINFO/],
    'a root that does not map itself': [
      (m) => m.entry(KERNEL_PA + 0x3000, 8, BigInt(KERNEL_PA + 0x200000) | PRESENT | WRITE | (1n << 7n)),
      /does not map itself/,
    ],
    'no BTF': [(m) => m.at(KERNEL_PA + 0x10000).fill(0, 0, 24), /no BTF/],
    'a first task that is none': [(m) => m.at(KERNEL_PA + 0x20000 + 32).writeUInt32LE(9), /first task/],
    'a list of tasks that comes back on itself': [
      // kthreadd's next is itself
      (m) => m.at(KERNEL_PA + 0x20400 + 16).writeBigUInt64LE(m.at(KERNEL_PA + 0x20200 + 16).readBigUInt64LE()),
      /list of tasks/,
    ],
  };
  test.each(Object.entries(KERNEL_LIES))('%s is said, and a root by hand still works', async (_, [alter, words]) => {
    const memory = linuxMemory();
    alter(memory);
    const path = fileOf(memory.lime());
    const sources = await openSources(ADDON_PATH, imageFile(path));
    await expect(sources.processes()).rejects.toThrow(words);
    const byHand = await openSources(ADDON_PATH, imageFile(path, { root: BigInt(ROOT) }));
    const { path: walk } = await byHand.translate((await byHand.processes()).pid[0] as number, 0n, DATA);
    expect(walk.leaf.pfn << 12n).toBe(BigInt(DATA_FRAME));
  });

  test('a tree of regions that comes back on itself is an error', async () => {
    const memory = linuxMemory();
    // Its root becomes an inner node, whose first slot leads back to it.
    const root = memory.at(KERNEL_PA + 0x21100 + 24);
    const inner = root.readBigUInt64LE() ^ (3n << 3n);
    root.writeBigUInt64LE(inner);
    memory.at(KERNEL_PA + 0x21400).writeBigUInt64LE(inner, 128);
    const sources = await openSources(ADDON_PATH, imageFile(fileOf(memory.lime())));
    await expect(sources.regions(1)).rejects.toMatchObject({ code: 'EUCLEAN' });
  });
});
