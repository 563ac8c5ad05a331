// SPDX-License-Identifier: GPL-2.0-only
// One row per word: the core's enumerations, the window's colours and documents say the same.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NO_ROOT } from '../../app/contract/noRoot.ts';
import { ROLE } from '../../app/contract/roles.ts';
import { FIELDS, SOURCE } from '../../app/contract/sources.ts';
import { ENTRY_KIND, FRAME_STATUS, NOTE, VERDICT } from '../../app/contract/verdicts.ts';
import { GENERATED } from '../../scripts/vocabulary.ts';

const styles = (readdirSync('app/renderer', { recursive: true }) as string[])
  .filter((name) => name.endsWith('.css'))
  .map((name) => readFileSync(`app/renderer/${name}`, 'utf8'))
  .join('\n');

test.each(Object.entries(GENERATED))('%s is what scripts/vocabulary.ts makes', (path, text) => {
  expect(readFileSync(path, 'utf8')).toBe(text);
});

test('words of different sources have different names in exports', () => {
  expect(new Set(FIELDS).size).toBe(SOURCE.names.length);
});

test.each(ENTRY_KIND.names)('the window has the colour of entry kind %s', (name) => {
  expect(styles).toContain(`${ENTRY_KIND.word(name).tint}: `);
});

test('a code that is not known is called so, in words and in documents', () => {
  const unknown = NOTE.name(200);
  expect(unknown).toBe('unknown note 200');
  expect(NOTE.label(unknown)).toBe('unknown note 200');
  expect(NOTE.meaning(unknown)).toContain('newer version');
  expect(NOTE.schema.parse(unknown)).toBe(unknown);
  expect(NOTE.schema.safeParse('unknown note x').success).toBe(false);
  expect(NOTE.schema.safeParse('constructor').success).toBe(false);
  expect(NOTE.label('toString' as never)).toBe('toString');
});

test('every word has a label and a meaning, but for none', () => {
  for (const vocabulary of [VERDICT, NOTE, ENTRY_KIND, FRAME_STATUS, ROLE, SOURCE])
    for (const name of vocabulary.names) {
      const { label, meaning } = (vocabulary as typeof NOTE).word(name as never);
      if (vocabulary !== NOTE || name !== 'none')
        expect([name, label !== '', meaning !== '']).toEqual([name, true, true]);
    }
});

test('docs/capture.md lists the codes that captures hold', () => {
  const lists = [VERDICT, NOTE, FRAME_STATUS, ROLE, NO_ROOT].map(
    ({ noun, names }) => `- ${noun}: ${names.map((name, code) => `${code} \`${name}\``).join(', ')}`,
  );
  expect(readFileSync('docs/capture.md', 'utf8').split('<!-- codes').at(-1)).toContain(lists.join('\n'));
});
