// SPDX-License-Identifier: GPL-2.0-only
// The parts of the user interface that decide something, without a page.
import { expect, test } from 'vitest';
import type { CheckResult, MemoryMap } from '../../app/contract/api.ts';
import { regionAt } from '../../app/contract/regions.ts';
import { bySource } from '../../app/contract/sources.ts';
import { VERDICTS } from '../../app/contract/verdicts.ts';
import type { PageState } from '../../app/contract/watch.ts';
import { checkedRegions } from '../../app/renderer/lib/checkedRegions.ts';
import { copyAs } from '../../app/renderer/lib/copy.ts';
import { append, MOST_KEPT } from '../../app/renderer/lib/history.ts';
import { firstMapped, opening } from '../../app/renderer/lib/opening.ts';
import { pagesOfRange, pagesOfVerdict } from '../../app/renderer/lib/pages.ts';
import { RamRows } from '../../app/renderer/lib/ram.ts';
import { regionType } from '../../app/renderer/lib/regionTypes.ts';
import { MOST_SERIES, seriesOf } from '../../app/renderer/lib/series.ts';
import { added, canMove, NO_TRAIL, replaced, type Trail } from '../../app/renderer/lib/trail.ts';
import { splitWords } from '../../app/renderer/lib/words.ts';
import { rowStep } from '../../app/renderer/parts/rowKeys.ts';
import type { Change } from '../../app/renderer/state/watch.ts';
import { closer, farther } from '../../app/renderer/views/memory/zoom.ts';
import {
  bytesPer100,
  edgesOf,
  inSight,
  mostScale,
  pageUnder,
  showing,
  ticksOf,
  WHOLE,
  zoomed,
  zoomedTo,
} from '../../app/renderer/views/space/scale.ts';
import { movesOf } from '../../app/renderer/views/watch/moves.ts';
import { ticksOf as timeTicksOf } from '../../app/renderer/views/watch/ticks.ts';

test('pages of a range', () => {
  const list = pagesOfRange(0x1000n, 0x4000n);
  expect(list.length).toBe(3);
  expect(list.va(2)).toBe(0x3000n);
  expect([list.find(0x3000n), list.find(0x4000n), list.find(0n)]).toEqual([2, -1, -1]);
});

test('pages of a verdict, through runs of any length', () => {
  const swapped = VERDICTS.indexOf('swapped');
  const runs = {
    va: BigUint64Array.of(0x1000n, 0x10000n, 0x40000n),
    pages: BigUint64Array.of(2n, 5n, 1n << 28n),
    verdict: Uint8Array.of(swapped, 3, swapped),
    note: new Uint8Array(3),
    words: bySource(() => new BigUint64Array(3)),
  };
  const list = pagesOfVerdict(runs, swapped);
  expect(list.length).toBe(2 + (1 << 28));
  expect([0, 1, 2, 3].map((i) => list.va(i))).toEqual([0x1000n, 0x2000n, 0x40000n, 0x41000n]);
  for (const i of [0, 1, 2, 12345678]) expect(list.find(list.va(i))).toBe(i);
  expect(list.find(0x10000n)).toBe(-1);
  expect(pagesOfVerdict(runs, 6).length).toBe(0);
});

test('rows of physical memory: RAM by 16 bytes, a hole as one', () => {
  const rows = new RamRows([0x1000n, 0x100000n], [0x9fc00n, 0x200000n]);
  const low = (0x9f000 - 0x1000) / 16; // the last frame is RAM in part: not readable, so part of the hole
  expect(rows.at(0)).toEqual({ hole: { begin: 0n, end: 0x1000n } });
  expect(rows.at(1)).toEqual({ pa: 0x1000n });
  expect(rows.at(low)).toEqual({ pa: 0x9eff0n });
  expect(rows.at(low + 1)).toEqual({ hole: { begin: 0x9f000n, end: 0x100000n } });
  expect(rows.at(rows.length - 1)).toEqual({ hole: { begin: 0x200000n, end: 1n << 52n } });
  for (const row of [0, 1, 77, low, low + 1, low + 2, rows.length - 1]) {
    const r = rows.at(row);
    expect(rows.rowOf('pa' in r ? r.pa : r.hole.begin)).toBe(row);
  }
  expect(rows.step(0x9efffn, 1n)).toBe(0x9f000n);
  expect(rows.step(0x9f000n, 1n)).toBe(0x100000n); // over the hole at once
  expect(rows.step(0x9f123n, -1n)).toBe(0x9efffn);
  expect(new RamRows([], []).length).toBe(1);
});

test('bytes copied as code are those bytes', () => {
  const bytes = Array.from({ length: 20 }, (_, i) => i * 13);
  const words = (text: string) => text.match(/0x[0-9a-f]{2}(?=,)/g)?.map(Number);
  expect(words(copyAs('c', bytes, 0n))).toEqual(bytes);
  expect(words(copyAs('rust', bytes, 0n))).toEqual(bytes);
  expect(
    copyAs('hex', bytes, 0n)
      .split(' ')
      .map((w) => Number.parseInt(w, 16)),
  ).toEqual(bytes);
  expect(copyAs('c', [1], 0x10n)).toBe('/* physical 0x10 */\nconst unsigned char bytes[1] = {\n\t0x01,\n};\n');
  expect(copyAs('rust', [1], 0x10n)).toBe('// physical 0x10\nconst BYTES: [u8; 1] = [\n    0x01,\n];\n');
  expect(copyAs('python', [1, 255], 0x10n)).toBe('bytes.fromhex("01ff")  # physical 0x10\n');
  expect(copyAs('dump', [0x41, 0], 0x10n)).toBe(`000000000010  ${'41 00'.padEnd(47)}  A.\n`);
});

test('a command line as words', () => {
  expect(splitWords(`  sh -c 'a "b" \\n' "x y\\"z" a\\ b "" `)).toEqual(['sh', '-c', 'a "b" \\n', 'x y"z', 'a b', '']);
  expect(splitWords('')).toEqual([]);
  expect(splitWords("'open")).toMatch(/' is not closed/);
  expect(splitWords('end\\')).toMatch(/backslash/);
});

test('looking closer at memory, and back', () => {
  const end = 0x640000n;
  const map = { begin: 0n, end, framesPerCell: 0x400n } as MemoryMap;
  // A part of the map, around the cell; at the ends of memory what is left of it.
  expect(closer(map, { begin: 0x320000n, end: 0x320400n }, end)).toEqual({ begin: 0x307200n, end: 0x339200n });
  expect(closer(map, { begin: 0n, end: 0x400n }, end)).toEqual({ begin: 0n, end: 0x32000n });
  expect(closer(map, { begin: 0x63fc00n, end }, end)).toEqual({ begin: 0x626e00n, end });
  // Never less than a cell holds.
  expect(closer({ ...map, end: 0x1000n }, { begin: 0x400n, end: 0x800n }, end)).toEqual({ begin: 0x400n, end: 0x800n });
  expect(farther({ begin: 0x307200n, end: 0x339200n }, end)).toBeUndefined();
  expect(farther({ begin: 0x300000n, end: 0x300400n }, end)).toEqual({ begin: 0x2fc200n, end: 0x304200n });
});

test('keys move the selection of a table', () => {
  expect(['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End'].map((key) => rowStep(key, 7, 100))).toEqual([
    1, -1, 7, -7, -100, 100,
  ]);
  expect([rowStep('a', 7, 100), rowStep('ArrowDown', 7, 0)]).toEqual([undefined, undefined]);
});

test('a list that grows forgets the oldest', () => {
  expect(append([1, 2], [3])).toEqual([1, 2, 3]);
  const full = append(
    Array.from({ length: MOST_KEPT }, (_, i) => i),
    [-1],
  );
  expect([full.length, full[0], full.at(-1)]).toEqual([MOST_KEPT, 1, -1]);
});

/** Regions of these numbers of pages, with gaps between them. */
function regionsOf(...pages: bigint[]) {
  const begin = BigUint64Array.from(pages, (_, i) => BigInt(i + 1) << 40n);
  return { begin, end: BigUint64Array.from(pages, (n, i) => (begin[i] as bigint) + n * 4096n) };
}

test('the map of an address space finds each page again, also among 20 000 regions', () => {
  const few = regionsOf(1n, 1n << 28n, 16n);
  const edges = edgesOf(few);
  expect([...edges]).toEqual([...edges].sort((a, b) => a - b));
  expect([edges[0], edges[3]]).toEqual([0, 1]);
  expect(pageUnder(few, edges, 0)).toEqual({ region: 0, va: few.begin[0] });
  expect(pageUnder(few, edges, 0.9999)).toEqual({ region: 2, va: (few.end[2] as bigint) - 4096n });
  const middle = ((edges[1] as number) + (edges[2] as number)) / 2;
  expect(pageUnder(few, edges, middle)).toEqual({ region: 1, va: (few.begin[1] as bigint) + (1n << 27n) * 4096n });

  const many = regionsOf(...Array.from({ length: 20_000 }, (_, i) => BigInt(1 + (i % 7))));
  const width = 800;
  const all = edgesOf(many);
  const most = mostScale(all, width);
  for (const region of [0, 7, 9_999, 19_999]) {
    const at = ((all[region] as number) + (all[region + 1] as number)) / 2;
    expect(pageUnder(many, all, at).region).toBe(region);
    // Zoomed in as far as it goes, the region is in sight and wide enough to be hit.
    const view = showing(zoomed(WHOLE, most, 0.5, most), all, region);
    const [first, last] = inSight(all, view);
    expect(first <= region && region <= last).toBe(true);
    expect(((all[region + 1] as number) - (all[region] as number)) * view.scale * width).toBeGreaterThanOrEqual(39);
  }
});

test('the map zooms around a point and into a part, and never beyond its ends', () => {
  expect(zoomed(WHOLE, 2, 0.5, 100)).toEqual({ scale: 2, left: 0.25 });
  expect(zoomed(WHOLE, 0.1, 0.5, 100)).toEqual(WHOLE);
  expect(zoomed({ scale: 4, left: 0.75 }, 0.5, 1, 100)).toEqual({ scale: 2, left: 0.5 });
  const part = zoomedTo(WHOLE, 0.75, 0.5, 100); // dragged from right to left
  expect(part).toEqual({ scale: 4, left: 0.5 });
});

test('the axis of the map has addresses that do not overlap, and a scale within one region only', () => {
  const regions = regionsOf(1n, 1024n, 1n << 20n, 1n);
  const edges = edgesOf(regions);
  const ticks = ticksOf(regions, edges, WHOLE, 800, 100);
  expect(ticks.length).toBeGreaterThan(4);
  ticks.slice(1).forEach(({ x, va }, i) => {
    expect(x - (ticks[i]?.x ?? 0)).toBeGreaterThanOrEqual(100);
    expect(va).toBeGreaterThan(ticks[i]?.va as bigint);
  });
  expect(bytesPer100(regions, edges, WHOLE, 800)).toBeUndefined();
  const [from, to] = [edges[2] as number, edges[3] as number];
  const within = zoomedTo(WHOLE, from + (to - from) / 4, from + (to - from) / 2, 1000);
  expect(bytesPer100(regions, edges, within, 800)).toBeCloseTo((2 ** 32 / 4 / 800) * 100, -3);
  // One page is wider than the place of an address: it has one tick.
  const page = zoomedTo(WHOLE, (edges[0] as number) + 1e-4, (edges[1] as number) - 1e-4, 1000);
  expect(ticksOf(regions, edges, page, 800, 100).length).toBe(1);
});

test('an address space opens at the first mapped page of the region with most of them', () => {
  const page = (n: number) => BigInt(n) * 4096n;
  const regionCounts = new BigUint64Array(3 * VERDICTS.length);
  regionCounts[0] = 1n; // an ELF header
  regionCounts[VERDICTS.length] = 5n;
  regionCounts[VERDICTS.length + 1] = 1n;
  regionCounts[2 * VERDICTS.length + 3] = 1000n; // large, and nothing mapped
  const summary = {
    regionBegin: BigUint64Array.of(page(1), page(16), page(100)),
    regionEnd: BigUint64Array.of(page(2), page(32), page(1100)),
    regionCounts,
  } as unknown as CheckResult;
  const runs = (...list: [va: number, pages: number, verdict: (typeof VERDICTS)[number]][]) => ({
    va: BigUint64Array.from(list, ([va]) => page(va)),
    pages: BigUint64Array.from(list, ([, pages]) => BigInt(pages)),
    verdict: Uint8Array.from(list, ([, , verdict]) => VERDICTS.indexOf(verdict)),
    note: new Uint8Array(list.length),
    words: bySource(() => new BigUint64Array(list.length)),
  });
  const found = runs([16, 4, 'notPresent'], [20, 1, 'agreeByRule'], [23, 9, 'notPresent'], [100, 1000, 'notPresent']);
  expect(opening(summary, found)).toBe(page(21));
  expect(firstMapped(found, page(1), page(2))).toBe(page(1));
  expect(firstMapped(found, page(100), page(1100))).toBe(page(100)); // nothing is mapped
  const byRule = runs([16, 4, 'notPresent'], [20, 12, 'agreeByRule']);
  expect(firstMapped(byRule, page(16), page(32))).toBe(page(20));
});

test('regions that came, went or were not checked are not confused', () => {
  const begin = BigUint64Array.of(0x1000n, 0x3000n, 0x9000n, 0xb000n);
  const summary = { regionBegin: BigUint64Array.of(0x1000n, 0x2000n, 0x9000n, 0xa000n) } as CheckResult;
  expect([...checkedRegions({ begin }, summary)]).toEqual([0, -1, 2, -1]);
  expect([...checkedRegions({ begin }, undefined)]).toEqual([-1, -1, -1, -1]);
});

test('the region of an address: its first and last page, a gap, and beyond the last', () => {
  const regions = {
    begin: BigUint64Array.of(0x1000n, 0x3000n, 0x9000n),
    end: BigUint64Array.of(0x2000n, 0x5000n, 0xa000n),
  };
  const at = [0n, 0x1000n, 0x1fffn, 0x2000n, 0x3000n, 0x4fffn, 0x8000n, 0x9000n, 0xa000n].map((va) =>
    regionAt(regions, va),
  );
  expect(at).toEqual([-1, 0, 0, -1, 1, 1, -1, 2, -1]);
  expect(regionAt({ begin: new BigUint64Array(), end: new BigUint64Array() }, 0n)).toBe(-1);
});

test('regions have a type by name and rights', () => {
  const types: [path: string, permissions: string, type: string][] = [
    ['/usr/lib/libc.so.6', 'r-xp', 'code'],
    ['/usr/lib/libc.so.6', 'r--p', 'file'],
    ['[heap]', 'rw-p', 'heap'],
    ['[stack]', 'rw-p', 'stack'],
    ['', 'rw-p', 'anonymous'],
    ['[anon:stack_and_tls:4077]', 'rw-p', 'anonymous'],
    ['', 'rw-s', 'shared'],
    ['/memfd:x (deleted)', 'rw-s', 'shared'],
    ['/dev/shm/x', 'rw-s', 'shared'],
    ['/dev/zero (deleted)', 'rw-s', 'shared'],
    ['/SYSV00000000 (deleted)', 'rw-s', 'shared'],
    ['/dev/dri/card0', 'rw-s', 'device'],
    ['anon_inode:[io_uring]', 'rw-s', 'device'],
    ['[vdso]', 'r-xp', 'vdso'],
    ['[vvar]', 'r--p', 'vdso'],
    ['/usr/lib/libc.so.6', '---p', 'reserved'],
  ];
  expect(types.map(([path, permissions]) => [path, permissions, regionType(path, permissions)])).toEqual(types);
});

test('the ticks of an axis are round, and not many', () => {
  const texts = (seconds: number) => timeTicksOf(seconds).map(({ text }) => text);
  expect(texts(0)).toEqual([]);
  expect(texts(0.05)).toEqual(['0.00', '0.01', '0.02', '0.03', '0.04', '0.05']);
  expect(texts(3.2)).toEqual(['0.0', '0.5', '1.0', '1.5', '2.0', '2.5', '3.0']);
  expect(texts(61)).toEqual(['0', '10', '20', '30', '40', '50', '60']);
  expect(timeTicksOf(50).at(-1)).toEqual({ share: 1, text: '50' });
  for (const seconds of [0.001, 0.3, 1, 7, 8, 9, 1000, 86400]) expect(texts(seconds).length).toBeLessThanOrEqual(9);
});

test('a move to another frame is one also where the page was unmapped in between', () => {
  const state = (pfn: bigint, kind = 'leaf') => ({ pfn, kind }) as PageState;
  const change = (from: PageState, to: PageState) => ({ from, to }) as Change;
  const gone = state(0n, 'none');
  const changes = [
    change(state(5n), state(6n)),
    change(state(6n), gone),
    change(gone, state(6n)),
    change(state(6n), gone),
    change(gone, state(7n)),
    change(state(7n), state(7n, 'protNone')),
  ];
  expect(movesOf(changes).map((c) => changes.indexOf(c as Change))).toEqual([0, 4]);
});

test('a trail of places forgets what was ahead, and the oldest', () => {
  let trail: Trail<number> = NO_TRAIL;
  expect([canMove(trail, -1), canMove(trail, 1)]).toEqual([false, false]);
  for (const place of [1, 2, 3]) trail = added(trail, place);
  expect(trail).toEqual({ places: [1, 2, 3], at: 2 });
  expect(added({ ...trail, at: 0 }, 4)).toEqual({ places: [1, 4], at: 1 });
  expect(replaced({ ...trail, at: 1 }, 5)).toEqual({ places: [1, 5, 3], at: 1 });
  expect(canMove({ ...trail, at: 1 }, 1)).toBe(true);
  for (let place = 4; place <= 500; place++) trail = added(trail, place);
  expect([trail.places.length, trail.places.at(-1), trail.at]).toEqual([200, 500, 199]);
});

test('a process keeps its colour while it is among the first; one that comes gets the colour of one that went', () => {
  const first = seriesOf(['a', 'b', 'c']);
  expect([...first]).toEqual([
    ['a', 0],
    ['b', 1],
    ['c', 2],
  ]);
  expect(Object.fromEntries(seriesOf(['c', 'd', 'a'], first))).toEqual({ c: 2, a: 0, d: 1 });
  expect(seriesOf(['b', 'c', 'a'], first)).toBe(first);
  expect(seriesOf(['a', 'b'], first).size).toBe(2);
  const many = seriesOf(Array.from({ length: 30 }, (_, i) => i));
  expect([...many.keys()]).toEqual(Array.from({ length: MOST_SERIES }, (_, i) => i));
  expect(new Set(many.values()).size).toBe(MOST_SERIES);
});
