// One frame in hex, and what the selected bytes may mean.
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { type KeyboardEvent, memo, useEffect, useMemo, useRef, useState } from 'react';
import { hex, hexVa, kpageFlagNames } from '../../contract/format.ts';
import { decode } from '../../contract/paging.ts';
import { FRAME_STATUS, FRAME_STATUS_TEXT } from '../../contract/verdicts.ts';
import { askOwners, openFrame, refreshFrame, selectByte, showTable, useStore } from '../store.ts';
import { Empty, PaneTitle } from './parts.tsx';
import { TableView } from './TableView.tsx';

const WIDTH = 16;
const REFRESH_MS = 1000;
const OUTSIDE = -99;

const ascii = (b: number) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '·');

interface LineProps {
  readonly pa: bigint;
  /** The line's bytes in hex: a string, so that an unchanged line is not drawn again. */
  readonly bytes: string;
  readonly before: string;
  /** The cursor relative to this line; its word may reach in from the line above. OUTSIDE where it does not. */
  readonly selected: number;
  readonly offset: number;
}

const Line = memo(function Line({ pa, bytes, before, selected, offset }: LineProps) {
  const values = Array.from({ length: WIDTH }, (_, i) => Number.parseInt(bytes.slice(i * 2, i * 2 + 2), 16));
  return (
    <div className="hex-line" role="presentation">
      <span className="num dim address">{hex(pa, 9)}</span>
      <span className="hex-bytes">
        {values.map((b, i) => (
          <span
            key={i}
            className={`${b === 0 ? 'zero' : ''} ${selected > -8 && i >= selected && i < selected + 8 ? (i === selected ? 'cursor' : 'word') : ''} ${before && before.slice(i * 2, i * 2 + 2) !== bytes.slice(i * 2, i * 2 + 2) ? 'fresh' : ''}`}
            onClick={() => selectByte(offset + i)}
          >
            {hex(b, 2)}
          </span>
        ))}
      </span>
      <span className="ascii">{values.map(ascii).join('')}</span>
    </div>
  );
});

function lines(bytes: Uint8Array | undefined): string[] {
  if (!bytes || bytes.length === 0) return [];
  const text = Array.from(bytes, (b) => hex(b, 2)).join('');
  return Array.from({ length: bytes.length / WIDTH }, (_, i) => text.slice(i * WIDTH * 2, (i + 1) * WIDTH * 2));
}

function Inspector() {
  const frame = useStore((s) => s.frame);
  const offset = useStore((s) => s.offset);
  const regions = useStore((s) => s.regions);
  const target = useStore((s) => s.target);
  const [bigEndian, setBigEndian] = useState(false);
  if (!frame || frame.bytes.length === 0 || !target)
    return (
      <section className="pane inspector" aria-label="Data inspector">
        <PaneTitle title="Data inspector" />
        <Empty title="No bytes">It reads the bytes at the cursor of the open frame.</Empty>
      </section>
    );
  const view = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < 8; i++) view.setUint8(i, frame.bytes[offset + i] ?? 0);
  const whole = offset + 8 <= frame.bytes.length;
  const le = !bigEndian;
  const u64 = view.getBigUint64(0, le);
  const region = regions?.begin.findIndex((begin, i) => u64 >= begin && u64 < (regions.end[i] as bigint)) ?? -1;
  const entry = decode(u64, 1, target);
  const entryText =
    entry.kind === 'none'
      ? 'nothing'
      : entry.kind === 'reserved'
        ? `reserved bits ${hex(entry.violation)}`
        : entry.kind === 'swap'
          ? `swap ${entry.swapType}:${hex(entry.swapOffset)}`
          : `${entry.kind} · PFN ${hex(entry.pfn)}`;
  const seconds = view.getUint32(0, le);
  const time = seconds > 946684800 ? new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ') : '—';
  const text = new TextDecoder('utf-8', { fatal: false })
    .decode(frame.bytes.subarray(offset, offset + 16))
    .replace(/\p{C}/gu, '·');
  const float = (n: number) => (Number.isFinite(n) ? String(Number(n.toPrecision(7))) : String(n));
  const rows: [string, string][] = [
    ['u8 · i8', `${view.getUint8(0)} · ${view.getInt8(0)}`],
    ['u16 · i16', `${view.getUint16(0, le)} · ${view.getInt16(0, le)}`],
    ['u32', `${view.getUint32(0, le)}`],
    ['i32', `${view.getInt32(0, le)}`],
    ...(whole
      ? ([
          ['u64', `0x${hex(u64, 16)}`],
          ['i64', `${view.getBigInt64(0, le)}`],
          ['f32', float(view.getFloat32(0, le))],
          ['f64', float(view.getFloat64(0, le))],
          [
            'as pointer',
            region >= 0 && regions
              ? `${hexVa(u64)} → ${regions.path[region]?.split('/').at(-1) || 'anonymous'} +0x${hex(u64 - (regions.begin[region] as bigint))}`
              : 'no region here',
          ],
          ['as PTE', entryText],
        ] as [string, string][])
      : []),
    ['utf-8', text],
    ['time', time],
  ];
  return (
    <section className="pane inspector" aria-label="Data inspector">
      <PaneTitle title="Data inspector">
        <span className="num dim">+{hex(offset, 3)}</span>
        <span className="spacer" />
        <button type="button" className="quiet-button" onClick={() => setBigEndian(!bigEndian)}>
          {bigEndian ? 'big endian' : 'little endian'}
        </button>
      </PaneTitle>
      <dl className="facts scroll" tabIndex={0} aria-label="The bytes at the cursor">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="num">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function FramePane() {
  const frame = useStore((s) => s.frame);
  const before = useStore((s) => s.frameBefore);
  const error = useStore((s) => s.frameError);
  const offset = useStore((s) => s.offset);
  const table = useStore((s) => s.table);
  const scroller = useRef<HTMLDivElement>(null);
  const now = useMemo(() => lines(frame?.bytes), [frame]);
  const then = useMemo(() => lines(before), [before]);

  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) void refreshFrame();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  // Fewer dependencies on purpose: a live refresh must not scroll
  useEffect(() => {
    scroller.current?.querySelector('.cursor')?.scrollIntoView({ block: 'nearest' });
  }, [offset, frame?.pfn]);

  function onKeyDown(event: KeyboardEvent) {
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: WIDTH,
      ArrowUp: -WIDTH,
      PageDown: WIDTH * 8,
      PageUp: -WIDTH * 8,
      Home: -(offset % WIDTH),
      End: WIDTH - 1 - (offset % WIDTH),
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    selectByte(offset + step);
  }

  const status = frame ? (FRAME_STATUS[frame.status] ?? 'failed') : 'ok';
  const flags = frame?.flags == null ? undefined : kpageFlagNames(frame.flags);
  return (
    <div className="frame-panes">
      <section className="pane" aria-label="Frame">
        <PaneTitle title={frame ? `Frame ${hex(frame.pfn)}` : 'Frame'}>
          {frame && (
            <>
              <button
                type="button"
                className="icon-button"
                aria-label="Previous frame"
                disabled={frame.pfn === 0n}
                onClick={() => void openFrame(frame.pfn - 1n, offset)}
              >
                <ChevronLeft size={14} aria-hidden="true" />
              </button>
              <button
                type="button"
                className="icon-button"
                aria-label="Next frame"
                onClick={() => void openFrame(frame.pfn + 1n, offset)}
              >
                <ChevronRight size={14} aria-hidden="true" />
              </button>
              <button type="button" className="quiet-button" onClick={() => void askOwners(frame.pfn)}>
                mapped by…
              </button>
              <button
                type="button"
                className="quiet-button"
                aria-pressed={table !== undefined}
                disabled={status !== 'ok'}
                onClick={() => showTable(table ? undefined : { level: 1 })}
              >
                as table
              </button>
              <span className="dim ellipsis">
                PA <span className="num">0x{hex(frame.pfn << 12n)}</span> ·{' '}
                {flags ? flags.join(' · ') || 'no flags' : 'kpageflags not readable'}
                {frame.count !== null && ` · mapped ×${frame.count}`}
              </span>
            </>
          )}
        </PaneTitle>
        {error && <Empty title={error.message}>{error.remedy}</Empty>}
        {!frame && !error && (
          <Empty title="No frame is open">
            Choose a page that maps one, or paste a frame number into the box above.
          </Empty>
        )}
        {frame && status !== 'ok' && (
          <Empty title="This frame can't be read">
            It is {FRAME_STATUS_TEXT[status]}. cr3scope shows no bytes rather than zeros.
          </Empty>
        )}
        {frame && status === 'ok' && table && <TableView />}
        {frame && status === 'ok' && !table && (
          <div
            className="hex scroll"
            ref={scroller}
            tabIndex={0}
            role="group"
            aria-label={`Bytes of frame ${hex(frame.pfn)}; arrow keys move. At offset ${hex(offset)}: ${hex(frame.bytes[offset] ?? 0, 2)}`}
            onKeyDown={onKeyDown}
          >
            {now.map((bytes, i) => (
              <Line
                key={i}
                pa={(frame.pfn << 12n) + BigInt(i * WIDTH)}
                bytes={bytes}
                before={then[i] ?? ''}
                offset={i * WIDTH}
                selected={offset + 7 >= i * WIDTH && offset < (i + 1) * WIDTH ? offset - i * WIDTH : OUTSIDE}
              />
            ))}
          </div>
        )}
      </section>
      <Inspector />
    </div>
  );
}
