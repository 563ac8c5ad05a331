// SPDX-License-Identifier: GPL-2.0-only
// A sortable table with keyboard navigation, for any number of rows. Only the visible ones are in the page.
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, type ReactNode, useEffect, useMemo, useRef } from 'react';
import { indexesOf, rangesOf, sizeOf } from '../lib/ranges.ts';
import { ContextMenu } from './ContextMenu.tsx';
import { type ColumnSpec, cellOf } from './columns.tsx';
import { ColumnButton, GridHead, headingItems } from './GridHead.tsx';
import type { MenuEntry } from './MenuItems.tsx';
import { rowUnder } from './rowKeys.ts';
import { useCopyRows } from './useCopyRows.ts';
import { useSelection } from './useSelection.ts';
import { type ShownColumn, useTableModel } from './useTableModel.ts';
import './grid.css';

interface Props<T extends object> {
  readonly label: string;
  readonly columns: readonly ColumnSpec<T>[];
  readonly rows: readonly T[];
  readonly rowKey: (row: T) => string;
  readonly selected?: string;
  readonly onSelect: (row: T) => void;
  readonly rowClass?: (row: T) => string;
  readonly empty?: ReactNode;
  /** Gives the sorted rows their final order, such as children after their parents. It may leave rows out. */
  readonly arrange?: ((sorted: readonly T[]) => readonly T[]) | undefined;
  /** What can be done with a row, beside copying it. */
  readonly itemsOf?: (row: T) => readonly MenuEntry[];
}

const ROW_HEIGHT = 25;

interface RowProps<T> {
  readonly row: T;
  readonly index: number;
  /** In pixels. */
  readonly top: number;
  readonly selected: boolean;
  readonly className: string;
  readonly columns: readonly ColumnSpec<T>[];
  readonly template: string;
}

/** A row; it is not drawn again while others scroll by. */
const Row = memo(function Row<T>({ row, index, top, selected, className, columns, template }: RowProps<T>) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={`grid-row ${className}`}
      style={{ gridTemplateColumns: template, transform: `translateY(${top}px)`, height: ROW_HEIGHT }}
    >
      {columns.map((c) => (
        <div key={c.id} role="gridcell" className={c.align}>
          {cellOf(c, row)}
        </div>
      ))}
    </div>
  );
}) as <T>(props: RowProps<T>) => ReactNode;

/** The same list as long as the same columns are shown in the same order. */
function useSpecs<T>(columns: readonly ShownColumn<T>[]): readonly ColumnSpec<T>[] {
  const specs = useRef<readonly ColumnSpec<T>[]>([]);
  const now = columns.map(({ spec }) => spec);
  if (now.length !== specs.current.length || now.some((spec, i) => spec !== specs.current[i])) specs.current = now;
  return specs.current;
}

export function DataTable<T extends object>({
  label,
  columns,
  rows,
  rowKey,
  selected,
  onSelect,
  rowClass,
  empty,
  arrange,
  itemsOf,
}: Props<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const model = useTableModel(label, columns, rows, arrange);
  const { sorted, template, minWidth } = model;
  const specs = useSpecs(model.columns);
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    // The heading stands above the rows, and covers the first of them once they are scrolled.
    scrollMargin: ROW_HEIGHT,
    scrollPaddingStart: ROW_HEIGHT,
  });
  const index = useMemo(
    () => (selected === undefined ? -1 : sorted.findIndex((r) => rowKey(r) === selected)),
    [sorted, selected],
  );

  // Keeps the selection on screen when it changes from elsewhere. Sorting and live refreshes must not scroll:
  // they are left out of the dependencies
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index, { align: 'auto' });
  }, [selected]);

  const selection = useSelection({
    length: sorted.length,
    current: index,
    first: 0,
    choose: (i) => onSelect(sorted[i] as T),
    reveal: (i) => virtual.scrollToIndex(i, { align: 'auto' }),
  });
  // Sorting and live refreshes move rows; those that were selected stay so.
  const before = useRef(sorted);
  useEffect(() => {
    const old = before.current;
    before.current = sorted;
    if (old === sorted) return;
    selection.relocate((ranges) => {
      const keys = new Set(Array.from(indexesOf(ranges), (i) => rowKey(old[i] as T)));
      return rangesOf(sorted.flatMap((row, i) => (keys.has(rowKey(row)) ? [i] : [])));
    });
  }, [sorted]);
  const copy = useCopyRows(specs, (ranges) => Array.from(indexesOf(ranges), (i) => sorted[i] as T));

  function onKeyDown(event: KeyboardEvent) {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? ROW_HEIGHT) / ROW_HEIGHT) - 3);
    if (selection.key(event, page) || copy.key(event, selection.ranges)) event.preventDefault();
  }
  function menuOf(target: HTMLElement): readonly MenuEntry[] | undefined {
    const at = rowUnder(target);
    if (at < 0) return headingItems(model, target);
    const ranges = selection.aim(at);
    return [
      ...(sizeOf(ranges) === 1 && itemsOf ? [...itemsOf(sorted[at] as T), 'line' as const] : []),
      ...copy.items(ranges),
    ];
  }

  return (
    <div className="grid-box">
      <ContextMenu
        itemsOf={menuOf}
        chosen="[aria-selected=true]"
        area={
          <div
            className="grid"
            role="grid"
            aria-label={label}
            aria-rowcount={sorted.length + 1}
            aria-colcount={specs.length}
            ref={scroller}
            tabIndex={0}
            aria-multiselectable={true}
            onMouseDown={selection.press}
            onKeyDown={onKeyDown}
          />
        }
      >
        <GridHead model={model} />
        {sorted.length === 0 && empty && (
          <div role="row">
            <div role="gridcell">{empty}</div>
          </div>
        )}
        <div
          role="rowgroup"
          style={{ height: virtual.getTotalSize(), minWidth, position: 'relative' }}
          onClick={(event) => {
            const at = rowUnder(event.target);
            if (at >= 0) selection.click(at, event);
          }}
        >
          {virtual.getVirtualItems().map((item) => {
            const row = sorted[item.index];
            if (!row) return null;
            const key = rowKey(row);
            return (
              <Row
                key={key}
                row={row}
                index={item.index}
                top={item.start - ROW_HEIGHT}
                selected={selection.has(item.index)}
                className={rowClass?.(row) ?? ''}
                columns={specs}
                template={template}
              />
            );
          })}
        </div>
      </ContextMenu>
      <ColumnButton label={label} model={model} />
    </div>
  );
}
