// SPDX-License-Identifier: GPL-2.0-only
// The headings of a table: they sort, resize, move and hide its columns.
import { Columns3 } from 'lucide-react';
import { type DragEvent, type KeyboardEvent, memo, useRef, useState } from 'react';
import { MenuButton } from './MenuButton.tsx';
import type { MenuEntry } from './MenuItems.tsx';
import type { ShownColumn, TableModel } from './useTableModel.ts';

/** The type of what is dragged, so that nothing else takes it. */
const COLUMN = 'application/x-cr3scope-column';

const ARROWS: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowRight: 1 };

const widthOf = (element: Element | null): number => element?.getBoundingClientRect().width ?? 0;

interface HeadingProps<T> {
  readonly column: ShownColumn<T>;
  /** Moves another column here. */
  onDrop(id: string): void;
}

function Heading<T>({ column, onDrop }: HeadingProps<T>) {
  const { spec, order, toggleSorting } = column;
  const { id, header, align = '' } = spec;
  const cell = useRef<HTMLDivElement>(null);
  const [under, setUnder] = useState(false);
  function onKeyDown(event: KeyboardEvent) {
    const by = ARROWS[event.key];
    if (by === undefined || event.altKey) return;
    if (event.ctrlKey) column.move(by);
    else if (event.shiftKey) column.resize(by, widthOf(cell.current));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  const drag = {
    draggable: true,
    onDragStart: (event: DragEvent) => {
      event.dataTransfer.setData(COLUMN, id);
      event.dataTransfer.effectAllowed = 'move';
    },
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer.types.includes(COLUMN)) return;
      event.preventDefault();
      setUnder(true);
    },
    onDragLeave: () => setUnder(false),
    onDrop: (event: DragEvent) => {
      setUnder(false);
      if (!event.dataTransfer.types.includes(COLUMN)) return;
      event.preventDefault();
      event.stopPropagation();
      onDrop(event.dataTransfer.getData(COLUMN));
    },
  };
  return (
    <div
      ref={cell}
      role="columnheader"
      data-column={id}
      aria-sort={order === 'asc' ? 'ascending' : order === 'desc' ? 'descending' : 'none'}
      className={`${align} ${under ? 'drop' : ''}`}
      tabIndex={toggleSorting ? undefined : 0}
      onKeyDown={onKeyDown}
      {...drag}
    >
      {toggleSorting ? (
        <button type="button" onClick={toggleSorting} title={`Sort by ${header}`}>
          {header}
          <span aria-hidden="true">{order === 'asc' ? ' ▴' : order === 'desc' ? ' ▾' : ''}</span>
        </button>
      ) : (
        header
      )}
      <i
        className="grip"
        aria-hidden="true"
        onMouseDown={(event) => {
          if (event.button !== 0) return;
          event.preventDefault(); // the column is not dragged to another place
          column.startResizing(event, widthOf(cell.current));
        }}
        onDoubleClick={() => column.resetWidth?.()}
      />
    </div>
  );
}

interface Props<T> {
  readonly model: TableModel<T>;
}

export const GridHead = memo(function GridHead<T>({ model: { columns, template, minWidth } }: Props<T>) {
  return (
    <div className="grid-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template, minWidth }}>
      {columns.map((column) => (
        <Heading
          key={column.spec.id}
          column={column}
          onDrop={(id) => columns.find(({ spec }) => spec.id === id)?.moveTo(column.spec.id)}
        />
      ))}
    </div>
  );
}) as <T>(props: Props<T>) => React.ReactNode;

/** Which columns are shown. */
const choiceOf = <T,>({ all, reset }: TableModel<T>): readonly MenuEntry[] => [
  ...all.map(({ id, header, visible, mayToggle, toggle }) => ({
    key: `show ${id}`,
    content: header,
    checked: visible,
    disabled: !mayToggle,
    onClick: toggle,
  })),
  'line',
  { key: 'reset', content: 'Restore all columns', disabled: !reset, onClick: () => reset?.() },
];

/** What can be done with the heading that an element belongs to; undefined: it belongs to none. */
export function headingItems<T>(model: TableModel<T>, target: HTMLElement): readonly MenuEntry[] | undefined {
  const cell = target.closest<HTMLElement>('[role=columnheader]');
  const at = model.columns.findIndex(({ spec }) => spec.id === cell?.dataset.column);
  const column = model.columns[at];
  if (!column) return undefined;
  const item = (content: string, onClick: () => void, disabled = false) => ({
    key: content,
    content,
    onClick,
    disabled,
  });
  const { order, resetWidth } = column;
  return [
    ...(column.toggleSorting
      ? ([
          item('Sort ascending', () => column.sort(false), order === 'asc'),
          item('Sort descending', () => column.sort(true), order === 'desc'),
          'line',
        ] as const)
      : []),
    item('Move left', () => column.move(-1), at === 0),
    item('Move right', () => column.move(1), at === model.columns.length - 1),
    item('Narrower', () => column.resize(-2, widthOf(cell))),
    item('Wider', () => column.resize(2, widthOf(cell))),
    item('Original width', () => resetWidth?.(), !resetWidth),
    item(`Hide “${column.spec.header}”`, column.hide, model.columns.length === 1),
    'line',
    ...choiceOf(model),
  ];
}

/** Stands above the scroll bar. */
export const ColumnButton = <T,>({ label, model }: { label: string; model: TableModel<T> }) => (
  <MenuButton icon={Columns3} label={`Columns of ${label}`} items={choiceOf(model)} className="column-button" />
);
