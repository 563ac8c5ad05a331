// SPDX-License-Identifier: GPL-2.0-only
// A capture of a later version, which has words that this one does not know: each is shown as unknown, with its code.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUCKETS, type Evidence } from '../../app/contract/api.ts';
import { hex } from '../../app/contract/format.ts';
import { EXPORT_FORMATS } from '../../app/contract/formats.ts';
import { ROLE, ROLES } from '../../app/contract/roles.ts';
import { bySource } from '../../app/contract/sources.ts';
import { NOTE, VERDICTS } from '../../app/contract/verdicts.ts';
import { readCapture } from '../../app/main/capture/captured.ts';
import type { Chunk } from '../../app/main/capture/chunks.ts';
import { ExportLine } from '../../app/main/capture/formats/line.ts';
import { recode, rewrite } from '../captures.ts';

const OLD = 'test/fixtures/captures/v0.3-whole.cr3scope';
const PID = 6;
const NEW_NOTE = 31;
const NEW_VERDICT = 20;
/** Verdicts that are new, up to that one. */
const MORE = NEW_VERDICT + 1 - VERDICTS.length;
/** Frames of a role that is new. */
const NEW_ROLE_FRAMES = 5n;
const folder = mkdtempSync(join(tmpdir(), 'cr3scope-newer-'));
const file = join(folder, 'newer.cr3scope');
const cli = (...words: string[]) => spawnSync(process.execPath, ['out/main/cli.cjs', ...words], { encoding: 'utf8' });

/** The first page has the new note, the second stretch of pages the new verdict. */
let noted = 0n;
let judged = 0n;
let judgedPages = 0n;

/** A column of counts by code with room for some more codes. */
function wider<C extends BigUint64Array | Uint32Array>(column: C, rows: number, more: number): C {
  const width = column.length / rows;
  const wide = new (column.constructor as new (n: number) => C)(rows * (width + more));
  for (const [i, n] of column.entries()) wide[Math.floor(i / width) * (width + more) + (i % width)] = n;
  return wide;
}

const evidence = (va: bigint): Evidence => ({
  va,
  verdict: NEW_VERDICT,
  note: NEW_NOTE,
  rounds: 1,
  firstNs: 0n,
  lastNs: 1n,
  first: bySource(() => 0n),
  last: bySource(() => 0n),
  lastPath: {
    status: 0,
    last: 0,
    table: new BigUint64Array(6),
    entry: new BigUint64Array(6),
    leaf: { kind: 0, shift: 0, swapType: 0, pfn: 0n, swapOffset: 0n, violation: 0n },
  },
});

function newer(chunk: Chunk): Chunk[] {
  if (chunk.kind === 'pages') {
    const packed = recode(chunk.packed, (verdict, note) => {
      note[0] = NEW_NOTE;
      verdict[1] = NEW_VERDICT;
    });
    return [{ ...chunk, packed }];
  }
  if (chunk.kind === 'memory') {
    const { map } = chunk;
    const total = wider(map.total, 1, 1);
    total[ROLES.length] = NEW_ROLE_FRAMES;
    const roles = wider(map.roles, map.owner.length, 1);
    roles[ROLES.length] = Number(NEW_ROLE_FRAMES);
    const mapped = wider(map.mapped, map.pid.length, 1);
    return [{ ...chunk, map: { ...map, total, roles, mapped, unmapped: wider(map.unmapped, 1, 1) } }];
  }
  if (chunk.kind !== 'checked') return [chunk];
  const { summary: s } = chunk;
  const regions = s.regionBegin.length;
  const counts = wider(s.counts, 1, MORE);
  counts[NEW_VERDICT] = judgedPages;
  const regionCounts = wider(s.regionCounts, regions, MORE);
  const regionBuckets = wider(s.regionBuckets, regions * BUCKETS, MORE);
  return [
    { kind: 'evidence', evidence: [evidence(noted)] },
    { ...chunk, summary: { ...s, counts, regionCounts, regionBuckets } },
  ];
}

beforeAll(() => {
  const [space] = readCapture(OLD).spaces;
  const [first, second] = [...(space?.pages.stretches() ?? [])];
  if (!first || !second) throw new Error('the capture has too few pages');
  noted = first.va;
  judged = second.va;
  judgedPages = second.pages;
  rewrite(OLD, file, newer);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('commands name what they do not know', () => {
  expect(NOTE.names[NEW_NOTE]).toBeUndefined();
  expect(cli('verify', file).status).toBe(0);
  expect(cli('show', file)).toMatchObject({ status: 0, stdout: expect.stringMatching(/unknown verdict 20 +\S*\d/) });
  const walk = (va: bigint, ...more: string[]) => cli('walk', String(PID), hex(va), '--capture', file, ...more);
  expect(walk(noted).stdout).toContain('unknown note 31');
  expect(walk(judged).stdout).toContain('verdict unknown verdict 20');
  expect(JSON.parse(walk(noted, '--json').stdout)).toMatchObject({ note: 'unknown note 31' });
  expect(JSON.parse(walk(judged, '--json').stdout)).toMatchObject({ verdict: 'unknown verdict 20' });
  expect(cli('check', String(PID), '--capture', file).stdout).toMatch(/unknown verdict 20 +\S*\d/);
});

// Perfetto has no pages.
test.each(EXPORT_FORMATS.filter((f) => f !== 'perfetto'))('an export as %s names what it does not know', (format) => {
  const path = join(folder, `x.${format}`);
  expect(cli('export', file, '-o', path)).toMatchObject({ status: 0, stderr: '' });
  const text = readFileSync(path, 'utf8');
  expect(text).toContain('unknown verdict 20');
  if (format !== 'md') expect(text).toContain('unknown note 31');
  if (format !== 'jsonl') return;
  const lines = text
    .trim()
    .split('\n')
    .map((line) => ExportLine.parse(JSON.parse(line)));
  const process = lines.find((line) => line.type === 'process');
  expect(process?.verdicts).toMatchObject({ 'unknown verdict 20': Number(judgedPages) });
});

test('frames of a role that is not known count as unknown, and what follows is read', () => {
  const [before, after] = [readCapture(OLD), readCapture(file)];
  expect(after).toMatchObject({ problem: undefined, end: { kind: 'end' } });
  const unknown = ROLE.code('unknown');
  const frames = (from: typeof before) => from.memory?.map.total[unknown] ?? 0n;
  expect(frames(after)).toBe(frames(before) + NEW_ROLE_FRAMES);
  expect(after.memory?.map.roles).toHaveLength(before.memory?.map.roles.length ?? 0);
});
