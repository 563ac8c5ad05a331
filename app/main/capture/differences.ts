// SPDX-License-Identifier: GPL-2.0-only
// Differences of two captures, line by line, for other tools.
import { stringify } from 'csv-stringify/sync';
import { type Difference, type DiffTotals, PAGE_CHANGES } from '../../contract/changes.ts';
import { hex } from '../../contract/format.ts';
import { inJson, visible } from '../../contract/inert.ts';

/** One object without nesting. */
const flat = (d: Difference) => {
  if (d.type !== 'pages') return { ...d };
  const { before, after, ...rest } = d;
  return {
    ...rest,
    beforePagemap: before.pagemap,
    beforeEntry: before.tableWalk,
    afterPagemap: after.pagemap,
    afterEntry: after.tableWalk,
  };
};

const CSV_COLUMNS = [
  'type',
  'pid',
  'startTicks',
  'name',
  'parent',
  'reused',
  'begin',
  'end',
  'path',
  'va',
  'pages',
  'change',
  'before',
  'after',
  'beforePagemap',
  'beforeEntry',
  'afterPagemap',
  'afterEntry',
];
/** Counts and identifiers; the other numbers are 64-bit words. */
const COUNTS = new Set(['pages', 'startTicks']);

/** A row under CSV_HEAD. A name that a spreadsheet would run as a formula is written as text. */
export function csvLine(d: Difference): string {
  const values = flat(d) as Record<string, unknown>;
  const cell = (name: string) => {
    const value = values[name] ?? '';
    if (typeof value === 'bigint') return COUNTS.has(name) ? String(value) : `0x${hex(value)}`;
    return typeof value === 'string' ? visible(value) : String(value);
  };
  return stringify([CSV_COLUMNS.map(cell)], { escape_formulas: true });
}

export const CSV_HEAD = stringify([CSV_COLUMNS]);

/** One JSON object for each line: a difference, or the totals. */
export function jsonLine(value: Difference | DiffTotals): string {
  if ('type' in value) return `${inJson(flat(value))}\n`;
  const { pages, ...totals } = value;
  const counted = Object.fromEntries(PAGE_CHANGES.map((change) => [change, Number(pages[change])]));
  return `${inJson({ type: 'totals', ...totals, pages: counted })}\n`;
}
