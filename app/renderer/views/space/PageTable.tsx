// SPDX-License-Identifier: GPL-2.0-only
// The pages of a region, or with one verdict, with the sources side by side. Only rows on screen are read, live.
import { type KeyboardEvent, useEffect, useMemo } from 'react';
import { count } from '../../../contract/format.ts';
import { pageOf } from '../../../contract/paging.ts';
import { regionAt } from '../../../contract/regions.ts';
import type { SourceName } from '../../../contract/sources.ts';
import { shownSources } from '../../lib/sources.ts';
import { ContextMenu } from '../../parts/ContextMenu.tsx';
import { type ColumnSpec, cellOf } from '../../parts/columns.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { ColumnButton, GridHead, headingItems } from '../../parts/GridHead.tsx';
import { rowStep } from '../../parts/rowKeys.ts';
import { useTableModel } from '../../parts/useTableModel.ts';
import { selectVa } from '../../state/navigate.ts';
import { usePrivileges } from '../../state/privileges.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
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

export function PageTable() {
  const space = useSpace((s) => s.space);
  const only = useSpace((s) => s.only);
  const va = useSpace((s) => s.va);
  const reading = useSpace((s) => s.reading);
  const target = useTarget((s) => s.target);
  const helperGone = usePrivileges((s) => s.problem !== null);
  const sources = shownSources(target);
  const list = usePageList();
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
  // What was read stays while the helper is gone; then the foot says that it is not live.
  const stays = helperGone && places.some((i) => indexOf(i) >= 0);
  const unread = stays ? undefined : error;

  // Only another list or another selection scrolls: the rest is left out of the dependencies
  useEffect(() => {
    if (selected < 0) show(0);
    else if (selected < first || selected >= first + visible) show(selected - (visible >> 1));
  }, [list, selected]);

  function onKeyDown(event: KeyboardEvent) {
    const step = rowStep(event.key, visible - 1, list.length);
    if (step === undefined) return;
    event.preventDefault();
    void selectVa(list.va(Math.max(0, Math.min(list.length - 1, (selected < 0 ? first : selected) + step))));
  }

  const regions = useSpace((s) => s.regions);
  // Pages with a verdict are of many regions.
  const whatOf = (va: bigint) => {
    const at = regions ? regionAt(regions, va) : -1;
    return at >= 0 ? regions?.path[at] || 'anonymous' : 'no region';
  };
  const model = useTableModel('Pages', useColumns(sources, only !== undefined), NO_ROWS);
  const specs = model.columns.map(({ spec }) => spec);
  return (
    <div className="grid-frame">
      <div className="grid-box">
        <ContextMenu
          itemsOf={(target) => headingItems(model, target)}
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
              onKeyDown={onKeyDown}
            />
          }
        >
          <GridHead model={model} />
          {(unread || list.length === 0) && (
            <div role="row">
              <div role="gridcell">
                {unread ? (
                  <Empty title={unread.message}>{unread.remedy}</Empty>
                ) : (
                  <Empty title={only ? `No page is “${only}” now` : 'No pages'}>
                    {only ? 'Press Esc to see the region again.' : 'Choose a region.'}
                  </Empty>
                )}
              </div>
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
                  const line: PageLine = {
                    va: rowVa,
                    region: only ? whatOf(rowVa) : '',
                    row: read ? pageRow(read, 0, target) : at >= 0 ? pageRow(rows, at, target) : undefined,
                  };
                  return (
                    <div
                      key={rowVa}
                      role="row"
                      aria-rowindex={first + i + 2}
                      aria-selected={rowVa === page}
                      aria-busy={!line.row}
                      className={`grid-row ${changed.has(rowVa) ? 'changed' : ''}`}
                      style={{ height: ROW_HEIGHT, gridTemplateColumns: model.template }}
                      onClick={() => void selectVa(rowVa)}
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
        {only && ' · Esc shows the region again'}
        {error && !unread && ` · as last read: ${error.message}`}
      </div>
    </div>
  );
}
