// SPDX-License-Identifier: GPL-2.0-only
// The documents refer to each other, and to files and tests that exist.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const PAGES = ['.', 'docs'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

const read = (page: string) => readFileSync(page, 'utf8').replaceAll(/^```[\s\S]*?^```/gm, '');
/** The anchor that a renderer makes of a heading. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- ]/gu, '')
    .replaceAll(' ', '-');
const anchors = (page: string) => [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchor(heading));

test.each(PAGES)('links in %s lead somewhere', (page) => {
  const dead = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)]
    .map(([link, path = '', fragment]) => ({ link, file: path ? join(dirname(page), path) : page, fragment }))
    .filter(({ file, fragment }) => !existsSync(file) || (fragment !== undefined && !anchors(file).includes(fragment)))
    .map(({ link }) => link);
  expect(dead).toEqual([]);
});

test('every test that the threat model names exists', () => {
  const named = [...read('docs/security.md').matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((path) => !existsSync(path))).toEqual([]);
});

test('every file that a checklist of CONTRIBUTING.md names exists', () => {
  const files = ['.', 'app', 'docs', 'kmod', 'native', 'scripts', 'test'].flatMap((folder) =>
    (readdirSync(folder, { recursive: folder !== '.' }) as string[]).map((name) => join('/', folder, name)),
  );
  const words = [...read('CONTRIBUTING.md').matchAll(/`([\w./-]+\.(?:cc|css|gyp|h|c|json|md|mjs|tsx?))`/g)].map(
    ([, name = '']) => name,
  );
  const named = words.filter((name) => !name.includes('NAME'));
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((name) => !files.some((file) => file.endsWith(`/${name}`)))).toEqual([]);
});
