// SPDX-License-Identifier: GPL-2.0-only
// Chunks as versions with more and with fewer sources, verdicts and roles have them.
import { deflateSync, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { blankRows } from '../../app/contract/api.ts';
import { ROLES } from '../../app/contract/roles.ts';
import { bySource } from '../../app/contract/sources.ts';
import { VERDICTS } from '../../app/contract/verdicts.ts';
import { readCapture } from '../../app/main/capture/captured.ts';
import { Chunk, type ChunkOf } from '../../app/main/capture/chunks.ts';
import { CaptureReader } from '../../app/main/capture/container.ts';
import { type Stretch, unpackStretches } from '../../app/main/capture/pages.ts';

const OLD = 'test/fixtures/captures/v0.3-whole.cr3scope';

const path = {
  status: 0,
  last: 2,
  table: new BigUint64Array(6),
  entry: BigUint64Array.of(0n, 0n, 0x77n, 0n, 0n, 0n),
  leaf: { kind: 0, shift: 0, swapType: 0, pfn: 0n, swapOffset: 0n, violation: 0n },
};
const evidence = { va: 0x1000n, verdict: 4, note: 14, rounds: 1, firstNs: 1n, lastNs: 2n, lastPath: path };
const parseEvidence = (one: object) => Chunk.parse({ kind: 'evidence', evidence: [one] }) as ChunkOf<'evidence'>;

const { words: _, ...columns } = blankRows(2);
const parseRows = (rows: object) => {
  const batch = {
    ns: 1n,
    samples: 1n,
    initial: true,
    rows,
    flags: new BigUint64Array(2),
    counts: new BigUint64Array(2),
  };
  const chunk = Chunk.parse({ kind: 'watch', pid: 1, startTicks: 1n, begin: 0n, end: 0x2000n, batch });
  return (chunk as ChunkOf<'watch'>).batch.rows.words;
};

test('words in fields of their own are read by source', () => {
  const first = { firstPagemap: 1n, firstKernel: 2n, firstEntry: 3n };
  const { evidence: one } = parseEvidence({ ...evidence, ...first, lastPagemap: 4n, lastKernel: 5n });
  expect(one[0]?.first).toMatchObject({ pagemap: 1n, kernelWalk: 2n, tableWalk: 3n });
  expect(one[0]?.last).toMatchObject({ pagemap: 4n, kernelWalk: 5n, tableWalk: 0x77n });
  const [pagemap, kernel, entry] = [1n, 2n, 3n].map((n) => BigUint64Array.of(n, 0n));
  expect(parseRows({ ...columns, pagemap, kernel, entry })).toMatchObject({
    pagemap,
    kernelWalk: kernel,
    tableWalk: entry,
  });
});

test('a source that the writer did not know was not asked; others must be there, of one length', () => {
  const word = BigUint64Array.of(1n, 2n);
  expect(parseRows({ ...columns, words: { pagemap: word, tableWalk: word, later: word } })).toEqual({
    ...bySource(() => new BigUint64Array(2)),
    pagemap: word,
    tableWalk: word,
  });
  expect(() => parseRows({ ...columns, words: { tableWalk: word } })).toThrow();
  expect(() => parseRows({ ...columns, words: { pagemap: word.slice(1), tableWalk: word } })).toThrow(/lengths/);
  const words = { pagemap: 1n, tableWalk: 2n };
  expect(parseEvidence({ ...evidence, first: words, last: words }).evidence[0]?.first).toEqual({
    ...bySource(() => 0n),
    ...words,
  });
  expect(() => parseEvidence({ ...evidence, first: words, last: { pagemap: 1n } })).not.toThrow(); // it is in the path
  expect(() => parseEvidence({ ...evidence, first: { pagemap: 1n }, last: words })).toThrow();
});

test('the time in each source is read by their codes', () => {
  const reader = new CaptureReader(OLD);
  const summaries: bigint[][] = [];
  for (let chunk = reader.next(); chunk; chunk = reader.next())
    if (chunk.kind === 'checked') summaries.push([...chunk.summary.sourceNs]);
  reader.close();
  expect(summaries.length).toBeGreaterThan(0);
  // The fixture was written without the module: what it counts there is the time between two looks at the clock.
  for (const [pagemap = 0n, tableWalk = 0n, kernelWalk = 0n] of summaries)
    expect([pagemap, tableWalk, kernelWalk].map((ns) => ns > 1000n)).toEqual([true, true, false]);
});

/** Rows of counts by code without the last code. */
function narrower<C extends BigUint64Array | Uint32Array>(column: C, width: number): C {
  return column.filter((_: bigint | number, i: number) => (i + 1) % width !== 0) as C;
}
/** The same with nothing counted by the last code. */
function emptied<C extends BigUint64Array | Uint32Array>(column: C, width: number): C {
  const copy = column.slice() as C;
  for (let i = width - 1; i < copy.length; i += width) copy[i] = (typeof copy[i] === 'bigint' ? 0n : 0) as never;
  return copy;
}

test('a version that knew fewer verdicts and roles counted nothing by the others', () => {
  const reader = new CaptureReader(OLD);
  const kinds = new Set<string>();
  for (let chunk = reader.next(); chunk; chunk = reader.next()) {
    if (chunk.kind === 'checked') {
      const { summary } = chunk;
      const changed = (change: typeof narrower) => ({
        ...summary,
        counts: change(summary.counts, VERDICTS.length),
        regionCounts: change(summary.regionCounts, VERDICTS.length),
        regionBuckets: change(summary.regionBuckets, VERDICTS.length),
      });
      const read = Chunk.parse({ ...chunk, summary: changed(narrower) }) as typeof chunk;
      expect(read.summary).toEqual({ ...changed(emptied), counts: narrower(summary.counts, VERDICTS.length) });
    } else if (chunk.kind === 'memory') {
      const { map } = chunk;
      const changed = (change: typeof narrower) => ({
        ...map,
        roles: change(map.roles, ROLES.length),
        mapped: change(map.mapped, ROLES.length),
        total: change(map.total, ROLES.length),
        unmapped: change(map.unmapped, ROLES.length),
      });
      const read = Chunk.parse({ ...chunk, map: changed(narrower) }) as typeof chunk;
      expect(read.map).toEqual(changed(emptied));
    } else continue;
    kinds.add(chunk.kind);
  }
  reader.close();
  expect([...kinds].sort()).toEqual(['checked', 'memory']);
});

/** Packed stretches with the words of `more` sources added, or with those of the last one taken away. */
function withSources(packed: Uint8Array, more: number): Uint8Array {
  const raw = inflateSync(packed);
  const n = raw.readUInt32LE(0);
  const narrow = raw.length - 4 * n;
  const words = more < 0 ? raw.subarray(0, narrow + more * 8 * n) : raw.subarray(0, narrow);
  return deflateSync(Buffer.concat([words, Buffer.alloc(Math.max(0, more) * 8 * n, 7), raw.subarray(narrow)]));
}

test('pages with words of more sources are read without those; too few, and far too many, are refused', () => {
  const reader = new CaptureReader(OLD);
  const packed: Uint8Array[] = [];
  for (let chunk = reader.next(); chunk; chunk = reader.next()) if (chunk.kind === 'pages') packed.push(chunk.packed);
  reader.close();
  const [first] = packed as [Uint8Array];
  const stretches = [...unpackStretches(first)];
  expect(stretches).toEqual([...(readCapture(OLD).spaces[0]?.pages.stretches() ?? [])].slice(0, stretches.length));
  const first3 = ({ words: { pagemap, tableWalk, kernelWalk }, ...rest }: Stretch) => ({
    ...rest,
    words: { pagemap, tableWalk, kernelWalk },
  });
  expect([...unpackStretches(withSources(first, 2))].map(first3)).toEqual(stretches.map(first3));
  expect(() => unpackStretches(withSources(first, -1))).toThrow(/malformed/);
  expect(() => unpackStretches(withSources(first, 6))).toThrow(/malformed/);
});
