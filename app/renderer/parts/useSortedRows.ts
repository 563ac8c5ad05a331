// SPDX-License-Identifier: GPL-2.0-only
// The rows of a table, sorted by the chosen column.
import {
  createColumnHelper,
  createSortedRowModel,
  type RowData,
  rowSortingFeature,
  type SortingState,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useMemo, useState } from 'react';
import { z } from 'zod';
import { save, saved } from '../lib/saved.ts';
import type { ColumnSpec } from './columns.tsx';

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic },
});

/** How a column is sorted, and what a click on its heading does. */
export interface Sort {
  readonly order: 'asc' | 'desc' | false;
  readonly toggle: ((event: unknown) => void) | undefined;
}

const Sorting = z.array(z.object({ id: z.string(), desc: z.boolean() }));

/** This browser keeps by which column the table of this name is sorted. */
export function useSortedRows<T extends RowData>(name: string, columns: readonly ColumnSpec<T>[], rows: readonly T[]) {
  const key = `sorting.${name}`;
  const [all, setSorting] = useState<SortingState>(() => saved(key, Sorting) ?? []);
  // A table may have other columns than when it was sorted, such as the user root under PTI.
  const sorting = useMemo(() => all.filter(({ id }) => columns.some((c) => c.id === id)), [all, columns]);
  const definitions = useMemo(() => {
    const helper = createColumnHelper<typeof features, T>();
    return helper.columns(
      columns.map((c) => helper.accessor((row: T) => c.value(row), { id: c.id, header: c.header, sortFn: 'basic' })),
    );
  }, [columns]);
  const table = useTable({
    features,
    columns: definitions,
    data: rows as T[],
    state: { sorting },
    onSortingChange: (change) => {
      const next = typeof change === 'function' ? change(sorting) : change;
      setSorting(next);
      save(key, next);
    },
  });
  const sorts = table
    .getHeaderGroups()[0]
    ?.headers.map(({ column }): Sort => ({ order: column.getIsSorted(), toggle: column.getToggleSortingHandler() }));
  const { rows: model } = table.getRowModel();
  const sorted = useMemo(() => model.map((row) => row.original), [model]);
  return { sorted, sorts: sorts ?? [] };
}
