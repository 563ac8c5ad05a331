// SPDX-License-Identifier: GPL-2.0-only
// The pages of a region, or of one verdict, with every source side by side. Only the window in sight is read, live.
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { Rows } from '../../../contract/api.ts';
import { count, hex, hexVa } from '../../../contract/format.ts';
import { sayKernel } from '../../../contract/kernel.ts';
import { decode, flagsOf, mapsFrame, pagemapPlace, pageOf, pageSizeName } from '../../../contract/paging.ts';
import { FRAME_STATUS, NOTE, VERDICT, VERDICTS } from '../../../contract/verdicts.ts';
import { explorer } from '../../lib/client.ts';
import { type PageList, pagesOfRange, pagesOfVerdict } from '../../lib/pages.ts';
import { Digits } from '../../parts/Digits.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { VerdictChip } from '../../parts/VerdictChip.tsx';
import { useCheck } from '../../state/check.ts';
import { selectVa } from '../../state/navigate.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import '../../parts/grid.css';
import './pages.css';

const ROW_HEIGHT = 25;
const REFRESH_MS = 2000;
/** Chromium cannot lay out elements of any height; beyond this the scroll bar is scaled. */
const MOST_PIXELS = 8_000_000;

/** What pagemap says of a page, in a cell. */
function sayPagemap(word: bigint): string {
  const place = pagemapPlace(word);
  if (!place) return '—';
  return 'pfn' in place ? hex(place.pfn, 7) : `swap ${place.swapType}:${hex(place.swapOffset)}`;
}

interface RowView {
  readonly va: bigint;
  readonly verdict: number;
  readonly pagemap: string;
  readonly kernel: string;
  readonly walk: string;
  readonly differs: boolean;
  readonly entry: string;
  readonly why: string;
}

function useRowView() {
  const target = useTarget((s) => s.target);
  return useMemo(() => {
    if (!target) return undefined;
    const hasWalk = target.sources.some((s) => s.name === 'tableWalk' && s.ready);
    return (rows: Rows, i: number): RowView => {
      const raw = rows.entry[i] as bigint;
      const level = rows.level[i] as number;
      const entry = decode(raw, level || 1, target);
      const note = NOTE.name(rows.note[i] as number);
      const status = FRAME_STATUS.name(rows.status[i] as number);
      const pagemap = sayPagemap(rows.pagemap[i] as bigint);
      let walk = '—';
      let text = '';
      if (!hasWalk) walk = 'not ready';
      else if (status !== 'ok') walk = 'unreadable';
      else if (mapsFrame(entry.kind)) {
        walk = hex(rows.pfn[i] as bigint, 7);
        const set = new Set(
          flagsOf(raw, level, target, target.release)
            .filter((f) => f.set)
            .map((f) => f.name),
        );
        const access =
          entry.kind === 'leaf' ? `${set.has('RW') ? 'rw' : 'r-'}${set.has('NX') ? ' nx' : ' x'}` : 'no access';
        text = `${pageSizeName(entry.shift)} · ${access}${set.has('A') ? ' · A' : ''}${set.has('D') ? ' D' : ''}`;
      } else if (entry.kind === 'swap') walk = `swap ${entry.swapType}:${hex(entry.swapOffset)}`;
      else if (entry.kind !== 'none')
        walk = entry.kind === 'marker' ? `swap ${entry.swapType}:${hex(entry.swapOffset)}` : entry.kind;
      const label = NOTE.label(note);
      return {
        va: rows.va[i] as bigint,
        verdict: rows.verdict[i] as number,
        pagemap,
        kernel: sayKernel(rows.kernel[i] as bigint),
        walk,
        differs: hasWalk && pagemap !== walk,
        entry: label && text ? `${label} · ${text}` : label || text,
        why: status !== 'ok' && hasWalk ? FRAME_STATUS.meaning(status) : NOTE.meaning(note),
      };
    };
  }, [target]);
}

/** Scrolling over any number of rows: the scroll bar is a fraction, the wheel and keys move by rows. */
function useWindow(length: number) {
  const scroller = useRef<HTMLDivElement>(null);
  const [first, setFirst] = useState(0);
  const [height, setHeight] = useState(400);
  const visible = Math.max(1, Math.floor((height - ROW_HEIGHT) / ROW_HEIGHT)); // below the header
  const full = length * ROW_HEIGHT;
  const pixels = Math.min(full, MOST_PIXELS);
  const last = Math.max(0, length - visible);
  const scaled = full > MOST_PIXELS;
  // The list is positioned by row, so that the sub-row part of a pixel scroll is only kept where nothing is scaled.
  const toRow = (top: number) =>
    scaled ? Math.round((top / Math.max(1, pixels - visible * ROW_HEIGHT)) * last) : Math.floor(top / ROW_HEIGHT);
  const toTop = (row: number) =>
    scaled ? (row / Math.max(1, last)) * (pixels - visible * ROW_HEIGHT) : row * ROW_HEIGHT;
  useEffect(() => {
    if (!scroller.current) return;
    const observer = new ResizeObserver(([entry]) => setHeight(entry?.contentRect.height ?? 400));
    observer.observe(scroller.current);
    return () => observer.disconnect();
  }, []);
  // A scaled scroll bar has many rows a pixel: the scroll event of a move made here must not move it again.
  const ownTop = useRef(-1);
  const show = (row: number) => {
    const to = Math.max(0, Math.min(last, row));
    setFirst(to);
    if (!scroller.current) return;
    scroller.current.scrollTop = toTop(to);
    ownTop.current = scroller.current.scrollTop;
  };
  const onScroll = () => {
    const top = scroller.current?.scrollTop ?? 0;
    if (top === ownTop.current) return;
    ownTop.current = -1;
    setFirst(Math.max(0, Math.min(last, toRow(top))));
  };
  // The wheel moves by rows, also where the scroll bar is scaled. React listens to it passively.
  useEffect(() => {
    const element = scroller.current;
    if (!element || !scaled) return;
    const onWheel = (event: WheelEvent) => {
      if (event.deltaY === 0) return;
      event.preventDefault();
      show(first + (Math.round(event.deltaY / ROW_HEIGHT) || Math.sign(event.deltaY)));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  });
  return { scroller, first: Math.min(first, last), visible, pixels, show, onScroll };
}

export function PageTable() {
  const space = useSpace((s) => s.space);
  const regions = useSpace((s) => s.regions);
  const region = useSpace((s) => s.region);
  const only = useSpace((s) => s.only);
  const runs = useCheck((s) => s.check?.rows?.runs);
  const va = useSpace((s) => s.va);
  const view = useRowView();
  const hasKernel = useTarget((s) => s.target?.sources.some((x) => x.name === 'kernelWalk' && x.ready) ?? false);
  const [rows, setRows] = useState<Rows>();
  const [changed, setChanged] = useState<ReadonlySet<bigint>>(new Set());
  const [error, setError] = useState<{ message: string; remedy: string }>();

  const begin = regions?.begin[region];
  const end = regions?.end[region];
  const list: PageList = useMemo(() => {
    if (only && runs) return pagesOfVerdict(runs, VERDICT.code(only));
    return begin !== undefined && end !== undefined ? pagesOfRange(begin, end) : pagesOfRange(0n, 0n);
  }, [only, runs, begin, end]);
  const { scroller, first, visible, pixels, show, onScroll } = useWindow(list.length);
  const page = va === undefined ? undefined : pageOf(va);
  const selected = page === undefined ? -1 : list.find(page);

  // Fewer dependencies on purpose: only another list or another selection scrolls
  useEffect(() => {
    if (selected < 0) show(0);
    else if (selected < first || selected >= first + visible) show(selected - (visible >> 1));
  }, [list, selected]);

  const window_ = Math.min(visible + 2, list.length - first);
  useEffect(() => {
    if (!space || window_ <= 0) {
      setRows(undefined);
      return;
    }
    let live = true;
    let before: Rows | undefined;
    const read = async () => {
      if (document.hidden) return;
      try {
        const vas = BigUint64Array.from({ length: window_ }, (_, i) => list.va(first + i));
        const next = await explorer().call('rows', { pid: space.pid, startTicks: space.startTicks, vas });
        if (!live) return;
        const previous = before;
        setChanged(
          new Set(
            previous
              ? Array.from(next.va).filter(
                  (_, i) => next.pagemap[i] !== previous.pagemap[i] || next.pfn[i] !== previous.pfn[i],
                )
              : [],
          ),
        );
        before = next;
        setRows(next);
        setError(undefined);
      } catch (e) {
        if (live) setError(e as { message: string; remedy: string });
      }
    };
    void read();
    const timer = setInterval(read, REFRESH_MS);
    return () => {
      live = false;
      clearInterval(timer);
    };
  }, [space, list, first, window_]);

  function onKeyDown(event: KeyboardEvent) {
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: visible - 1,
      PageUp: 1 - visible,
      Home: -list.length,
      End: list.length,
    };
    const step = steps[event.key];
    if (step === undefined || list.length === 0) return;
    event.preventDefault();
    void selectVa(list.va(Math.max(0, Math.min(list.length - 1, (selected < 0 ? first : selected) + step))));
  }

  const columns = [
    'Virtual address',
    'Verdict',
    'pagemap',
    ...(hasKernel ? ['kernel walk'] : []),
    'table walk',
    'Entry',
  ];
  return (
    <div className="grid-frame">
      <div
        className={`grid pages ${hasKernel ? 'three' : ''}`}
        role="grid"
        aria-label="Pages"
        aria-rowcount={list.length + 1}
        aria-colcount={columns.length}
        ref={scroller}
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div className="grid-head" role="row" aria-rowindex={1}>
          {columns.map((c) => (
            <div key={c} role="columnheader">
              {c}
            </div>
          ))}
        </div>
        {error && <Empty title={error.message}>{error.remedy}</Empty>}
        {!error && list.length === 0 && (
          <Empty title={only ? `No page is “${only}” now` : 'No pages'}>
            {only ? 'Press Esc to see the region again.' : 'Choose a region above.'}
          </Empty>
        )}
        <div role="rowgroup" className="grid-rows" style={{ height: pixels }}>
          <div role="presentation" className="sticky">
            {!error &&
              rows &&
              view &&
              Array.from({ length: Math.max(0, window_) }, (_, i) => {
                const rowVa = list.va(first + i);
                // The window may have moved on since these rows were read.
                const at = rows.va[i] === rowVa ? i : rows.va.indexOf(rowVa);
                const r = at >= 0 ? view(rows, at) : undefined;
                return (
                  <div
                    key={rowVa}
                    role="row"
                    aria-rowindex={first + i + 2}
                    aria-selected={rowVa === page}
                    aria-busy={!r}
                    className={`grid-row ${changed.has(rowVa) ? 'changed' : ''}`}
                    style={{ height: ROW_HEIGHT }}
                    onClick={() => void selectVa(rowVa)}
                  >
                    <Cell>
                      <Digits text={hexVa(rowVa)} />
                    </Cell>
                    <Cell>{r && <VerdictChip verdict={VERDICTS[r.verdict] ?? 'notComparable'} />}</Cell>
                    <Cell>{r && <Value text={r.pagemap} other={r.walk} differs={r.differs} />}</Cell>
                    {hasKernel && (
                      <Cell>{r && <Value text={r.kernel} other={r.walk} differs={r.kernel !== r.walk} />}</Cell>
                    )}
                    <Cell>{r && <Value text={r.walk} other={r.pagemap} differs={r.differs} />}</Cell>
                    <Cell title={r?.why}>
                      <span className="dim">{r?.entry}</span>
                    </Cell>
                  </div>
                );
              })}
          </div>
        </div>
      </div>
      <div className="grid-foot dim">
        {list.length > 0 &&
          `${count(first + 1)}–${count(Math.min(list.length, first + visible))} of ${count(list.length)} pages`}
        {only && ' · Esc shows the region again'}
      </div>
    </div>
  );
}

function Cell({ children, title }: { children?: React.ReactNode; title?: string }) {
  return (
    <div role="gridcell" title={title || undefined}>
      {children}
    </div>
  );
}

/** A source's word, with the digits that differ from the other's lit. */
function Value({ text, other, differs }: { text: string; other: string; differs: boolean }) {
  if (!differs || text.length !== other.length || !/^[0-9a-f]+$/.test(text))
    return /^[0-9a-f]+$/.test(text) ? <Digits text={text} /> : <span className="num dim">{text}</span>;
  return (
    <span className="num">
      {Array.from(text, (c, i) => (
        <span key={i} className={c === other[i] ? '' : 'lit'}>
          {c}
        </span>
      ))}
    </span>
  );
}
