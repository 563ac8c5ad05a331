// SPDX-License-Identifier: GPL-2.0-only
// A sortable table with keyboard navigation, for any number of rows. Only the visible ones are in the page.
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, type ReactNode, useEffect, useMemo, useRef } from 'react';
import { ContextMenu } from './ContextMenu.tsx';
import { type ColumnSpec, cellOf } from './columns.tsx';
import { ColumnButton, GridHead, headingItems } from './GridHead.tsx';
import { rowStep } from './rowKeys.ts';
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
}: Props<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const model = useTableModel(label, columns, rows);
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

  function onKeyDown(event: KeyboardEvent) {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? ROW_HEIGHT) / ROW_HEIGHT) - 3);
    const step = rowStep(event.key, page, sorted.length);
    if (step === undefined) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(sorted.length - 1, (index < 0 ? (step > 0 ? -1 : 0) : index) + step));
    const row = sorted[to];
    if (row) onSelect(row);
  }

  return (
    <div className="grid-box">
      <ContextMenu
        itemsOf={(target) => headingItems(model, target)}
        area={
          <div
            className="grid"
            role="grid"
            aria-label={label}
            aria-rowcount={sorted.length + 1}
            aria-colcount={specs.length}
            ref={scroller}
            tabIndex={0}
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
            const at = (event.target as HTMLElement).closest<HTMLElement>('[role=row]')?.ariaRowIndex;
            const row = sorted[Number(at) - 2];
            if (row) onSelect(row);
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
                selected={key === selected}
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
