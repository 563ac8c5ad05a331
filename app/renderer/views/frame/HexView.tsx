// SPDX-License-Identifier: GPL-2.0-only
// All of physical memory in hex, as one column of rows of which only those on screen exist.
import {
  type KeyboardEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { hex } from '../../../contract/format.ts';
import { pageOf, pfnOf } from '../../../contract/paging.ts';
import { RamRows, ROW_BYTES } from '../../lib/ram.ts';
import { byteAt, selectByte, selection, useMemory } from '../../state/memory.ts';
import { useTarget } from '../../state/target.ts';
import { byteUnder, HexLine, Hole } from './HexLine.tsx';
import { HexScrollbar } from './HexScrollbar.tsx';
import { useLoaded } from './useLoaded.ts';
import './hex.css';

const ROW_HEIGHT = 18;
const PADDING = 5;

export function HexView() {
  const target = useTarget((s) => s.target);
  const cursor = useMemory((s) => s.cursor);
  const anchor = useMemory((s) => s.anchor);
  const loaded = useMemory((s) => s.loaded);
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(8);
  const rows = useMemo(() => new RamRows(target?.ramBegin ?? [], target?.ramEnd ?? []), [target]);
  const [top, setTopRaw] = useState(0);
  const setTop = useCallback(
    (row: number) => setTopRaw(Math.max(0, Math.min(Math.round(row), rows.length - 1))),
    [rows],
  );

  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) =>
      setSeen(Math.max(1, Math.floor((entry?.contentRect.height ?? 0) / ROW_HEIGHT))),
    );
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);

  // The cursor's row is kept on screen; where it jumped away, its frame begins at the top if that shows it.
  useLayoutEffect(() => {
    if (cursor === undefined) return;
    const row = rows.rowOf(cursor);
    setTopRaw((now) => {
      if (row >= now && row < now + seen) return now;
      if (row === now - 1 || row === now + seen) return row < now ? row : row - seen + 1;
      const start = rows.rowOf(pageOf(cursor));
      return row < start + seen ? start : Math.max(0, row - (seen >> 2));
    });
  }, [cursor, rows, seen]);

  const visible = useMemo(
    () =>
      Array.from({ length: Math.max(0, Math.min(seen, rows.length - top)) }, (_, i) => ({
        row: top + i,
        ...rows.at(top + i),
      })),
    [rows, top, seen],
  );
  useLoaded(visible.flatMap((r) => ('pa' in r ? [pfnOf(r.pa)] : [])));
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

  function point(event: PointerEvent<HTMLDivElement>) {
    if (event.buttons !== 1) return;
    const line = (event.target as HTMLElement).closest<HTMLElement>('.hex-line');
    const at = line?.dataset.row ?? line?.parentElement?.dataset.row;
    if (!line || at === undefined) return;
    const to = rows.at(Number(at));
    const pa = 'pa' in to ? to.pa + BigInt(byteUnder(line, event.clientX)) : to.hole.begin;
    if (event.type === 'pointerdown') selectByte(pa, event.shiftKey);
    else if (pa !== cursor) selectByte(pa, true);
  }

  const byte = byteAt(loaded, cursor);
  return (
    <div className="hex-box">
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
      >
        {visible.map((r) => {
          if ('hole' in r)
            return (
              <div key={r.row} data-row={r.row}>
                <Hole {...r.hole} here={cursor >= r.hole.begin && cursor < r.hole.end} />
              </div>
            );
          const within = (pa: bigint) => Math.max(0, Math.min(ROW_BYTES, Number(pa - r.pa)));
          const here = cursor >= r.pa && cursor < r.pa + BigInt(ROW_BYTES);
          return (
            <div key={r.row} data-row={r.row}>
              <HexLine
                pa={r.pa}
                frame={loaded.get(pfnOf(r.pa))}
                from={within(selected.begin)}
                to={within(selected.end)}
                cursor={here ? Number(cursor - r.pa) : -1}
              />
            </div>
          );
        })}
      </div>
      <HexScrollbar top={top} rows={rows.length} seen={seen} onTop={setTop} />
    </div>
  );
}
