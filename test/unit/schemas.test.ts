// SPDX-License-Identifier: GPL-2.0-only
// The published schema is the one that exports are made by.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { visible } from '../../app/contract/inert.ts';
import { ExportLine } from '../../app/main/capture/formats/line.ts';

test('docs/capture-lines.schema.json', () => {
  const published: unknown = JSON.parse(readFileSync('docs/capture-lines.schema.json', 'utf8'));
  expect(published).toEqual(JSON.parse(JSON.stringify(z.toJSONSchema(ExportLine))));
});

test('text that acts is shown by number, everything else as it is', () => {
  expect(visible('plain ÄÖ 漢字 👍 <b>')).toBe('plain ÄÖ 漢字 👍 <b>');
  expect(visible('\u001b[2J\u202eabc\u2066\u200b\n\u0085')).toBe('\\u001b[2J\\u202eabc\\u2066\\u200b\\u000a\\u0085');
});
