// SPDX-License-Identifier: GPL-2.0-only
// Pages over time: what each was, and why it changed.
import { useEffect, useMemo, useState } from 'react';
import type { Target } from '../../../contract/api.ts';
import { count, hex, hexVa, parseU64 } from '../../../contract/format.ts';
import { mapsFrame, pageBytes, pageOf, pagesBetween } from '../../../contract/paging.ts';
import { causeOf, type PageState, sayState } from '../../../contract/watch.ts';
import { MOST_KEPT } from '../../lib/history.ts';
import { type ColumnSpec, DataTable } from '../../parts/DataTable.tsx';
import { Digits } from '../../parts/Digits.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { useKept } from '../../state/kept.ts';
import { goTo, selectVa } from '../../state/navigate.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import {
  type Change,
  sampleWatch,
  startWatch,
  stopWatch,
  useWatch,
  type Watched,
  type WatchedPlace,
} from '../../state/watch.ts';
import { RecordButton } from '../common/RecordButton.tsx';
import '../../parts/bar.css';
import '../../parts/legend.css';
import './watch.css';

/** ms; 0: when asked for. */
const INTERVALS = [50, 100, 500, 1000, 10_000, 0];
/** Pages that get a strip: those that changed last. */
const MOST_STRIPS = 12;

/** A colour for what a page is. */
function colourOf(p: PageState): string {
  if (p.note === 'zeroPage' || p.note === 'hugeZeroPage') return 'var(--r-zeroPage)';
  if (p.kind === 'protNone') return 'var(--v-agreeByRule)';
  if (mapsFrame(p.kind)) return p.raw & 2n ? 'var(--v-agree)' : 'var(--v-changedBetween)';
  if (p.kind === 'swap') return 'var(--v-swapped)';
  return p.kind === 'none' || p.kind === 'table' ? 'var(--raised)' : 'var(--v-notComparable)';
}

const LEGEND: readonly [string, string][] = [
  ['var(--raised)', 'nothing mapped'],
  ['var(--r-zeroPage)', 'zero page'],
  ['var(--v-agree)', 'writable frame'],
  ['var(--v-changedBetween)', 'read-only frame'],
  ['var(--v-agreeByRule)', 'PROT_NONE'],
  ['var(--v-swapped)', 'on swap'],
];

function Strips({ watched }: { watched: Watched }) {
  const strips = useMemo(() => {
    const of = new Map<string, Change[]>();
    for (let i = watched.changes.length - 1; i >= 0; i--) {
      const change = watched.changes[i] as Change;
      const key = `${String(change.space.pid).padStart(10)} ${hexVa(change.to.va)}`;
      const list = of.get(key);
      if (list) list.unshift(change);
      else if (of.size < MOST_STRIPS) of.set(key, [change]);
    }
    return [...of].sort(([a], [b]) => (a < b ? -1 : 1));
  }, [watched.changes]);
  const several = isSeveral(watched);
  const whole = Number(watched.ns - watched.startNs) || 1;
  const share = (from: bigint, to: bigint) => Math.max(0, Number(to - from) / whole);
  return (
    <div className="strips">
      {strips.map(([key, changes]) => {
        const first = changes[0] as Change;
        const parts = [
          { state: first.from, from: watched.startNs, to: first.to.ns },
          ...changes.map((c, i) => ({ state: c.to, from: c.to.ns, to: changes[i + 1]?.to.ns ?? watched.ns })),
        ];
        return (
          <div key={key} className={several ? 'strip several' : 'strip'}>
            <button type="button" className="link num" onClick={() => void visit(first)}>
              {several && `${first.space.pid} `}
              {hexVa(first.to.va)}
            </button>
            <span className="strip-bar">
              {parts.map((part) => (
                <i
                  key={String(part.from)}
                  style={{ flexGrow: share(part.from, part.to), background: colourOf(part.state) }}
                  title={sayState(part.state)}
                />
              ))}
            </span>
          </div>
        );
      })}
      <div className="legend">
        {LEGEND.map(([colour, text]) => (
          <span key={text} className="legend-item">
            <i aria-hidden="true" style={{ background: colour }} />
            {text}
          </span>
        ))}
      </div>
    </div>
  );
}

const isSeveral = (watched: Watched) => new Set(watched.places.map((p) => p.space.pid)).size > 1;

/** Shows the page of a change in its process. */
const visit = ({ space, to }: Change) =>
  useSpace.getState().space?.pid === space.pid ? selectVa(to.va) : goTo(space, to.va);

const sayPlace = ({ space, begin, end }: WatchedPlace) =>
  `${space.pid} ${space.name} ${hexVa(begin)} + ${count(pagesBetween(begin, end))}`;

const columns = (startNs: bigint, several: boolean): readonly ColumnSpec<Change>[] => [
  {
    id: 'time',
    header: 'Time',
    width: '10ch',
    align: 'right',
    value: (c) => c.to.ns,
    cell: (c) => <span className="num">{(Number(c.to.ns - startNs) / 1e9).toFixed(2)} s</span>,
  },
  ...(several
    ? [
        {
          id: 'pid',
          header: 'PID',
          width: '8ch',
          align: 'right' as const,
          value: (c: Change) => c.space.pid,
          cell: (c: Change) => <span className="num">{c.space.pid}</span>,
        },
      ]
    : []),
  { id: 'va', header: 'Page', width: '14ch', value: (c) => c.to.va, cell: (c) => <Digits text={hexVa(c.to.va)} /> },
  {
    id: 'cause',
    header: 'Likely cause',
    width: 'minmax(24ch, 1.4fr)',
    value: (c) => causeOf(c.from, c.to),
    cell: (c) => <span title={causeOf(c.from, c.to)}>{causeOf(c.from, c.to)}</span>,
  },
  {
    id: 'now',
    header: 'Now',
    width: 'minmax(20ch, 1fr)',
    value: (c) => c.to.pfn,
    cell: (c) => <span title={`${hex(c.from.raw, 16)} → ${hex(c.to.raw, 16)}`}>{sayState(c.to)}</span>,
  },
];

/** In a capture: what was watched, to be shown again. */
function Recorded({ places }: { places: NonNullable<Target['capture']>['watched'] }) {
  if (places.length === 0)
    return (
      <Empty title="Nothing was watched in this capture">
        Record it on a machine: <code>cr3scope watch PID RANGE -o file.cr3scope</code>.
      </Empty>
    );
  return (
    <div className="find-bar wrap">
      {places.map(({ pid, startTicks, name, begin, end }) => (
        <button
          key={`${pid} ${begin} ${end}`}
          type="button"
          onClick={() => void startWatch({ pid, startTicks, name }, begin, end, INTERVALS[0] as number)}
        >
          {pid} {name} {hexVa(begin)} + {count(pagesBetween(begin, end))}
        </button>
      ))}
    </div>
  );
}

export function WatchPane() {
  const recorded = useTarget((s) => s.target?.capture?.watched);
  const space = useSpace((s) => s.space);
  const va = useSpace((s) => s.va);
  const region = useSpace((s) => s.region);
  const regions = useSpace((s) => s.regions);
  const watched = useWatch((s) => s.watched);
  const error = useWatch((s) => s.error);
  const [from, setFrom] = useState('');
  const [pages, setPages] = useKept('watch.pages', '16');
  const [interval, setIntervalMs] = useKept('watch.interval', 100);
  const page = va === undefined ? regions?.begin[region] : pageOf(va);
  useEffect(() => {
    if (page !== undefined) setFrom(hexVa(page));
  }, [page]);
  const begin = parseU64(from, true);
  const number = /^\d{1,5}$/.test(pages) ? BigInt(pages) : 0n;
  const wrong =
    begin === undefined ? `“${from}” is no address` : number < 1n || number > 65536n ? 'give 1 to 65536 pages' : '';
  const running = watched?.places.some((p) => !p.ended) ?? false;
  const several = watched !== undefined && isSeveral(watched);
  const samples = watched?.places.reduce((n, p) => n + p.samples, 0n) ?? 0n;
  const rows = useMemo(() => [...(watched?.changes ?? [])].reverse(), [watched?.changes]);
  const startNs = watched?.startNs ?? 0n;
  const specs = useMemo(() => columns(startNs, several), [startNs, several]);
  const start = (also: boolean) => {
    if (space && begin !== undefined && !wrong)
      void startWatch(space, pageOf(begin), pageOf(begin) + pageBytes(number), interval, also);
  };
  if (!space && !recorded)
    return (
      <Pane label="Watch">
        <Empty title="No process is chosen">Choose one on the left, or paste a PID into the box above.</Empty>
      </Pane>
    );
  return (
    <Pane label="Watch">
      <PaneTitle title="Watch pages">
        <span className="dim ellipsis">
          {watched &&
            `${count(samples)} samples · ${count(watched.seen)} changes${watched.seen > MOST_KEPT ? `, the last ${count(MOST_KEPT)} kept` : ''}`}
        </span>
        <span className="spacer" />
        <RecordButton />
      </PaneTitle>
      {recorded && <Recorded places={recorded} />}
      <form
        className="find-bar wrap"
        hidden={recorded !== undefined}
        onSubmit={(event) => {
          event.preventDefault();
          if (running) stopWatch();
          else start(false);
        }}
      >
        <label>
          from <input className="num" aria-label="First page" value={from} onChange={(e) => setFrom(e.target.value)} />
        </label>
        <label>
          <input
            className="num pages"
            aria-label="Number of pages"
            value={pages}
            onChange={(e) => setPages(e.target.value)}
          />{' '}
          pages
        </label>
        <label>
          sampled{' '}
          <select value={interval} disabled={running} onChange={(e) => setIntervalMs(Number(e.target.value))}>
            {INTERVALS.map((ms) => (
              <option key={ms} value={ms}>
                {ms ? `each ${ms / 1000} s` : 'when I ask'}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={!running && wrong !== ''}>
          {running ? 'Stop' : 'Watch'}
        </button>
        {running && (
          <button type="button" disabled={wrong !== ''} onClick={() => start(true)}>
            Watch this, too
          </button>
        )}
        {running && watched?.intervalMs === 0 && (
          <button type="button" onClick={sampleWatch}>
            Sample now
          </button>
        )}
        <span className={wrong ? 'bad' : 'dim'} role="status">
          {wrong}
        </span>
      </form>
      {error && <Empty title={error.message}>{error.remedy}</Empty>}
      {watched && (
        <ul className="places" aria-label="Watched pages">
          {watched.places.map((place) => (
            <li key={place.id} className={place.ended ? 'dim' : ''}>
              <span className="num">{sayPlace(place)}</span>
              {place.ended &&
                ('error' in place.ended
                  ? ` · ${place.ended.error.message}. ${place.ended.error.remedy}`
                  : place.ended.gone
                    ? ' · The process exited or executed another program: its pages are gone'
                    : ' · stopped')}
            </li>
          ))}
        </ul>
      )}
      {!watched && !error && !recorded && (
        <Empty title="Nothing is watched">
          Choose a page of the process and press Watch: each change is shown with its likely cause.
        </Empty>
      )}
      {watched && (
        <>
          <Strips watched={watched} />
          <DataTable
            label="Changes"
            minWidth={620}
            columns={specs}
            rows={rows}
            rowKey={(c) => String(c.id)}
            onSelect={(c) => void visit(c)}
            empty={<Empty title={running ? 'Nothing has changed yet' : 'Nothing changed'} />}
          />
        </>
      )}
    </Pane>
  );
}
