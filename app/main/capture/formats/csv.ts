// SPDX-License-Identifier: GPL-2.0-only
// CSV: one line for each stretch of pages, for a spreadsheet.
import { stringify } from 'csv-stringify/sync';
import { visible } from '../../../contract/inert.ts';
import { pageBytes } from '../../../contract/paging.ts';
import { FIELDS } from '../../../contract/sources.ts';
import type { Document } from '../document.ts';
import type { PageLine } from './line.ts';
import { type PageRow, pageRows } from './rows.ts';

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

/** What was noted at the pages of a row, and at the frames that they map. */
function notesOn({ notes }: Document, { space, va, pages, pfn, line }: PageRow): string {
  const frames = line.step === 'same' ? 1n : pages;
  return notes
    .filter(({ on }) =>
      on.kind === 'page'
        ? on.pid === space.pid && on.startTicks === space.startTicks && on.va >= va && on.va < va + pageBytes(pages)
        : pfn !== null && on.pfn >= pfn && on.pfn < pfn + frames,
    )
    .map((note) => note.text)
    .join(' · ');
}

export function* csv(document: Document, onProcess: () => void): Generator<string> {
  const encode = (rows: unknown[][]) => stringify(rows, { escape_formulas: true });
  yield encode([[...CSV_COLUMNS, 'notes']]);
  for (const space of document.spaces) {
    let rows: unknown[][] = [];
    for (const row of pageRows(document, space)) {
      const { line } = row;
      rows.push([
        ...CSV_COLUMNS.map((name) => (typeof line[name] === 'string' ? visible(line[name]) : line[name])),
        visible(notesOn(document, row)),
      ]);
      if (rows.length < 10_000) continue;
      yield encode(rows);
      rows = [];
    }
    yield encode(rows);
    onProcess();
  }
}
