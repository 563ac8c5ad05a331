// SPDX-License-Identifier: GPL-2.0-only
// What tables of the window are made of: ranges of rows, and their copies.
import { expect, test } from 'vitest';
import { rowsAs } from '../../app/renderer/lib/copyRows.ts';
import { between, hasIndex, indexesOf, type Ranges, rangesOf, sizeOf, toggled } from '../../app/renderer/lib/ranges.ts';

test('ranges of rows are as sets of indexes, also of 10^10', () => {
  let [ranges, wanted]: [Ranges, Set<number>] = [[], new Set()];
  // A fixed sequence that touches, joins and splits.
  for (const index of [5, 7, 6, 3, 4, 9, 6, 5, 8, 0, 7, 1, 2, 9, 8, 3, 6]) {
    ranges = toggled(ranges, index);
    if (!wanted.delete(index)) wanted.add(index);
    expect([...indexesOf(ranges)]).toEqual([...wanted].sort((a, b) => a - b));
    expect(ranges).toEqual(rangesOf(indexesOf(ranges)));
    for (let i = 0; i < 11; i++) expect(hasIndex(ranges, i)).toBe(wanted.has(i));
    expect(sizeOf(ranges)).toBe(wanted.size);
  }
  const many = toggled(between(9_999_999_999, 0), 5_000_000_000);
  expect(many).toEqual([
    [0, 5_000_000_000],
    [5_000_000_001, 10_000_000_000],
  ]);
  expect(sizeOf(many)).toBe(9_999_999_999);
});

test('rows are copied as text, CSV and Markdown, and nothing in them acts', () => {
  const columns = [{ header: 'PID', align: 'right' as const }, { header: 'Name' }];
  const rows = [
    ['7', '=1+1'],
    ['4077', 'a "b", c|d\u202e'],
  ];
  expect(rowsAs('text', columns, rows)).toBe(' PID  Name\n   7  =1+1\n4077  a "b", c|d\\u202e\n');
  expect(rowsAs('csv', columns, rows)).toBe('PID,Name\n7,\'=1+1\n4077,"a ""b"", c|d\\u202e"\n');
  expect(rowsAs('markdown', columns, rows)).toBe(
    '| PID | Name |\n| ---: | --- |\n| 7 | =1+1 |\n| 4077 | a "b", c&#124;d&#92;u202e |\n',
  );
});
