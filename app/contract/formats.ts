// SPDX-License-Identifier: GPL-2.0-only
// The formats of files: one row each. The name is also the extension of the file name.

export interface FormatWords {
  readonly label: string;
  /** What it is good for. */
  readonly detail: string;
}

/** What a capture or a check can be exported to; app/main/capture/export.ts has their writers. */
const exports = {
  html: { label: 'HTML', detail: 'to read, print and send: one file, opens anywhere' },
  md: { label: 'Markdown', detail: 'a summary to paste' },
  csv: { label: 'CSV', detail: 'one line for each stretch of pages, for a spreadsheet' },
  jsonl: { label: 'JSON Lines', detail: 'everything, one object on each line, by a published schema' },
  parquet: { label: 'Parquet', detail: 'every page as columns, for DuckDB and Spark' },
  perfetto: { label: 'Perfetto', detail: 'what was traced and watched over time, for ui.perfetto.dev' },
} as const satisfies Record<string, FormatWords>;
export type ExportFormat = keyof typeof exports;
export const EXPORT_FORMATS = Object.keys(exports) as ExportFormat[];

export type FileFormat = 'cr3scope' | ExportFormat;
export const FORMATS: Readonly<Record<FileFormat, FormatWords>> = {
  cr3scope: {
    label: 'Capture',
    detail: 'every page, table and word, hashed: cr3scope opens it anywhere, without a machine',
  },
  ...exports,
};
