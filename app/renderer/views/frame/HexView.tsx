// SPDX-License-Identifier: GPL-2.0-only
// Physical memory in hex. Only the rows on screen are in the page.
import { type KeyboardEvent, type MouseEvent, type PointerEvent, useMemo } from 'react';
import { hex } from '../../../contract/format.ts';
import { ENTRY_BYTES, pfnOf } from '../../../contract/paging.ts';
import { RamRows, ROW_BYTES } from '../../lib/ram.ts';
import { ContextMenu } from '../../parts/ContextMenu.tsx';
import { entryActions, frameActions, placeActions } from '../../state/actions.ts';
import { byteAt, selectByte, selection, useMemory } from '../../state/memory.ts';
import { useTarget } from '../../state/target.ts';
import { menuOf } from '../common/menu.tsx';
import { copyItems } from './CopyMenu.tsx';
import { byteUnder, HexRow } from './HexLine.tsx';
import { HexScrollbar } from './HexScrollbar.tsx';
import { useHexWindow } from './useHexWindow.ts';
import { useLoaded } from './useLoaded.ts';
import './hex.css';

const PADDING = 5;

export function HexView() {
  const target = useTarget((s) => s.target);
  const cursor = useMemory((s) => s.cursor);
  const anchor = useMemory((s) => s.anchor);
  const loaded = useMemory((s) => s.loaded);
  const rows = useMemo(() => new RamRows(target?.ramBegin ?? [], target?.ramEnd ?? []), [target]);
  const { box, seen, top, setTop } = useHexWindow(rows, cursor);
  const visible = useMemo(
    () =>
      Array.from({ length: Math.max(0, Math.min(seen, rows.length - top)) }, (_, i) => ({
        row: top + i,
        at: rows.at(top + i),
      })),
    [rows, top, seen],
  );
  useLoaded(visible.flatMap(({ at }) => ('pa' in at ? [pfnOf(at.pa)] : [])));
  if (cursor === undefined) return null;
  const selected = selection({ cursor, ...(anchor !== undefined && { anchor }) });

  function onKeyDown(event: KeyboardEvent) {
    if (cursor === undefined) return;
    const column = cursor % BigInt(ROW_BYTES);
    const down = (by: number) => {
      const row = Math.max(0, Math.min(rows.rowOf(cursor) + by, rows.length - 1));
      const to = rows.at(row);
      selectByte('pa' in to ? to.pa + column : to.hole.begin, event.shiftKey);
    };
    const page = Math.max(1, seen - 1);
    const keys: Record<string, () => void> = {
      ArrowRight: () => selectByte(rows.step(cursor, 1n), event.shiftKey),
      ArrowLeft: () => selectByte(rows.step(cursor, -1n), event.shiftKey),
      ArrowDown: () => down(1),
      ArrowUp: () => down(-1),
      PageDown: () => {
        setTop(Math.min(top + page, rows.length - 1));
        down(page);
      },
      PageUp: () => {
        setTop(top - page);
        down(-page);
      },
      Home: () => selectByte(event.ctrlKey ? 0n : cursor - column, event.shiftKey),
      End: () => {
        const end = target?.ramEnd.at(-1);
        selectByte(event.ctrlKey && end ? end - 1n : cursor - column + 15n, event.shiftKey);
      },
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  function byteOf(target: HTMLElement, clientX: number): bigint | undefined {
    const line = target.closest<HTMLElement>('.hex-line');
    const at = line?.dataset.row ?? line?.parentElement?.dataset.row;
    if (!line || at === undefined) return undefined;
    const to = rows.at(Number(at));
    return 'pa' in to ? to.pa + BigInt(byteUnder(line, clientX)) : to.hole.begin;
  }
  function point(event: PointerEvent<HTMLDivElement>) {
    if (event.buttons !== 1) return;
    const pa = byteOf(event.target as HTMLElement, event.clientX);
    if (pa === undefined) return;
    if (event.type === 'pointerdown') selectByte(pa, event.shiftKey);
    else if (pa !== cursor) selectByte(pa, true);
  }

  /** Of the selected bytes, or of the byte under the pointer if it is another one. */
  function itemsOf(target: HTMLElement, event: MouseEvent) {
    const under = event.button === 2 ? byteOf(target, event.clientX) : undefined;
    const outside = under !== undefined && (under < selected.begin || under >= selected.end);
    if (outside) selectByte(under);
    const at = outside ? under : selected.begin;
    const word = Array.from({ length: ENTRY_BYTES }, (_, i) => byteAt(loaded, at + BigInt(i)));
    const raw = word.reduceRight<bigint | undefined>(
      (sum, b) => (sum === undefined || b === undefined ? undefined : (sum << 8n) | BigInt(b)),
      0n,
    );
    return [
      ...copyItems('Copy as '),
      'line' as const,
      ...menuOf([
        raw === undefined ? [] : entryActions(raw),
        ...frameActions(pfnOf(at)),
        placeActions({ view: 'frame', pa: at }, 'byte'),
      ]),
    ];
  }

  const byte = byteAt(loaded, cursor);
  return (
    <div className="hex-box">
      <ContextMenu
        itemsOf={itemsOf}
        area={
          <div
            id="hex-view"
            className="hex num"
            style={{ padding: `${PADDING}px 12px` }}
            ref={box}
            tabIndex={0}
            role="group"
            aria-label={`Physical memory; arrow keys move, with Shift they select. At ${hex(cursor, 9)}: ${byte === undefined ? 'not readable' : hex(byte, 2)}`}
            onKeyDown={onKeyDown}
            onPointerDown={point}
            onPointerMove={point}
            onWheel={(event) =>
              setTop(top + Math.sign(event.deltaY) * Math.max(1, Math.round(Math.abs(event.deltaY) / 30)))
            }
          />
        }
      >
        {visible.map(({ row, at }) => (
          <div key={row} data-row={row}>
            <HexRow at={at} cursor={cursor} selected={selected} loaded={loaded} />
          </div>
        ))}
      </ContextMenu>
      <HexScrollbar top={top} rows={rows.length} seen={seen} onTop={setTop} />
    </div>
  );
}
