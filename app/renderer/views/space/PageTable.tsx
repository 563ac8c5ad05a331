// SPDX-License-Identifier: GPL-2.0-only
// The pages of a region, with one verdict or of a filter, with the sources side by side. Only rows on screen are read, live.
import { type KeyboardEvent, type ReactNode, useEffect, useMemo } from 'react';
import type { Rows } from '../../../contract/api.ts';
import { count } from '../../../contract/format.ts';
import { pageOf } from '../../../contract/paging.ts';
import { regionAt } from '../../../contract/regions.ts';
import { SOURCE, type SourceName } from '../../../contract/sources.ts';
import type { Found } from '../../lib/filteredPages.ts';
import { indexesOf, sizeOf } from '../../lib/ranges.ts';
import { readRows } from '../../lib/readRows.ts';
import { shownSources } from '../../lib/sources.ts';
import { ContextMenu } from '../../parts/ContextMenu.tsx';
import { type ColumnSpec, cellOf } from '../../parts/columns.tsx';
import { ColumnButton, GridHead, headingItems } from '../../parts/GridHead.tsx';
import type { MenuEntry } from '../../parts/MenuItems.tsx';
import { rowUnder } from '../../parts/rowKeys.ts';
import { useCopyRows } from '../../parts/useCopyRows.ts';
import { useSelection } from '../../parts/useSelection.ts';
import { useTableModel } from '../../parts/useTableModel.ts';
import { pageActions } from '../../state/actions.ts';
import { selectVa } from '../../state/navigate.ts';
import { useNotesHere } from '../../state/notes.ts';
import { isSameSpace, useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { FailureNote, FailureTitle } from '../common/FailureNote.tsx';
import { menuOf } from '../common/menu.tsx';
import { type PageLine, pageColumns } from './pageColumns.tsx';
import { pageRow } from './pageRow.ts';
import { useLiveRows } from './useLiveRows.ts';
import { usePageList } from './usePageList.ts';
import { ROW_HEIGHT, useScrollWindow } from './useScrollWindow.ts';
import '../../parts/grid.css';
import './pages.css';

const NO_ROWS: readonly PageLine[] = [];

function useColumns(sources: readonly SourceName[], ofMany: boolean): readonly ColumnSpec<PageLine>[] {
  const key = sources.join(' ');
  return useMemo(() => pageColumns(key.split(' ') as SourceName[], ofMany), [key, ofMany]);
}

interface Props {
  /** The pages that a filter has found, of all regions; undefined: there is no filter. */
  readonly found: readonly Found[] | undefined;
  /** What an empty list says. */
  readonly empty: ReactNode;
  /** What the foot says of the list. */
  readonly note: string;
}

export function PageTable({ found, empty, note }: Props) {
  const space = useSpace((s) => s.space);
  const only = useSpace((s) => s.only);
  const ofMany = found !== undefined || only !== undefined;
  const va = useSpace((s) => s.va);
  const reading = useSpace((s) => s.reading);
  const target = useTarget((s) => s.target);
  const sources = shownSources(target);
  const list = usePageList(found);
  const { scroller, first, visible, pixels, show, onScroll } = useScrollWindow(list.length);
  const page = va === undefined ? undefined : pageOf(va);
  const selected = page === undefined ? -1 : list.find(page);
  const inSight = Math.min(visible + 2, list.length - first);
  const { rows, changed, error } = useLiveRows(space, list, first, inSight);
  /** The row of the table by its index in sight; it may have been read at another place of the list. */
  const indexOf = (i: number) => {
    const rowVa = list.va(first + i);
    return rows?.va[i] === rowVa ? i : (rows?.va.indexOf(rowVa) ?? -1);
  };
  const places = Array.from({ length: Math.max(0, inSight) }, (_, i) => i);
  // What was read stays after the process, or while the helper is gone. The foot says that it is not live.
  const stays = places.some((i) => indexOf(i) >= 0);
  const unread = stays ? undefined : error;

  // Only another list or another selection scrolls: the rest is left out of the dependencies
  useEffect(() => {
    if (selected < 0) show(0);
    else if (selected < first || selected >= first + visible) show(selected - (visible >> 1));
  }, [list, selected]);

  const regions = useSpace((s) => s.regions);
  const whatOf = (va: bigint) => {
    const at = regions ? regionAt(regions, va) : -1;
    return at >= 0 ? regions?.path[at] || 'anonymous' : 'no region';
  };
  const model = useTableModel('Pages', useColumns(sources, ofMany), NO_ROWS);
  const specs = model.columns.map(({ spec }) => spec);
  const selection = useSelection({
    length: list.length,
    current: selected,
    first,
    choose: (i) => void selectVa(list.va(i)),
    reveal: (i) => {
      if (i < first || i >= first + visible) show(i < first ? i : i - visible + 1);
    },
  });
  useEffect(selection.clear, [list]);
  const notes = useNotesHere();
  const notedAt = (va: bigint, pfn: bigint | undefined): string =>
    notes
      .filter(({ on }) =>
        on.kind === 'page'
          ? on.va === va && space !== undefined && isSameSpace(on, space)
          : pfn !== undefined && pfn !== 0n && on.pfn === pfn,
      )
      .map((note) => note.text)
      .join(' · ');
  const lineOf = (va: bigint, rows?: Rows, i = 0): PageLine => ({
    va,
    region: ofMany ? whatOf(va) : '',
    noted: notedAt(va, rows?.pfn[i]),
    row: rows && target && pageRow(rows, i, target),
  });
  const copy = useCopyRows(specs, async (ranges) => {
    const lines: PageLine[] = [];
    if (!space) return lines;
    const vas = BigUint64Array.from([...indexesOf(ranges)], (i) => list.va(i));
    for await (const rows of readRows(space, vas)) lines.push(...Array.from(rows.va, (va, i) => lineOf(va, rows, i)));
    return lines;
  });
  function onKeyDown(event: KeyboardEvent) {
    if (selection.key(event, visible - 1) || copy.key(event, selection.ranges)) event.preventDefault();
  }
  function itemsOf(target: HTMLElement): readonly MenuEntry[] | undefined {
    const at = rowUnder(target);
    if (at < 0) return headingItems(model, target);
    const ranges = selection.aim(at);
    const here = list.va(at);
    const i = indexOf(at - first);
    const { frame } = SOURCE.word('pagemap').read(rows?.words.pagemap[i] ?? 0n);
    const one = sizeOf(ranges) === 1 && space ? menuOf(pageActions(space, here, frame)) : [];
    return [...one, ...(one.length ? (['line'] as const) : []), ...copy.items(ranges)];
  }
  return (
    <div className="grid-frame">
      <div className="grid-box">
        <ContextMenu
          itemsOf={itemsOf}
          chosen="[aria-selected=true]"
          area={
            <div
              className="grid pages"
              role="grid"
              aria-label="Pages"
              aria-rowcount={list.length + 1}
              aria-colcount={specs.length}
              ref={scroller}
              tabIndex={0}
              onScroll={onScroll}
              aria-multiselectable={true}
              onMouseDown={selection.press}
              onKeyDown={onKeyDown}
            />
          }
        >
          <GridHead model={model} />
          {(unread || list.length === 0) && (
            <div role="row">
              <div role="gridcell">{unread ? <FailureNote failure={unread} space={space} /> : empty}</div>
            </div>
          )}
          <div role="rowgroup" className="grid-rows" style={{ height: pixels, minWidth: model.minWidth }}>
            <div role="presentation" className="sticky">
              {!unread &&
                rows &&
                target &&
                places.map((i) => {
                  const rowVa = list.va(first + i);
                  const at = indexOf(i);
                  // The chosen page is shown as its translation has it.
                  const read =
                    rowVa === page && reading && pageOf(reading.va) === page ? reading.translation.row : null;
                  const line = read ? lineOf(rowVa, read, 0) : at >= 0 ? lineOf(rowVa, rows, at) : lineOf(rowVa);
                  return (
                    <div
                      key={rowVa}
                      role="row"
                      aria-rowindex={first + i + 2}
                      aria-selected={selection.has(first + i)}
                      aria-busy={!line.row}
                      className={`grid-row ${changed.has(rowVa) ? 'changed' : ''}`}
                      style={{ height: ROW_HEIGHT, gridTemplateColumns: model.template }}
                      onClick={(event) => selection.click(first + i, event)}
                    >
                      {specs.map((spec) => (
                        <div key={spec.id} role="gridcell" className={spec.align}>
                          {cellOf(spec, line)}
                        </div>
                      ))}
                    </div>
                  );
                })}
            </div>
          </div>
        </ContextMenu>
        <ColumnButton label="Pages" model={model} />
      </div>
      <div className="grid-foot dim">
        {list.length > 0 &&
          `${count(first + 1)}–${count(Math.min(list.length, first + visible))} of ${count(list.length)} pages`}
        {note}
        {error && stays && (
          <>
            {' · as last read. '}
            <FailureTitle failure={error} space={space} />
          </>
        )}
      </div>
    </div>
  );
}
