// SPDX-License-Identifier: GPL-2.0-only
// All of physical memory in hex, as one column of rows of which only those on screen exist.
import {
  type KeyboardEvent,
  memo,
  type PointerEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { hex } from '../../../contract/format.ts';
import { PA_END, pageOf, pageOffset, pfnOf } from '../../../contract/paging.ts';
import { FRAME_STATUS } from '../../../contract/verdicts.ts';
import { RamRows, ROW_BYTES } from '../../lib/ram.ts';
import { byteAt, type Loaded, loadFrames, refresh, selectByte, selection, useMemory } from '../../state/memory.ts';
import { useTarget } from '../../state/target.ts';
import './hex.css';

const ROW_HEIGHT = 18;
const PADDING = 5;
const REFRESH_MS = 1000;
/** Frames read before they are on screen. */
const AHEAD = 16;

const ascii = (b: number) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '·');

interface LineProps {
  readonly pa: bigint;
  readonly frame: Loaded | undefined;
  /** Bytes [from, to) of the line are selected; the cursor is on byte `cursor`, -1: on none. */
  readonly from: number;
  readonly to: number;
  readonly cursor: number;
}

const Line = memo(function Line({ pa, frame, from, to, cursor }: LineProps) {
  const inside = pageOffset(pa);
  const address = <span className="num dim address">{hex(pa, 9)}</span>;
  if (frame?.status !== 0)
    return (
      <div className={`hex-line unreadable ${cursor >= 0 ? 'here' : ''}`}>
        {address}
        <span className="dim">
          {!frame ? '…' : inside === 0 || cursor >= 0 ? FRAME_STATUS.meaning(FRAME_STATUS.name(frame.status)) : '··'}
        </span>
      </div>
    );
  // Neighbours that look alike are one element: a line is a few of them, not sixteen.
  const runs: { look: string; text: string }[] = [];
  let text = '';
  for (let i = 0; i < ROW_BYTES; i++) {
    const b = frame.bytes[inside + i] as number;
    const fresh = frame.before !== undefined && frame.before[inside + i] !== b;
    const look =
      (i === cursor ? 'cursor' : i >= from && i < to ? 'word' : b === 0 ? 'zero' : '') + (fresh ? ' fresh' : '');
    const gap = i === 0 ? '' : i === 8 ? '  ' : ' ';
    const last = runs.at(-1);
    if (last && last.look === look) last.text += gap + hex(b, 2);
    else {
      if (last) runs.push({ look: '', text: gap });
      runs.push({ look, text: hex(b, 2) });
    }
    text += ascii(b);
  }
  return (
    <div className="hex-line">
      {address}
      <span className="hex-bytes">
        {runs.map((run, i) =>
          run.look ? (
            <span key={i} className={run.look}>
              {run.text}
            </span>
          ) : (
            run.text
          ),
        )}
      </span>
      <span className="ascii num">{text}</span>
    </div>
  );
});

function Hole({ begin, end, here }: { begin: bigint; end: bigint; here: boolean }) {
  return (
    <div className={`hex-line unreadable ${here ? 'here' : ''}`}>
      <span className="num dim address">{hex(begin, 9)}</span>
      <span className="dim">
        {end >= PA_END ? 'behind the last System RAM' : `to ${hex(end - 1n, 9)}: ${FRAME_STATUS.meaning('notRam')}`}
      </span>
    </div>
  );
}

/** Which byte of a line lies under a pointer, from the characters "07 00 ec … 25": 8 bytes, a wider gap, 8 bytes. */
function byteUnder(line: HTMLElement, clientX: number): number {
  const box = line.querySelector('.hex-bytes')?.getBoundingClientRect();
  if (!box) return 0;
  const at = ((clientX - box.left) / box.width) * (ROW_BYTES * 3);
  const byte = at < 24 ? at / 3 : (at - 1) / 3;
  return Math.max(0, Math.min(ROW_BYTES - 1, Math.floor(byte)));
}

/** Where the rows on screen are among all of them; dragging goes anywhere. */
function Scrollbar({ top, rows, seen, onTop }: { top: number; rows: number; seen: number; onTop(top: number): void }) {
  const most = Math.max(1, rows - seen);
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    if (event.buttons !== 1) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const box = event.currentTarget.getBoundingClientRect();
    onTop(Math.round(((event.clientY - box.top) / box.height) * most));
  };
  return (
    <div
      className="hex-scrollbar"
      role="scrollbar"
      aria-label="Place in physical memory"
      aria-controls="hex-view"
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round((top / most) * 100)}
      tabIndex={-1}
      onPointerDown={drag}
      onPointerMove={drag}
    >
      <i style={{ top: `calc(${(top / most) * 100}% - ${(top / most) * 24}px)` }} />
    </div>
  );
}

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
  const addresses = visible.flatMap((r) => ('pa' in r ? [pfnOf(r.pa)] : []));
  const first = addresses[0];
  const last = addresses.at(-1);
  useEffect(() => {
    if (first === undefined || last === undefined) return;
    // Across a hole there are two stretches.
    const count = Number(last - first) + 1;
    if (count > 64) void Promise.all([loadFrames(first, 1), loadFrames(last, 1)]);
    else void loadFrames(first, count);
    void loadFrames(last + 1n, AHEAD);
    if (first > BigInt(AHEAD)) void loadFrames(first - BigInt(AHEAD), AHEAD);
  }, [first, last]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.hidden || first === undefined || last === undefined) return;
      const count = Number(last - first) + 1;
      void refresh(first, count > 64 ? 1 : count);
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [first, last]);

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
              <Line
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
      <Scrollbar top={top} rows={rows.length} seen={seen} onTop={setTop} />
    </div>
  );
}
