// SPDX-License-Identifier: GPL-2.0-only
// Rows of a table as text to paste. The cells are as they are shown; the first line names the columns.
import { stringify } from 'csv-stringify/browser/esm/sync';
import { inMarkdown, visible } from '../../contract/inert.ts';

export const ROW_FORMS = { text: 'text', csv: 'CSV', markdown: 'Markdown' } as const;
export type RowForm = keyof typeof ROW_FORMS;

/** The most rows that are copied at a time. */
export const MOST_COPIED_ROWS = 100_000;

export interface CopiedColumn {
  readonly header: string;
  readonly align?: 'right';
}

function inText(columns: readonly CopiedColumn[], lines: readonly (readonly string[])[]): string {
  const widths = columns.map((_, i) => lines.reduce((most, line) => Math.max(most, line[i]?.length ?? 0), 0));
  return lines
    .map((line) =>
      line
        .map((cell, i) => (columns[i]?.align === 'right' ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

export function rowsAs(form: RowForm, columns: readonly CopiedColumn[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map((c) => c.header), ...rows];
  switch (form) {
    case 'text':
      return inText(
        columns,
        lines.map((line) => line.map(visible)),
      );
    case 'csv':
      return stringify(
        lines.map((line) => line.map(visible)),
        { escape_formulas: true },
      );
    case 'markdown': {
      const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
      const [head = [], ...rest] = lines.map((line) => line.map(inMarkdown));
      return [head, columns.map((c) => (c.align ? '---:' : '---')), ...rest].map(row).join('');
    }
  }
}
