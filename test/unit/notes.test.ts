// SPDX-License-Identifier: GPL-2.0-only
// Notes go into captures and reports, and can't act there. What a later version wrote is called unknown.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Note } from '../../app/contract/api.ts';
import { pack } from '../../app/contract/msgpack.ts';
import { readCapture } from '../../app/main/capture/captured.ts';
import { csv } from '../../app/main/capture/formats/csv.ts';
import { html } from '../../app/main/capture/formats/html.ts';
import { jsonLines } from '../../app/main/capture/formats/jsonl.ts';
import { ExportLine } from '../../app/main/capture/formats/line.ts';
import { markdown } from '../../app/main/capture/formats/markdown.ts';
import { rewrite } from '../captures.ts';

const OLD = 'test/fixtures/captures/v0.3-whole.cr3scope';
const folder = mkdtempSync(join(tmpdir(), 'cr3scope-notes-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [space] = readCapture(OLD).spaces;
if (!space) throw new Error('the capture has no process');
const HOSTILE = '=1+1 <img src=x onerror=alert(1)> [a](javascript:b) `c` "d" & more';
const at = '2026-01-02T03:04:05.000Z';
const first = space.pages.stretches().next().value;
if (!first) throw new Error('the capture has no page');
const notes: Note[] = [
  {
    id: 'one',
    at,
    text: HOSTILE,
    bootId: 'boot',
    on: { kind: 'page', pid: space.pid, startTicks: space.startTicks, name: '<b>', va: first.va, verdict: 0 },
  },
  { id: 'two', at, text: 'a frame', bootId: 'boot', on: { kind: 'frame', pfn: 0xabcden } },
];
const noted = join(folder, 'noted.cr3scope');
rewrite(OLD, noted, (chunk) => (chunk.kind === 'end' ? [{ kind: 'notes', notes }, chunk] : [chunk]));
const text = (pieces: Iterable<string>) => [...pieces].join('');
const cli = (...words: string[]) => spawnSync(process.execPath, ['out/main/cli.cjs', ...words], { encoding: 'utf8' });

test.each(['a\u001b[31mb', 'a\nb', 'a\u202eb', '', 'x'.repeat(501)])('%j is no note', (bad) => {
  expect(Note.safeParse({ ...notes[0], text: bad }).success).toBe(false);
});

test('a capture has the notes that were written into it', () => {
  const { notes: read, problem } = readCapture(noted);
  expect([read, problem]).toEqual([notes, undefined]);
});

test('no document lets a note act', () => {
  const contents = readCapture(noted);
  const page = text(html(contents, () => undefined));
  expect(page).not.toContain('<img');
  expect(page).toContain('&#60;img src=x');
  expect(text(markdown(contents, () => undefined))).not.toMatch(/\]\(javascript|<img|`c`/);
  const table = text(csv(contents, () => undefined)).split('\n');
  expect(table[0]).toMatch(/,notes$/);
  expect(table.filter((line) => line.includes('onerror'))).toHaveLength(1);
  expect(table.find((line) => line.includes('onerror'))).toContain(`"'=1+1`);
  const lines = text(jsonLines(contents, () => undefined))
    .trim()
    .split('\n')
    .map((line) => ExportLine.parse(JSON.parse(line)));
  expect(lines.filter((line) => line.type === 'note')).toMatchObject([
    { text: HOSTILE, pid: space.pid, verdict: 'agree', pfn: null },
    { text: 'a frame', pid: null, va: null, pfn: '0xabcde' },
  ]);
});

test('show lists the notes', () => {
  expect(cli('show', noted).stdout).toMatch(/note +frame 0xabcde: a frame/);
  expect(cli('show', noted, '--json').stdout).toContain('"note":"a frame"');
});

test('a part that a later version wrote is called unknown, and the rest is read', () => {
  // Before the last chunk, a chunk of a new kind with a right hash, and then the last one again.
  const bytes = readFileSync(noted);
  let offset = 16;
  let chain = createHash('sha256').update(bytes.subarray(0, 16)).digest();
  let last = offset;
  while (offset < bytes.length) {
    last = offset;
    offset += 40 + bytes.readUInt32LE(offset);
    if (offset < bytes.length) chain = bytes.subarray(last + 8, last + 40) as Buffer<ArrayBuffer>;
  }
  const chunk = (stored: Uint8Array, length: number) => {
    const header = Buffer.alloc(40);
    header.writeUInt32LE(stored.length, 0);
    header.writeUInt32LE(length, 4);
    chain = createHash('sha256').update(chain).update(header.subarray(0, 8)).update(stored).digest();
    chain.copy(header, 8);
    return Buffer.concat([header, stored]);
  };
  const future = pack({ kind: 'hologram', depth: 3n });
  const added = chunk(future, future.length);
  const end = chunk(bytes.subarray(last + 40), bytes.readUInt32LE(last + 4));
  const file = join(folder, 'future.cr3scope');
  writeFileSync(file, Buffer.concat([bytes.subarray(0, last), added, end]));
  const { unknown, notes: read, problem, end: finished } = readCapture(file);
  expect([unknown, read.length, problem]).toEqual([['hologram'], 2, undefined]);
  expect(finished).toBeDefined();
  expect(cli('show', file).stdout).toMatch(/unknown +a part of a newer version .*: hologram/);
});
