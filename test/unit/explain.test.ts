// SPDX-License-Identifier: GPL-2.0-only
// Explanations of every entry of the corpus, and whole walks as golden files.
import { describe, expect, test } from 'vitest';
import type { Path, Translation } from '../../app/contract/api.ts';
import { explain, parseLevel, plausibleLevels } from '../../app/contract/explain.ts';
import { decode, type Half, halfOf, swapTypes } from '../../app/contract/paging.ts';
import { PAGE_SOURCES } from '../../app/contract/sources.ts';
import { ENTRY_KINDS } from '../../app/contract/verdicts.ts';
import { tellWalk } from '../../app/main/explorer/story.ts';
import corpus from '../corpus/entries.json' with { type: 'json' };

type TargetName = keyof typeof corpus.targets;

function factsOf(name: string) {
  const t = corpus.targets[name as TargetName];
  const release = `${t.version >> 8}.${t.version & 255}.0`;
  return {
    ...t,
    encryptionMask: BigInt(t.encryptionMask),
    swap: swapTypes(t.levels, t.version, t),
    release,
    pti: false,
    sources: PAGE_SOURCES.map((name) => ({ name, label: '', ready: true, detail: '', remedy: '' })),
  };
}

describe.each(corpus.entries)('$name ($target)', ({ target, level, raw, half, kind }) => {
  const facts = factsOf(target);
  const e = explain(BigInt(raw), level, facts, facts.release, half as Half);
  test('its fields are all 64 bits, and put together they are the entry', () => {
    expect(e.kind).toBe(kind);
    expect(e.fields[0]?.high).toBe(63);
    expect(e.fields.at(-1)?.low).toBe(0);
    let whole = 0n;
    e.fields.forEach((f, i) => {
      if (i > 0) expect(f.high).toBe((e.fields[i - 1]?.low as number) - 1);
      whole |= f.value << BigInt(f.low);
    });
    expect(whole).toBe(BigInt(raw));
  });
  test('used bits name their rule', () => {
    for (const f of e.fields) if (f.name !== 'ignored') expect(f.source).not.toBe('');
  });
});

test('the whole of every kind', async () => {
  const seen = new Set<string>();
  const text = corpus.entries
    .filter(
      ({ target, kind, level }) => !seen.has(`${target} ${kind} ${level}`) && seen.add(`${target} ${kind} ${level}`),
    )
    .map(({ name, target, level, raw, half }) => {
      const facts = factsOf(target);
      const e = explain(BigInt(raw), level, facts, facts.release, half as Half);
      const lines = e.fields.map(
        (f) => `  ${f.high}..${f.low} ${f.name} = ${f.value.toString(16)}: ${f.meaning} [${f.source}]`,
      );
      return [`${raw} level ${level} on ${target}: ${name}`, `  ${e.summary}`, ...lines].join('\n');
    })
    .join('\n\n');
  await expect(`${text}\n`).toMatchFileSnapshot('../golden/explain.txt');
});

test('the likeliest level', () => {
  const facts = factsOf('6.12');
  expect(plausibleLevels(0x8000000078173067n, facts)[0]).toBe(1); // dirty: a page
  expect(plausibleLevels(0x80000000782000e7n, facts)[0]).toBe(2); // aligned to 2 MiB, PS, dirty
  expect(plausibleLevels(0x78173027n, facts)[0]).toBe(2); // no D, no G: a table
  expect(plausibleLevels(0x7ffffffe00000000n, facts)).toEqual([1, 2]);
  expect(parseLevel('PML4', 4)).toBe(4);
  expect(parseLevel('pgd', 5)).toBe(5);
  expect(parseLevel('p4d', 4)).toBeUndefined();
});

/** A synthetic walk: these entries from the root down, the tables one after another. */
function translation(
  name: string,
  va: bigint,
  entries: bigint[],
): { t: Translation; facts: ReturnType<typeof factsOf> } {
  const facts = factsOf(name);
  const table = new BigUint64Array(6);
  const entry = new BigUint64Array(6);
  const last = facts.levels - entries.length + 1;
  entries.forEach((raw, i) => {
    const level = facts.levels - i;
    entry[level] = raw;
    table[level] = BigInt(0x1000 * (i + 1));
  });
  const leaf = decode(entry[last] as bigint, last, facts, halfOf(va));
  const path: Path = { status: 0, last, table, entry, leaf: { ...leaf, kind: ENTRY_KINDS.indexOf(leaf.kind) } };
  return { t: { rootPa: 0x1000n, path, userPath: null, kernel: null, userKernel: null, row: null }, facts };
}

const WALKS: [name: string, target: string, va: bigint, entries: bigint[]][] = [
  ['4k', '6.12', 0x7f3a4001f0c8n, [0x2067n, 0x3067n, 0x4067n, 0x8000000078173867n]],
  ['4k-5-levels', '6.12-la57', 0x7f3a4001f0c8n, [0x2067n, 0x3067n, 0x4067n, 0x5067n, 0x8000000078173867n]],
  ['2m', '6.12', 0x7f3a40000000n, [0x2067n, 0x3067n, 0x80000000782000e5n]],
  ['1g', '6.12', 0x7f3a40000000n, [0x2067n, 0x80000000400000e7n]],
  ['none', '6.12', 0x1000n, [0x2067n, 0n]],
  ['protnone', '6.12', 0x7f3a4001f000n, [0x2067n, 0x3067n, 0x4067n, 0x800fffff87e8c960n]],
  ['kernel-cleared', '6.12', 0xffff888117274000n, [0x2063n, 0x3063n, 0x4063n, 0x800ffffee8d8b020n]],
  ['read-only-table', '6.12', 0x7f3a4001f000n, [0x2067n, 0x3065n, 0x4067n, 0x78173067n]],
];

test.each(WALKS)('golden walk %s', async (name, target, va, entries) => {
  const { t, facts } = translation(target, va, entries);
  await expect(`${tellWalk(4077, va, t, facts).join('\n')}\n`).toMatchFileSnapshot(`../golden/walk-${name}.txt`);
});
