// SPDX-License-Identifier: GPL-2.0-only
// The step that sets Electron's fuses, over a program with as many of them as an Electron of some version has.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FUSES, setFuses } from '../../scripts/fuses.mjs';

/** What stands before the fuses in a program; their version and number come next, then one digit for each. */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const NAMES = Object.values(FuseV1Options).filter((name) => typeof name === 'string');
/** Electron 25, the stand-in for tests, has those before GrantFileProtocolExtraPrivileges. */
const OLDER = 7;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cr3scope-fuses-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A program with so many fuses, each the opposite of what it should be. */
function program(count: number): string {
  const file = join(folder, `electron-${count}`);
  const digits = Array.from({ length: count }, (_, i) => (FUSES[i as FuseV1Options] ? '0' : '1'));
  writeFileSync(
    file,
    Buffer.from(`before${SENTINEL}\x01${String.fromCharCode(count)}${digits.join('')}after`, 'latin1'),
  );
  return file;
}

test('every fuse that the library knows is decided', () => {
  expect(Object.keys(FUSES).map((fuse) => FuseV1Options[Number(fuse)])).toEqual(NAMES);
});

test.each([NAMES.length, OLDER])('of an Electron that has %i, all are set, and nothing else changes', async (count) => {
  const file = program(count);
  const length = readFileSync(file).length;
  expect(await setFuses(file)).toEqual(NAMES.slice(count));
  const { version, ...fuses } = await getCurrentFuseWire(file);
  const expected = Object.entries(FUSES).slice(0, count);
  expect(Object.entries(fuses)).toEqual(expected.map(([fuse, on]) => [fuse, (on ? '1' : '0').charCodeAt(0)]));
  const written = readFileSync(file, 'latin1');
  expect([version, written.length]).toEqual(['1', length]);
  expect(written).toMatch(/^before.*after$/s);
});

test('an Electron with a fuse that is not decided is refused', async () => {
  await expect(setFuses(program(NAMES.length + 1))).rejects.toThrow(`has ${NAMES.length + 1} fuses`);
});
