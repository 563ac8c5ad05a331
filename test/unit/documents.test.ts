// SPDX-License-Identifier: GPL-2.0-only
// Documents about a check that is kept in memory: every format that lists pages reports what was not kept.
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { capturedSources, readCapture } from '../../app/main/capture/captured.ts';
import type { Document } from '../../app/main/capture/document.ts';
import { PageCollector } from '../../app/main/capture/finished.ts';
import { html } from '../../app/main/capture/formats/html.ts';
import { jsonLines } from '../../app/main/capture/formats/jsonl.ts';
import { ExportLine } from '../../app/main/capture/formats/line.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';

const contents = readCapture('test/fixtures/captures/v0.3-whole.cr3scope');
const [space] = contents.spaces;
if (!space) throw new Error('the capture has no process');
const text = (pieces: Iterable<string>) => [...pieces].join('');
const lines = (document: Document) =>
  text(jsonLines(document, () => undefined))
    .trim()
    .split('\n')
    .map((line) => ExportLine.parse(JSON.parse(line)));

test('what was not kept is said', () => {
  const dropped = { stretches: 5n, evidence: 7n };
  const document: Document = { ...contents, spaces: [{ ...space, dropped }] };
  const page = text(html(document, () => undefined));
  expect(page).toContain('5 more stretches are not kept');
  expect(page).toContain(`${space.evidence.length + 7} pages, 7 of them are not shown here`);
  expect(lines(document).find((line) => line.type === 'process')?.dropped).toEqual({ stretches: 5, evidence: 7 });
  expect(text(html(contents, () => undefined))).not.toContain('not kept');
});

test('bytes that differ are listed', () => {
  const summary = space.fullSummary();
  if (!summary) throw new Error('the check did not finish');
  const none = { same: 3n, changing: 0n, moved: 0n, noFrame: 0n, noMemory: 0n };
  const difference = { va: 0x1000n, pfn: 0xabcn, offset: 8, frame: Uint8Array.of(1, 2), memory: Uint8Array.of(1, 3) };
  const proof = { ...none, pages: 4n, differ: 1n, differences: [difference], ns: 5n };
  const found = { ...summary, proof };
  const document: Document = { ...contents, spaces: [{ ...space, summary: found, fullSummary: () => found }] };
  expect(text(html(document, () => undefined))).toMatch(/Bytes that differ.*0xabc.*0102.*0103/);
  expect(lines(document).find((line) => line.type === 'bytes')).toMatchObject({
    pages: 4,
    differ: 1,
    differences: [{ va: '0x1000', pfn: '0xabc', offset: 8, frame: '0102', memory: '0103' }],
  });
});

test('a check keeps its pages up to a limit, and counts the stretches beyond', async () => {
  const stretches = 700_000;
  const raw = Buffer.alloc(4 + stretches * 44);
  raw.writeUInt32LE(stretches, 0);
  const packed = deflateSync(raw, { level: 0 }); // 30 MB
  const collector = new PageCollector();
  for (let i = 0; i < 3; i++) collector.add(packed);
  const explorer = new Explorer(capturedSources(contents));
  const record = await explorer.check(space.pid, 0n, 0n, 1n << 63n, () => undefined).promise;
  const [only] = collector.document(record, explorer).spaces;
  expect(only?.dropped?.stretches).toBe(BigInt(2 * stretches));
});
