// SPDX-License-Identifier: GPL-2.0-only
// Who may import whom in app/. An import that goes upwards, or round in a circle, fails here.
// An import of types counts like any other: who needs another file's types cannot be understood without that file.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

interface Layer {
  readonly name: string;
  readonly files: RegExp;
  /** The layers below, by name; a layer may import itself. */
  readonly below: readonly string[];
  /** npm packages, where not every one is allowed. */
  readonly packages?: RegExp;
}

const RENDERER_PACKAGES = /^(?!electron$|node:)/;

/** A file belongs to the first layer that takes it. */
const LAYERS: readonly Layer[] = [
  { name: 'contract', files: /^contract\//, below: [], packages: /^(zod|@msgpack\/msgpack)$/ },

  { name: 'lib', files: /^renderer\/lib\//, below: ['contract'], packages: RENDERER_PACKAGES },
  { name: 'parts', files: /^renderer\/parts\//, below: ['lib', 'contract'], packages: RENDERER_PACKAGES },
  { name: 'state', files: /^renderer\/state\//, below: ['lib', 'contract'], packages: RENDERER_PACKAGES },
  {
    name: 'common',
    files: /^renderer\/views\/common\//,
    below: ['state', 'parts', 'lib', 'contract'],
    packages: RENDERER_PACKAGES,
  },
  // Text that the window shows and the documentation has, too.
  { name: 'docs', files: /^\.\.\/docs\/\w+\.md\?raw$/, below: [] },
  // One view knows nothing of another: each is a layer of its own.
  ...readdirSync('app/renderer/views')
    .filter((view) => view !== 'common')
    .map((view) => ({
      name: `views/${view}`,
      files: new RegExp(`^renderer/views/${view}/`),
      below: ['common', 'state', 'parts', 'lib', 'contract', ...(view === 'help' ? ['docs'] : [])],
      packages: RENDERER_PACKAGES,
    })),
  {
    name: 'window',
    files: /^renderer\/(app\/|styles\/|main\.tsx$|env\.d\.ts$)/,
    below: [
      ...readdirSync('app/renderer/views').map((view) => `views/${view}`),
      'common',
      'state',
      'parts',
      'lib',
      'contract',
    ],
    packages: RENDERER_PACKAGES,
  },

  {
    name: 'base',
    files: /^main\/(sources\/failed|download|partial|proc|scratch|secret|turn|version)\.ts$/,
    below: ['contract'],
  },
  { name: 'sources', files: /^main\/sources\//, below: ['base', 'contract'] },
  { name: 'explorer', files: /^main\/explorer\//, below: ['sources', 'base', 'contract'] },
  { name: 'capture', files: /^main\/capture\//, below: ['explorer', 'sources', 'base', 'contract'] },
  { name: 'service', files: /^main\/service\//, below: ['capture', 'explorer', 'sources', 'base', 'contract'] },
  {
    name: 'faces',
    files:
      /^main\/(commands\/|(admission|bounds|browser|captures|cli|connections|desktop|files|hosts|launch|machine|page|places|preload|recent|saved|security|serve|start)\.ts$|user\.mjs$)/,
    below: ['service', 'capture', 'explorer', 'sources', 'base', 'contract'],
  },
];

/** Imports that are wrong and known to be; each goes from here with the import. */
const EXCEPTIONS: readonly string[] = [];

const ROOT = 'app';
const sources = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(tsx?|mjs)$/.test(path))
  .sort();

interface Import {
  readonly from: string;
  /** A file of app/, or a package. */
  readonly to: string;
  readonly local: boolean;
}

/** What a file imports, re-exports, or loads by import(). */
function importsOf(from: string, text: string): Import[] {
  const specifiers = [
    ...text.matchAll(/^(?:import|export)\s[^'"]*?\bfrom\s+['"]([^'"]+)['"]/gm),
    ...text.matchAll(/^import\s+['"]([^'"]+)['"]/gm),
    ...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g),
  ].map((match) => match[1] as string);
  return specifiers.map((to) =>
    to.startsWith('.') ? { from, to: normalize(join(dirname(from), to)), local: true } : { from, to, local: false },
  );
}

const layerOf = (path: string): Layer | undefined => LAYERS.find((layer) => layer.files.test(path));
const say = ({ from, to }: Import) => `${from} → ${to}`;

function isAllowed({ from, to, local }: Import): boolean {
  const layer = layerOf(from);
  if (!layer) return false;
  if (!local) return layer.packages?.test(to) ?? true;
  const target = layerOf(to);
  return target !== undefined && (target === layer || layer.below.includes(target.name));
}

/** A circle among these imports, as the files on it; undefined where there is none. */
function circle(imports: readonly Import[]): string[] | undefined {
  const to = new Map<string, Import[]>();
  for (const i of imports) to.set(i.from, [...(to.get(i.from) ?? []), i]);
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (file: string): string[] | undefined => {
    const at = way.indexOf(file);
    if (at >= 0) return [...way.slice(at), file];
    if (done.has(file)) return undefined;
    way.push(file);
    for (const next of to.get(file) ?? []) {
      const found = visit(next.to);
      if (found) return found;
    }
    way.pop();
    done.add(file);
    return undefined;
  };
  for (const file of to.keys()) {
    const found = visit(file);
    if (found) return found;
  }
  return undefined;
}

const all = sources.flatMap((path) => importsOf(path, readFileSync(join(ROOT, path), 'utf8')));
const known = all.filter((i) => EXCEPTIONS.includes(say(i)));

test('every file has its layer', () => {
  expect(sources.filter((path) => !layerOf(path))).toEqual([]);
});

test('no import goes upwards', () => {
  expect(all.filter((i) => !isAllowed(i) && !known.includes(i)).map(say)).toEqual([]);
});

test('no imports form a circle', () => {
  expect(circle(all.filter((i) => i.local && !known.includes(i)))).toBeUndefined();
});

test('an exception that is no longer needed is gone from the list', () => {
  expect(EXCEPTIONS.filter((e) => !known.some((i) => say(i) === e))).toEqual([]);
});

test('these tests see what they are to see', () => {
  const text = [
    "import a, {\n  type B,\n} from './b.ts';",
    "export { c } from '../c.ts';",
    "import './d.css';",
    "const e = await import('./e.ts');",
    "import { z } from 'zod';",
  ].join('\n');
  expect(importsOf('x/y/a.ts', text).map((i) => i.to)).toEqual(['x/y/b.ts', 'x/c.ts', 'zod', 'x/y/d.css', 'x/y/e.ts']);
  const edge = (from: string, to: string): Import => ({ from, to, local: true });
  expect(circle([edge('a', 'b'), edge('b', 'c'), edge('a', 'c')])).toBeUndefined();
  expect(circle([edge('x', 'a'), edge('a', 'b'), edge('b', 'c'), edge('c', 'a')])).toEqual(['a', 'b', 'c', 'a']);
  expect(isAllowed(edge('contract/api.ts', 'main/version.ts'))).toBe(false);
  expect(isAllowed({ from: 'renderer/main.tsx', to: 'node:fs', local: false })).toBe(false);
});

/** A page's size, mask or shift as a number. */
const PAGE_LITERAL = /\b4096n?\b|\b4095n?\b|\b0x1000n?\b|\b0xfffn?\b|(<<|>>) ?12n\b/;
/** Lines that hold such a number for another reason, as patterns of "file: line". */
const NOT_PAGES = [/^contract\/registers\.ts:.*pcid/]; // bits 0 to 11 of CR3: the width of the PCID

test('only one file knows the size of a page', () => {
  const lines = sources
    .filter((path) => path !== 'contract/paging.ts')
    .flatMap((path) =>
      readFileSync(join(ROOT, path), 'utf8')
        .split('\n')
        .filter((line) => PAGE_LITERAL.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
  expect(lines.filter((line) => !NOT_PAGES.some((known) => known.test(line)))).toEqual([]);
  expect(NOT_PAGES.filter((known) => !lines.some((line) => known.test(line)))).toEqual([]);
});
