// SPDX-License-Identifier: GPL-2.0-only
// CSV: one line for each stretch of pages, for a spreadsheet.
import { stringify } from 'csv-stringify/sync';
import { visible } from '../../../contract/inert.ts';
import { FIELDS } from '../../../contract/sources.ts';
import type { Document } from '../document.ts';
import type { PageLine } from './line.ts';
import { pageRows } from './rows.ts';

const CSV_COLUMNS = [
  'pid',
  'startTicks',
  'process',
  'va',
  'pages',
  'verdict',
  'note',
  'kind',
  'level',
  'pageSize',
  'pfn',
  'step',
  ...FIELDS,
  'permissions',
  'path',
] as const satisfies readonly (keyof PageLine)[];

export function* csv(document: Document, onProcess: () => void): Generator<string> {
  const encode = (rows: unknown[][]) => stringify(rows, { escape_formulas: true });
  yield encode([[...CSV_COLUMNS]]);
  for (const space of document.spaces) {
    let rows: unknown[][] = [];
    for (const { line } of pageRows(document, space)) {
      rows.push(CSV_COLUMNS.map((name) => (typeof line[name] === 'string' ? visible(line[name]) : line[name])));
      if (rows.length < 10_000) continue;
      yield encode(rows);
      rows = [];
    }
    yield encode(rows);
    onProcess();
  }
}
