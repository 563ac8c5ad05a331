// SPDX-License-Identifier: GPL-2.0-only
// Parquet: every page as columns, for DuckDB and Spark.
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { SOURCE, SOURCES } from '../../../contract/sources.ts';
import type { Document } from '../document.ts';
import { type PageRow, pageRows } from './rows.ts';

const ROW_GROUP = 65_536;

/** Words as UINT64, so that other tools can add and compare them. */
export function* parquet(document: Document, onProcess: () => void, path: string): Generator<string> {
  const u64 = (name: string, value: (row: PageRow) => bigint | null) =>
    ({ name, type: 'INT64', converted_type: 'UINT_64', value }) as const;
  const i32 = (name: string, value: (row: PageRow) => number) => ({ name, type: 'INT32', value }) as const;
  const text = (name: string, value: (row: PageRow) => string) =>
    ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', value }) as const;
  const columns = [
    i32('pid', (r) => r.line.pid),
    u64('start_ticks', (r) => r.space.startTicks),
    text('process', (r) => r.line.process),
    u64('va', (r) => r.va),
    u64('pages', (r) => r.pages),
    text('verdict', (r) => r.line.verdict),
    text('note', (r) => r.line.note),
    text('kind', (r) => r.line.kind),
    i32('level', (r) => r.line.level),
    i32('page_size', (r) => r.line.pageSize),
    u64('pfn', (r) => r.pfn),
    text('step', (r) => r.line.step),
    ...SOURCES.map((name) => u64(SOURCE.word(name).field, (r) => r.words[name])),
    text('permissions', (r) => r.line.permissions),
    text('path', (r) => r.line.path),
  ];
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.map(({ value: _, ...column }) => ({
        ...column,
        repetition_type: column.name === 'pfn' ? ('OPTIONAL' as const) : ('REQUIRED' as const),
      })),
    ],
    kvMetadata: [
      { key: 'cr3scope.sha256', value: document.digest ?? '' },
      { key: 'cr3scope.startedAt', value: document.begin.startedAt },
      { key: 'cr3scope.release', value: document.begin.target.release },
    ],
    createdBy: `cr3scope ${document.begin.target.version}`,
  });
  let rows: PageRow[] = [];
  const flush = () => {
    if (rows.length === 0) return;
    writer.write({
      columnData: columns.map(({ name, value }) => ({
        name,
        data: rows.map(value as (row: PageRow) => unknown) as never[],
      })),
      rowGroupSize: ROW_GROUP,
    });
    rows = [];
  };
  for (const space of document.spaces) {
    for (const row of pageRows(document, space)) {
      rows.push(row);
      if (rows.length < ROW_GROUP) continue;
      flush();
      yield ''; // the library writes by itself
    }
    onProcess();
  }
  flush();
  writer.finish();
}
