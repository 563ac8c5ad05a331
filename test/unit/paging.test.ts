// SPDX-License-Identifier: GPL-2.0-only
// One corpus of entries, two decoders.
import { describe, expect, test } from 'vitest';
import {
  accessOf,
  addressMask,
  decode,
  flagsOf,
  type Half,
  isCanonical,
  kernelVersion,
  pagemapFlags,
  pagemapPlace,
  swapTypes,
  tableIndex,
} from '../../app/contract/paging.ts';
import { ENTRY_KINDS } from '../../app/contract/verdicts.ts';
import { testAddon } from '../addon.ts';
import corpus from '../corpus/entries.json' with { type: 'json' };

type TargetName = keyof typeof corpus.targets;

function factsOf(name: string) {
  const t = corpus.targets[name as TargetName];
  return { ...t, encryptionMask: BigInt(t.encryptionMask), swap: swapTypes(t.levels, t.version, t) };
}

describe.each(corpus.entries)('$name ($target)', ({ target, level, raw, half, ...expected }) => {
  const want = {
    kind: expected.kind,
    shift: expected.shift,
    pfn: BigInt(expected.pfn),
    swapType: expected.swapType,
    swapOffset: BigInt(expected.swapOffset),
    violation: BigInt(expected.violation),
    assumed: 'assumed' in expected,
  };
  test('C++', () => {
    const entry = testAddon.decode(BigInt(raw), level, factsOf(target), half === 'kernel');
    expect({ ...entry, kind: ENTRY_KINDS[entry.kind] }).toEqual(want);
  });
  test('TypeScript', () => {
    expect(decode(BigInt(raw), level, factsOf(target), half as Half)).toEqual(want);
  });
});

function randomWords() {
  let state = 0x9e3779b97f4a7c15n;
  return () => {
    state ^= (state << 13n) & ((1n << 64n) - 1n);
    state ^= state >> 7n;
    state ^= (state << 17n) & ((1n << 64n) - 1n);
    return state;
  };
}

test('both agree on what all levels together allow', () => {
  const next = randomWords();
  const seen = new Set<number>();
  for (let i = 0; i < 20_000; i++) {
    const levels = 4 + (i % 2);
    const last = 1 + (i % 3);
    // Mostly generous, so that single levels decide.
    const entry = BigUint64Array.from(
      { length: 6 },
      () => (next() | next() | next() | next()) & ~(next() & next() & next() & (1n << 63n)),
    );
    if (i % 5) for (let level = 1; level < 6; level++) entry[level] = (entry[level] as bigint) & ~(1n << 63n);
    const access = accessOf(entry, last, levels, true);
    expect(testAddon.access(entry, last, levels)).toBe(access);
    seen.add(access);
  }
  expect(seen.size).toBe(9); // each combination, and nothing at all
});

test('both decoders agree on random words, of either half', () => {
  const next = randomWords();
  const seen = new Set<string>();
  for (const name of Object.keys(corpus.targets)) {
    const facts = factsOf(name);
    for (let i = 0; i < 20_000; i++) {
      // Half of them sparse, so that single bits decide.
      const raw = i % 2 ? next() : next() & next() & next();
      const level = 1 + (i % facts.levels);
      for (const half of ['user', 'kernel'] as const) {
        const cpp = testAddon.decode(raw, level, facts, half === 'kernel');
        expect({ ...cpp, kind: ENTRY_KINDS[cpp.kind] }).toEqual(decode(raw, level, facts, half));
        seen.add(`${half} ${ENTRY_KINDS[cpp.kind]}`);
      }
    }
  }
  for (const kind of ENTRY_KINDS) {
    // What is not present means one thing in the kernel half.
    const kernel = /none|table|leaf|reserved|presentCleared/.test(kind);
    if (kind !== 'none')
      expect([kind, seen.has(`user ${kind}`), seen.has(`kernel ${kind}`)]).toEqual([kind, true, kernel]);
  }
});

test('indexes, canonical addresses and versions', () => {
  expect([4, 3, 2, 1].map((level) => tableIndex(0x7f3a4001f000n, level))).toEqual([0x0fe, 0x0e9, 0x000, 0x01f]);
  expect(isCanonical(0x7fffffffffffn, 4)).toBe(true);
  expect(isCanonical(0x800000000000n, 4)).toBe(false);
  expect(isCanonical(0xffff800000000000n, 4)).toBe(true);
  expect(isCanonical(0x800000000000n, 5)).toBe(true);
  expect(isCanonical(0x100000000000000n, 5)).toBe(false);
  expect(kernelVersion('6.12.41+deb13-amd64')).toBe(0x60c);
});

test('flags have the names of their kernel version and level', () => {
  const facts = factsOf('6.12');
  const names = (raw: bigint, level: number, release = '6.12.0') =>
    flagsOf(raw, level, facts, release)
      .filter((f) => f.set)
      .map((f) => f.name);
  expect(names(0x8000000117274067n, 1)).toEqual(['P', 'RW', 'US', 'A', 'D', 'NX']);
  expect(names(0x800ffffee8d8b960n, 1)).toEqual(['A', 'D', 'PROTNONE', 'SOFT_DIRTY', 'NX']);
  expect(names(0x402010e7n, 2)).toEqual(['P', 'RW', 'US', 'A', 'D', 'PS', 'PAT']);
  expect(names((1n << 57n) | 0x1067n, 1, '6.12.0')).toContain('DEVMAP');
  expect(names((1n << 57n) | 0x1067n, 1, '6.18.0')).not.toContain('DEVMAP');
  expect(names(0n, 1)).toEqual([]);
  expect(names((5n << 59n) | 0x1067n, 1)).toContain('PKEY 5');
  // PROT_NONE hugetlb: bits 12 to 20 are stored inverted, so PAT is clear here and set there.
  expect(names(0x40ffffc421ff1a0n, 2)).toEqual(['A', 'PS', 'PROTNONE', 'SAVED_DIRTY']);
  expect(names(0x40ffffc421fe1a0n, 2)).toContain('PAT');
});

test('the options that number the swap types follow from how many types are left to swap files', () => {
  for (const version of [0x50a, 0x50e, 0x513, 0x601, 0x60c, 0x60f, 0x703]) {
    const seen = new Set<number>();
    for (const [migration, memoryFailure, devicePrivate] of [
      [false, false, false],
      [false, true, false],
      [true, false, false],
      [true, true, false],
      [true, false, true],
      [true, true, true],
    ] as const) {
      const config = { migration, memoryFailure, devicePrivate };
      const { hwpoison, migration: first, device, marker, swapinError } = swapTypes(4, version, config);
      const files = Math.min(hwpoison, first, device, marker, swapinError, 32);
      seen.add(files);
      expect([version, files, testAddon.swapConfig(version, files)]).toEqual([version, files, config]);
    }
    expect(seen.size).toBe(6);
    expect(testAddon.swapConfig(version, 10)).toBeNull();
  }
});

test('the address bits of a cell strip are those the decoder uses', () => {
  const facts = factsOf('6.12');
  expect(addressMask(0x402010e7n, 2, facts)).toBe(0x000fffffffe00000n);
  expect(addressMask(0x117274067n, 1, facts)).toBe(0x000ffffffffff000n);
  expect(addressMask(0n, 1, facts)).toBe(0n);
});

test('pagemap words', () => {
  expect(pagemapFlags(0x8180000000117274n)).toEqual(['present', 'exclusive', 'soft-dirty']);
  expect(pagemapPlace(0x8180000000117274n)).toEqual({ pfn: 0x117274n });
  // A swap word: type in the low 5 bits, offset above.
  expect(pagemapPlace((1n << 62n) | (0x1a2f4n << 5n) | 3n)).toEqual({ swapType: 3, swapOffset: 0x1a2f4n });
  expect(pagemapFlags((1n << 62n) | (1n << 58n) | (1n << 57n) | (1n << 61n))).toEqual([
    'swapped',
    'file or shared',
    'guard',
    'uffd-wp',
  ]);
  expect(pagemapPlace(1n << 55n)).toBeUndefined();
  expect(pagemapFlags(1n << 55n)).toEqual(['soft-dirty']);
});
