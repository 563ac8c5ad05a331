// SPDX-License-Identifier: GPL-2.0-only
// A sortable, keyboard-driven table of any number of rows, only the visible ones in the page.
import {
  type Column,
  createColumnHelper,
  createSortedRowModel,
  type RowData,
  rowSortingFeature,
  type SortingState,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { rowStep } from './rowKeys.ts';
import './grid.css';

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic },
});

export interface ColumnSpec<T> {
  readonly id: string;
  readonly header: string;
  /** CSS grid track, like "7ch" or "1fr". */
  readonly width: string;
  readonly align?: 'right';
  readonly value: (row: T) => string | number | bigint;
  readonly cell: (row: T) => ReactNode;
}

interface Props<T extends RowData> {
  readonly label: string;
  readonly columns: readonly ColumnSpec<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly selected?: string;
  readonly onSelect: (row: T) => void;
  readonly rowClass?: (row: T) => string;
  readonly empty?: ReactNode;
  /** Below this many pixels the columns scroll sideways. */
  readonly minWidth: number;
}

const ROW_HEIGHT = 25;

export function DataTable<T extends RowData>({
  label,
  columns,
  rows,
  rowKey,
  selected,
  onSelect,
  rowClass,
  empty,
  minWidth,
}: Props<T>) {
  const [sorting, setSorting] = useState<SortingState>([]);
  const scroller = useRef<HTMLDivElement>(null);
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
    onSortingChange: setSorting,
  });
  const sorted = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    scrollPaddingStart: ROW_HEIGHT,
  });
  const index = sorted.findIndex((r) => rowKey(r.original) === selected);
  const template = columns.map((c) => c.width).join(' ');

  // Keep the selection in sight when it changes from elsewhere.
  // Fewer dependencies on purpose: sorting and live refreshes must not scroll
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index, { align: 'auto' });
  }, [selected]);

  function onKeyDown(event: KeyboardEvent) {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? ROW_HEIGHT) / ROW_HEIGHT) - 3);
    const step = rowStep(event.key, page, sorted.length);
    if (step === undefined) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(sorted.length - 1, (index < 0 ? (step > 0 ? -1 : 0) : index) + step));
    const row = sorted[to];
    if (row) onSelect(row.original);
  }

  const sortOf = (column: Column<typeof features, T>) => column.getIsSorted();
  return (
    <div
      className="grid"
      role="grid"
      aria-label={label}
      aria-rowcount={sorted.length + 1}
      aria-colcount={columns.length}
      ref={scroller}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div className="grid-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template, minWidth }}>
        {table.getHeaderGroups()[0]?.headers.map((header, i) => {
          const sort = sortOf(header.column);
          return (
            <div
              key={header.id}
              role="columnheader"
              aria-sort={sort === 'asc' ? 'ascending' : sort === 'desc' ? 'descending' : 'none'}
              className={columns[i]?.align}
            >
              <button
                type="button"
                onClick={header.column.getToggleSortingHandler()}
                title={`Sort by ${columns[i]?.header}`}
              >
                {columns[i]?.header}
                <span aria-hidden="true">{sort === 'asc' ? ' ▴' : sort === 'desc' ? ' ▾' : ''}</span>
              </button>
            </div>
          );
        })}
      </div>
      {sorted.length === 0 && empty && (
        <div role="row">
          <div role="gridcell">{empty}</div>
        </div>
      )}
      <div role="rowgroup" style={{ height: virtual.getTotalSize(), minWidth, position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => {
          const row = sorted[item.index];
          if (!row) return null;
          const key = rowKey(row.original);
          return (
            <div
              key={key}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={key === selected}
              className={`grid-row ${rowClass?.(row.original) ?? ''}`}
              style={{ gridTemplateColumns: template, transform: `translateY(${item.start}px)`, height: ROW_HEIGHT }}
              onClick={() => onSelect(row.original)}
            >
              {columns.map((c) => (
                <div key={c.id} role="gridcell" className={c.align}>
                  {c.cell(row.original)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
