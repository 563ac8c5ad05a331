// SPDX-License-Identifier: GPL-2.0-only
// Copying of the selected rows of a table: as text by Ctrl+C, in every form by menu.
import { type KeyboardEvent, useContext } from 'react';
import { count } from '../../contract/format.ts';
import { MOST_COPIED_ROWS, ROW_FORMS, type RowForm, rowsAs } from '../lib/copyRows.ts';
import { type Ranges, sizeOf } from '../lib/ranges.ts';
import type { ColumnSpec } from './columns.tsx';
import { Copying } from './copying.ts';
import type { MenuEntry } from './MenuItems.tsx';

interface CopyRows {
  /** Whether the key was Ctrl+C, and rows are copied. */
  key(event: KeyboardEvent, ranges: Ranges): boolean;
  items(ranges: Ranges): readonly MenuEntry[];
}

/** `read` gives the rows; it may have to fetch them. */
export function useCopyRows<T>(
  specs: readonly ColumnSpec<T>[],
  read: (ranges: Ranges) => readonly T[] | Promise<readonly T[]>,
): CopyRows {
  const copy = useContext(Copying);
  const readAll = async (ranges: Ranges) => {
    const size = sizeOf(ranges);
    if (size > MOST_COPIED_ROWS)
      throw new Error(
        `${count(size)} rows are selected, and at most ${count(MOST_COPIED_ROWS)} are copied. Select fewer, or export`,
      );
    return read(ranges);
  };
  const inForm = (form: RowForm, rows: readonly T[]) =>
    rowsAs(
      form,
      specs,
      rows.map((row) => specs.map(({ text }) => text(row))),
    );
  return {
    key(event, ranges) {
      if (event.key !== 'c' || !(event.ctrlKey || event.metaKey) || sizeOf(ranges) === 0) return false;
      // Letters that were selected by the pointer are copied as they are.
      if (!(window.getSelection()?.isCollapsed ?? true)) return false;
      copy(async () => inForm('text', await readAll(ranges)));
      return true;
    },
    items: (ranges) =>
      Object.entries(ROW_FORMS).map(([form, label]) => ({
        key: `copy ${form}`,
        content: sizeOf(ranges) === 1 ? `Copy row as ${label}` : `Copy ${count(sizeOf(ranges))} rows as ${label}`,
        onClick: () => copy(async () => inForm(form as RowForm, await readAll(ranges))),
      })),
  };
}
