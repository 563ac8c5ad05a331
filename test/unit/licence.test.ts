// SPDX-License-Identifier: GPL-2.0-only
// Every source file states its licence where tools look for it.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';

const SOURCE = /\.(c|cc|h|S|ts|tsx|mjs|css|html|gyp|rules|conf)$/;
const NAMED = new Set(['Makefile', 'Kbuild', 'run']);
/** Made by builds. */
const MADE = new Set(['native/build', 'node_modules']);
const isMade = (path: string) => MADE.has(path) || path.endsWith('.mod.c');

function* sources(path: string): Generator<string> {
  if (statSync(path).isFile()) {
    if (SOURCE.test(path) || NAMED.has(basename(path))) yield path;
  } else for (const name of readdirSync(path)) if (!isMade(join(path, name))) yield* sources(join(path, name));
}

test('every source file has an SPDX line in its first lines', () => {
  const files = ['.ci', 'app', 'bench', 'build', 'kmod', 'native', 'scripts', 'test'].flatMap((folder) => [
    ...sources(folder),
  ]);
  expect(files.length).toBeGreaterThan(150);
  const lines = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, 3).join('\n');
  expect(files.filter((file) => !/SPDX-License-Identifier: GPL-2\.0-only\b/.test(lines(file)))).toEqual([]);
});

test('the interface of the module may be included by any program', () => {
  expect(readFileSync('kmod/cr3scope.h', 'utf8').split('\n')[0]).toBe(
    '/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */',
  );
});
