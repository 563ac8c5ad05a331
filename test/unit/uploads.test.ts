// SPDX-License-Identifier: GPL-2.0-only
// Files that a page sends: they come whole or not at all, stay in their folder, and go with the page.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect, test } from 'vitest';
import { METHODS, MOST_CHUNK } from '../../app/contract/api.ts';
import { keptBounds } from '../../app/main/bounds.ts';
import { Uploads } from '../../app/main/service/uploads.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

test('chunks become one file that only its owner may read', () => {
  const uploads = new Uploads();
  expect(uploads.add('a', 'now.cr3scope', bytes('one '), false)).toBe('');
  const path = uploads.add('a', 'now.cr3scope', bytes('two'), true);
  expect(readFileSync(path, 'utf8')).toBe('one two');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect([uploads.has(path), uploads.has('/etc/passwd')]).toEqual([true, false]);
  uploads.clear();
  expect(existsSync(path)).toBe(false);
  expect(() => uploads.add('b', 'x', bytes('x'), true)).toThrow(/window is gone/);
});

test('a file that was left for another one is dropped', () => {
  const uploads = new Uploads();
  uploads.add('a', 'first', bytes('half'), false);
  const path = uploads.add('b', 'second', bytes('whole'), true);
  // The rest of the first is a file of its own: it never claims to be the whole.
  const rest = uploads.add('a', 'first', bytes('rest'), true);
  expect([readFileSync(path, 'utf8'), readFileSync(rest, 'utf8')]).toEqual(['whole', 'rest']);
  uploads.clear();
});

test.each(['../../../etc/passwd', '/etc/passwd', '..', 'a\0b', 'ä/…', '-'.repeat(255)])(
  'the name %j does not lead out of the folder',
  (name) => {
    const uploads = new Uploads();
    const home = dirname(uploads.add('a', 'plain', bytes('x'), true));
    const path = uploads.add('b', name, bytes('x'), true);
    expect([dirname(path), /^[\w.-]+$/.test(basename(path))]).toEqual([home, true]);
    uploads.clear();
  },
);

test('the schema bounds a chunk', () => {
  const { args } = METHODS.upload;
  const chunk = (length: number) => ({ id: 'a', name: 'x', bytes: new Uint8Array(length), last: true });
  expect(args.safeParse(chunk(MOST_CHUNK)).success).toBe(true);
  expect(args.safeParse(chunk(MOST_CHUNK + 1)).success).toBe(false);
});

test('a place of the window that is not there, or is none, is ignored', () => {
  expect(keptBounds('/nonexistent', [{ x: 0, y: 0, width: 1600, height: 1000 }])).toBeUndefined();
  expect(keptBounds('/proc/version', [{ x: 0, y: 0, width: 1600, height: 1000 }])).toBeUndefined();
});
