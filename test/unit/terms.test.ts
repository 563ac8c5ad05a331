// SPDX-License-Identifier: GPL-2.0-only
// Every term that the window explains is in docs/glossary.md.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const glossary = new Set(
  [...readFileSync('docs/glossary.md', 'utf8').matchAll(/^\| (?!term |---)(.+?) \|/gm)].flatMap(([, term = '']) =>
    term.split(', '),
  ),
);

test('the terms of the window are in the glossary', () => {
  const views = 'app/renderer/views';
  const used = readdirSync(views, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.tsx') && !path.endsWith('Term.tsx'))
    .flatMap((path) => [...readFileSync(join(views, path), 'utf8').matchAll(/<Term\s+of=("[^"]*"|\{[^}]*\})/g)])
    .flatMap(([, of = '']) => [...of.matchAll(/["']([^"']+)["']/g)].map(([, term = '']) => term));
  expect(used.length).toBeGreaterThan(5);
  expect(used.filter((term) => !glossary.has(term))).toEqual([]);
});
