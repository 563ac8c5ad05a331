// SPDX-License-Identifier: GPL-2.0-only
// The columns of a table as the user has arranged them, and its rows sorted by the chosen one.
import {
  columnOrderingFeature,
  columnResizingFeature,
  columnSizingFeature,
  columnVisibilityFeature,
  createColumnHelper,
  createSortedRowModel,
  functionalUpdate,
  type RowData,
  rowSortingFeature,
  sortFn_basic,
  tableFeatures,
  type Updater,
  useTable,
} from '@tanstack/react-table';
import { type MouseEvent, useMemo, useState } from 'react';
import { flushSync } from 'react-dom';
import { z } from 'zod';
import { save, saved } from '../lib/saved.ts';
import type { ColumnSpec } from './columns.tsx';

const features = tableFeatures({
  columnOrderingFeature,
  columnResizingFeature,
  columnSizingFeature,
  columnVisibilityFeature,
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic },
});

const Arrangement = z.object({
  sorting: z.array(z.object({ id: z.string(), desc: z.boolean() })),
  /** Ids of all columns; those that are not listed come last. */
  columnOrder: z.array(z.string()),
  /** In pixels, of the columns that the user has resized. */
  columnSizing: z.record(z.string(), z.number()),
  columnVisibility: z.record(z.string(), z.boolean()),
});
type Arrangement = z.infer<typeof Arrangement>;

const NOTHING_ARRANGED: Arrangement = { sorting: [], columnOrder: [], columnSizing: {}, columnVisibility: {} };

/** The least width that a column can be given, and by how much a key changes it, in pixels. */
const LEAST_WIDTH = 24;
const WIDTH_STEP = 12;

/** A column as it is shown, and what can be done with it. */
export interface ShownColumn<T> {
  readonly spec: ColumnSpec<T>;
  readonly order: 'asc' | 'desc' | false;
  /** Undefined: rows can't be sorted by it. */
  readonly toggleSorting: ((event: unknown) => void) | undefined;
  sort(desc: boolean): void;
  /** Follows the pointer until the button is let go. `width` is the present one. */
  startResizing(event: MouseEvent, width: number): void;
  /** By a step; `width` is the present one. */
  resize(steps: number, width: number): void;
  /** Undefined: it has its own width. */
  readonly resetWidth: (() => void) | undefined;
  hide(): void;
  /** By so many of the columns that are shown. */
  move(by: number): void;
  /** To the place of another column. */
  moveTo(id: string): void;
}

/** A column that may be hidden. */
export interface ChoosableColumn {
  readonly id: string;
  readonly header: string;
  readonly visible: boolean;
  /** False: it is the only one that is shown. */
  readonly mayToggle: boolean;
  toggle(): void;
}

export interface TableModel<T> {
  readonly sorted: readonly T[];
  readonly columns: readonly ShownColumn<T>[];
  readonly all: readonly ChoosableColumn[];
  /** CSS: the grid's columns, and below which width the table scrolls sideways. */
  readonly template: string;
  readonly minWidth: string;
  /** Undefined: nothing was arranged. */
  readonly reset: (() => void) | undefined;
}

/** In pixels, as in grid.css: between columns, and at both sides together. */
const GAP = 12;
const PADDING = 36;

/** The least width of a grid track like "7ch" or "minmax(9ch, 1fr)". */
const leastOf = (width: string): string => /^minmax\(([^,]+),/.exec(width)?.[1] ?? width;

/** This browser keeps by `name` how the table is arranged. `arrange` gives the sorted rows their final order. */
export function useTableModel<T extends RowData>(
  name: string,
  specs: readonly ColumnSpec<T>[],
  rows: readonly T[],
  arrange?: (sorted: readonly T[]) => readonly T[],
): TableModel<T> {
  const key = `table.${name}`;
  const [arranged, setArranged] = useState<Arrangement>(() => saved(key, Arrangement) ?? NOTHING_ARRANGED);
  function set<K extends keyof Arrangement>(part: K, change: Updater<Arrangement[K]>) {
    setArranged((before) => {
      const next = { ...before, [part]: functionalUpdate(change, before[part]) };
      save(key, next);
      return next;
    });
  }
  // A table may have other columns than when it was sorted, such as the user root under PTI.
  const sorting = useMemo(
    () => arranged.sorting.filter(({ id }) => specs.some((c) => c.id === id)),
    [arranged.sorting, specs],
  );
  const columnVisibility = useMemo(
    () => ({
      ...Object.fromEntries(specs.filter((c) => c.hidden).map((c) => [c.id, false])),
      ...arranged.columnVisibility,
    }),
    [arranged.columnVisibility, specs],
  );
  const definitions = useMemo(() => {
    const helper = createColumnHelper<typeof features, T>();
    return helper.columns(
      specs.map((c) =>
        helper.accessor((row: T) => c.value?.(row), {
          id: c.id,
          header: c.header,
          sortFn: 'basic',
          enableSorting: c.value !== undefined,
          minSize: LEAST_WIDTH,
        }),
      ),
    );
  }, [specs]);
  const table = useTable({
    features,
    columns: definitions,
    data: rows as T[],
    columnResizeMode: 'onChange',
    state: { ...arranged, sorting, columnVisibility },
    onSortingChange: (change) => set('sorting', change),
    onColumnOrderChange: (change) => set('columnOrder', change),
    onColumnSizingChange: (change) => set('columnSizing', change),
    onColumnVisibilityChange: (change) => set('columnVisibility', change),
  });

  const { rows: model } = table.getRowModel();
  const sorted = useMemo(() => {
    const all = model.map((row) => row.original);
    return arrange ? arrange(all) : all;
  }, [model, arrange]);
  // While rows scroll by it stays the same, so that the headings are not drawn again.
  return useMemo(() => {
    const specOf = (id: string) => specs.find((c) => c.id === id) as ColumnSpec<T>;
    const headers = table.getHeaderGroups()[0]?.headers ?? [];
    const ids = table.getAllLeafColumns().map((column) => column.id);
    const setWidth = (id: string, width: number) =>
      set('columnSizing', (sizes) => ({ ...sizes, [id]: Math.max(LEAST_WIDTH, Math.round(width)) }));
    const moveTo = (id: string, to: string) => {
      const at = ids.indexOf(to);
      const others = ids.filter((other) => other !== id);
      set('columnOrder', [...others.slice(0, at), id, ...others.slice(at)]);
    };
    const columns = headers.map((header, i): ShownColumn<T> => {
      const { column } = header;
      const { id } = column;
      return {
        spec: specOf(id),
        order: column.getIsSorted(),
        toggleSorting: column.getCanSort() ? column.getToggleSortingHandler() : undefined,
        sort: (desc) => column.toggleSorting(desc),
        startResizing(event, width) {
          // A column that was not resized yet takes a share of the room, of which the table does not know.
          flushSync(() => setWidth(id, width));
          header.getResizeHandler()(event);
        },
        resize: (steps, width) => setWidth(id, width + steps * WIDTH_STEP),
        resetWidth: id in arranged.columnSizing ? () => column.resetSize() : undefined,
        hide: () => column.toggleVisibility(false),
        move(by) {
          const to = headers[i + by]?.column.id;
          if (to !== undefined) moveTo(id, to);
        },
        moveTo: (to) => moveTo(id, to),
      };
    });
    const widths = columns.map(({ spec }) => {
      const width = arranged.columnSizing[spec.id];
      return width === undefined ? spec.width : `${width}px`;
    });
    return {
      sorted,
      columns,
      all: table.getAllLeafColumns().map((column) => ({
        id: column.id,
        header: specOf(column.id).header,
        visible: column.getIsVisible(),
        mayToggle: !column.getIsVisible() || columns.length > 1,
        toggle: () => column.toggleVisibility(),
      })),
      template: widths.join(' '),
      minWidth: `calc(${widths.map(leastOf).join(' + ')} + ${GAP * (widths.length - 1) + PADDING}px)`,
      reset:
        arranged.columnOrder.length +
          Object.keys(arranged.columnSizing).length +
          Object.entries(arranged.columnVisibility).filter(([id, visible]) => visible === (specOf(id)?.hidden ?? false))
            .length >
        0
          ? () => {
              const next = { ...NOTHING_ARRANGED, sorting: arranged.sorting };
              setArranged(next);
              save(key, next);
            }
          : undefined,
    };
  }, [arranged, sorting, specs, sorted]);
}
