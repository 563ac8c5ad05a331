// SPDX-License-Identifier: GPL-2.0-only
// Links and ranges, the two roots of PTI side by side, and the numbers of the kernel that stand for names.
import { expect, test } from 'vitest';
import { commandOf, linkOf, type Place, parseLink, parseRange } from '../../app/contract/link.ts';
import type { PagingFacts } from '../../app/contract/paging.ts';
import { compareRoots } from '../../app/contract/table.ts';
import { nodeOf, parseZones } from '../../app/main/sources/nodes.ts';

const PLACES: [Place, string, string][] = [
  [{ view: 'process', pid: 4077 }, 'cr3scope://process/4077', 'cr3scope check 4077'],
  [
    { view: 'address', pid: 4077, va: 0x7f3a4001f0c8n },
    'cr3scope://address/4077/7f3a4001f0c8',
    'cr3scope walk 4077 7f3a4001f0c8',
  ],
  [{ view: 'tables', pid: 1 }, 'cr3scope://tables/1', 'cr3scope tables 1'],
  [{ view: 'frame', pa: 0x1172740c8n }, 'cr3scope://frame/1172740c8', 'cr3scope frame --pa 1172740c8'],
  [{ view: 'owners', pfn: 0x117274n }, 'cr3scope://owners/117274', 'cr3scope owners 117274'],
  [{ view: 'lab', name: 'cow' }, 'cr3scope://lab/cow', 'cr3scope lab cow'],
  [{ view: 'cpus' }, 'cr3scope://cpus', 'cr3scope cpus'],
  [{ view: 'memory' }, 'cr3scope://memory', 'cr3scope memory'],
  [
    { view: 'memory', begin: 0x100000n, end: 0x140000n },
    'cr3scope://memory/100000-140000',
    'cr3scope memory 100000-140000',
  ],
  [
    { view: 'entry', raw: 0x8000000078173067n, level: 'pte' },
    'cr3scope://entry/8000000078173067/pte',
    'cr3scope explain 8000000078173067 --level pte',
  ],
];
test.each(PLACES)('%o', (place, link, command) => {
  expect(linkOf(place)).toBe(link);
  expect(parseLink(link)).toEqual(place);
  expect(commandOf(place)).toBe(command);
});

test.each([
  'http://process/1',
  'cr3scope://',
  'cr3scope://process',
  'cr3scope://process/0',
  'cr3scope://lab/none',
  'cr3scope://process/1/2',
  'cr3scope://address/1',
  'cr3scope://address/1/zz',
  'cr3scope://address/1/2/3',
  'cr3scope://frame/10000000000000',
  'cr3scope://owners/10000000000',
  'cr3scope://memory/5-5',
  'cr3scope://entry/8067/ptd',
  'cr3scope://../../etc/passwd',
  'cr3scope://process/<script>',
])('no place: %s', (text) => expect(parseLink(text)).toBeUndefined());

test('ranges of frames', () => {
  expect(parseRange('0-40')).toEqual({ begin: 0n, end: 64n });
  for (const bad of ['', '5', '5-', '9-5', '0-10000000001', 'a-g']) expect(parseRange(bad)).toBeUndefined();
});

const FACTS: PagingFacts = {
  levels: 4,
  maxPhysBits: 46,
  encryptionMask: 0n,
  swap: {
    known: true,
    pfnBits: 34,
    hwpoison: 255,
    migration: 255,
    migrations: 0,
    device: 255,
    devices: 0,
    marker: 255,
    swapinError: 255,
  },
};
const root = (entries: Record<number, bigint>) => {
  const words = new BigUint64Array(512);
  for (const [index, raw] of Object.entries(entries)) words[Number(index)] = raw;
  return new Uint8Array(words.buffer);
};
const NX = 1n << 63n;

test('the two roots: poison, hidden kernel memory, tables of its own', () => {
  const kernel = root({ 0: 0x1067n | NX, 1: 0x2067n, 5: 0x3067n | NX, 256: 0x4067n, 300: 0x5067n, 510: 0x6067n });
  // The accessed bit of slot 256 differs: hardware sets it by itself.
  const user = root({ 0: 0x1067n, 1: 0x2067n, 6: 0x9067n, 256: 0x4047n, 510: 0x7067n });
  expect(compareRoots(kernel, user, FACTS).map((s) => [s.index, s.relation])).toEqual([
    [0, 'poisoned'],
    [1, 'same'],
    [5, 'kernelOnly'],
    [6, 'userOnly'],
    [256, 'same'],
    [300, 'hidden'],
    [510, 'own'],
  ]);
  expect(compareRoots(kernel, user, FACTS).at(-1)?.va).toBe(0xffffff0000000000n);
});

test('NUMA nodes by zone; where zones of two nodes overlap, none is named', () => {
  const nodes = parseZones(`Node 0, zone      DMA
  pages free     3840
        spanned  4095
  start_pfn:           1
Node 0, zone  Movable
        spanned  0
  start_pfn:           0
Node 1, zone   Normal
        spanned  1000
  start_pfn:           4000
`);
  expect([...nodes.node]).toEqual([0, 1]);
  expect([0n, 1n, 3999n, 4000n, 4096n, 4999n, 5000n].map((pfn) => nodeOf(pfn, nodes))).toEqual([
    null,
    0,
    0,
    null,
    1,
    1,
    null,
  ]);
});
