// SPDX-License-Identifier: GPL-2.0-only
// CR3 through exec and fork: a program is launched, or a process attached to, and what becomes of its roots is told.
import { useCallback, useMemo, useState } from 'react';
import type { Traced } from '../../../contract/api.ts';
import { count, hex } from '../../../contract/format.ts';
import { type Life, livesOf, type Reign } from '../../../contract/lives.ts';
import { pfnOf, userRootOf } from '../../../contract/paging.ts';
import { filterOf, sayTraced } from '../../../contract/trace.ts';
import { MOST_KEPT } from '../../lib/history.ts';
import { splitWords } from '../../lib/words.ts';
import { type ColumnSpec, DataTable } from '../../parts/DataTable.tsx';
import { Digits } from '../../parts/Digits.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { copyText } from '../../state/clipboard.ts';
import { useKept } from '../../state/kept.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { startTrace, stopTrace, type Trace, type TracedEvent, useTrace } from '../../state/trace.ts';
import { RecordButton } from '../common/RecordButton.tsx';
import '../../parts/banner.css';
import '../../parts/bar.css';
import './trace.css';

const columns = (startNs: bigint): readonly ColumnSpec<TracedEvent>[] => [
  {
    id: 'time',
    header: 'Time',
    width: '11ch',
    align: 'right',
    value: (e) => e.ns,
    cell: (e) => <span className="num">{(Number(e.ns - startNs) / 1e9).toFixed(4)} s</span>,
  },
  {
    id: 'pid',
    header: 'PID',
    width: '8ch',
    align: 'right',
    value: (e) => e.pid,
    cell: (e) => <span className="num">{e.pid}</span>,
  },
  {
    id: 'kind',
    header: 'Event',
    width: '8ch',
    value: (e) => e.kind,
    cell: (e) => <span className={`strong e-${e.kind}`}>{e.kind}</span>,
  },
  {
    id: 'after',
    header: 'Root PA',
    width: '12ch',
    value: (e) => e.after,
    cell: (e) => (e.after ? <Digits text={hex(e.after, 9)} /> : <span className="dim">—</span>),
  },
  {
    id: 'what',
    header: 'What happened',
    width: 'minmax(30ch, 1fr)',
    value: sayTraced,
    cell: (e) => <span title={sayTraced(e)}>{sayTraced(e)}</span>,
  },
];

/** A colour that a root keeps: who shares it has the same. */
const colourOfRoot = (root: bigint) =>
  root ? `hsl(${Number(pfnOf(root) % 4099n) * 47} 55% var(--root-light))` : 'var(--raised)';

const sayReign = (life: Life, { root, event }: Reign) =>
  root ? `root 0x${hex(root)}${event ? `: ${sayTraced(event)}` : ', since before'}` : `${life.pid}: root not known`;

const lifeColumns = (
  startNs: bigint,
  endNs: bigint,
  select: (event: Traced | undefined) => void,
): readonly ColumnSpec<Life>[] => [
  {
    id: 'pid',
    header: 'PID',
    width: '8ch',
    align: 'right',
    value: (l) => l.pid,
    cell: (l) => <span className="num">{l.pid}</span>,
  },
  {
    id: 'parent',
    header: 'Parent',
    width: '8ch',
    align: 'right',
    value: (l) => l.parent,
    cell: (l) => <span className="num dim">{l.parent || '—'}</span>,
  },
  {
    id: 'name',
    header: 'Runs',
    width: '12ch',
    value: (l) => l.name,
    cell: (l) => <span title={l.name}>{l.name.split('/').at(-1)}</span>,
  },
  {
    id: 'roots',
    header: 'Root PA over time',
    width: 'minmax(14ch, 1fr)',
    value: (l) => l.reigns[0]?.from ?? 0n,
    cell: (l) => (
      <span className="reigns">
        {l.reigns.map((reign, i) => {
          const share = (ns: bigint) => (Number(ns - startNs) / Math.max(1, Number(endNs - startNs))) * 100;
          const from = share(reign.from ?? startNs);
          const to = share(reign.to ?? endNs);
          return (
            <i
              key={`${reign.root}-${i}`}
              title={sayReign(l, reign)}
              onClick={() => select(reign.event)}
              style={{ left: `${from}%`, width: `max(2px, ${to - from}%)`, background: colourOfRoot(reign.root) }}
            />
          );
        })}
      </span>
    ),
  },
  {
    id: 'root',
    header: 'Last root',
    width: '12ch',
    value: (l) => l.reigns.at(-1)?.root ?? 0n,
    cell: (l) => {
      const root = l.reigns.at(-1)?.root;
      return root ? <Digits text={hex(root, 9)} /> : <span className="dim">—</span>;
    },
  },
  {
    id: 'end',
    header: 'Exit',
    width: '9ch',
    value: (l) => l.code ?? 1e6,
    cell: (l) => (
      <span className="dim">
        {l.code === undefined ? 'lives' : l.code < 0 ? `signal ${-l.code}` : `exit ${l.code}`}
      </span>
    ),
  },
];

/** The address spaces of every process over time. */
function Lives({ trace, select }: { trace: Trace; select: (event: Traced | undefined) => void }) {
  const lives = useMemo(() => {
    const list = livesOf(trace.events);
    return trace.machine ? list.reverse() : list;
  }, [trace.events, trace.machine]);
  const startNs = trace.events[0]?.ns ?? 0n;
  const endNs = trace.events.at(-1)?.ns ?? 0n;
  const specs = useMemo(() => lifeColumns(startNs, endNs, select), [startNs, endNs, select]);
  return (
    <DataTable
      label="Address spaces"
      minWidth={470}
      columns={specs}
      rows={lives}
      rowKey={(l) => `${l.pid} ${l.reigns[0]?.from ?? 0n}`}
      onSelect={(l) => select(l.reigns.at(-1)?.event)}
      empty={<Empty title="No process yet" />}
    />
  );
}

function Selected({ event }: { event: TracedEvent }) {
  const pti = useTarget((s) => s.target?.pti ?? false);
  const filter = filterOf(event);
  return (
    <div className="table-bar">
      <span className="ellipsis">{sayTraced(event)}</span>
      <span className="spacer" />
      {filter && pti && <span className="num dim">user root 0x{hex(userRootOf(event.after))}</span>}
      {filter &&
        (['hex', 'decimal'] as const).map((form) => (
          <button
            key={form}
            type="button"
            title={`As a hardware tracer’s CR3 filter wants it (IA32_RTIT_CR3_MATCH): ${filter[form]}`}
            onClick={() => copyText(filter[form])}
          >
            Copy root, {form}
          </button>
        ))}
    </div>
  );
}

export function TracePane() {
  const space = useSpace((s) => s.space);
  const captured = useTarget((s) => s.target?.capture !== null);
  const trace = useTrace((s) => s.trace);
  const error = useTrace((s) => s.error);
  const [line, setLine] = useKept('trace.line', '');
  const [directory, setDirectory] = useKept('trace.directory', '');
  const [user, setUser] = useKept('trace.user', '');
  const [environment, setEnvironment] = useKept('trace.environment', '');
  const [follow, setFollow] = useKept('trace.follow', true);
  const [chosen, setChosen] = useState<number>();
  const running = trace !== undefined && !trace.ended;
  const words = splitWords(line);
  const variables = splitWords(environment);
  const wrong =
    typeof words === 'string'
      ? words
      : typeof variables === 'string'
        ? variables
        : variables.some((v) => !/^[^=]+=/.test(v))
          ? 'variables are NAME=value'
          : '';
  const startNs = trace?.events[0]?.ns ?? 0n;
  const specs = useMemo(() => columns(startNs), [startNs]);
  const [asEvents, setAsEvents] = useKept('trace.asEvents', false);
  const event = trace?.events.find((e) => e.id === chosen);
  const events = useMemo(() => (trace?.machine ? [...trace.events].reverse() : (trace?.events ?? [])), [trace]);
  const select = useCallback((e: Traced | undefined) => setChosen((e as TracedEvent | undefined)?.id), []);
  const run = (arguments_: string[], pid: number) =>
    void startTrace({
      arguments: arguments_,
      pid,
      directory,
      user,
      environment: typeof variables === 'string' ? [] : variables,
      follow,
    });
  return (
    <Pane label="Trace">
      <PaneTitle title="Trace exec and fork">
        <span className="dim ellipsis">
          {trace &&
            `${count(trace.seen)} events${trace.seen > MOST_KEPT ? `, the last ${count(MOST_KEPT)} kept` : ''}${trace.ended && 'cancelled' in trace.ended ? (trace.ended.cancelled ? ' · let go, all runs on' : ' · all have ended, or were let go') : ''}`}
        </span>
        <span className="spacer" />
        {trace && (
          <span role="group" aria-label="Show" className="toggle">
            <button type="button" aria-pressed={!asEvents} onClick={() => setAsEvents(false)}>
              Address spaces
            </button>
            <button type="button" aria-pressed={asEvents} onClick={() => setAsEvents(true)}>
              Events
            </button>
          </span>
        )}
        <RecordButton />
        {captured && (
          <button type="button" disabled={running} onClick={() => run([], 0)}>
            Recorded trace
          </button>
        )}
      </PaneTitle>
      <form
        className="find-bar wrap"
        hidden={captured}
        onSubmit={(e) => {
          e.preventDefault();
          if (running) stopTrace();
          else if (!wrong && typeof words !== 'string' && words.length) run(words, 0);
        }}
      >
        <input
          className="num command"
          aria-label="Program and arguments"
          placeholder="program and arguments, like: sh -c 'ls | wc'"
          value={line}
          spellCheck={false}
          onChange={(e) => setLine(e.target.value)}
        />
        <button type="submit" disabled={!running && (wrong !== '' || words.length === 0)}>
          {running ? 'Stop' : 'Launch'}
        </button>
        <button
          type="button"
          disabled={running}
          title="Each exec, fork and exit of every process, by the scheduler’s tracepoints (bpf): nobody is stopped"
          onClick={() => run([], 0)}
        >
          Whole machine
        </button>
        {space && (
          <button type="button" disabled={running} onClick={() => run([], space.pid)}>
            Attach to {space.pid} {space.name}
          </button>
        )}
        <label>
          <input type="checkbox" checked={follow} onChange={() => setFollow(!follow)} /> follow all it starts
        </label>
        <details>
          <summary>directory, user, variables</summary>
          <div className="more">
            <input
              aria-label="Directory"
              placeholder="directory"
              value={directory}
              onChange={(e) => setDirectory(e.target.value)}
            />
            <input aria-label="User" placeholder="user" value={user} onChange={(e) => setUser(e.target.value)} />
            <input
              aria-label="Variables"
              placeholder="NAME=value …"
              value={environment}
              onChange={(e) => setEnvironment(e.target.value)}
            />
          </div>
        </details>
        <span className={wrong ? 'bad' : 'dim'} role="status">
          {wrong}
        </span>
      </form>
      {error && <Empty title={error.message}>{error.remedy}</Empty>}
      {trace?.ended && 'error' in trace.ended && (
        <p className="banner" role="alert">
          {trace.ended.error.message}. {trace.ended.error.remedy}
        </p>
      )}
      {!trace && !error && captured && (
        <Empty title="Nothing is shown yet">Recorded trace shows what the capture has of exec, fork and exit.</Empty>
      )}
      {!trace && !error && !captured && (
        <Empty title="Nothing is traced">
          Launch a program to see its root before and after exec, and those of all that it forks. It gets no terminal
          here; <code>cr3scope trace</code> gives it yours. Or attach to a running process, or listen to the whole
          machine.
        </Empty>
      )}
      {event && <Selected event={event} />}
      {trace && !asEvents && <Lives trace={trace} select={select} />}
      {trace && asEvents && (
        <DataTable
          label="Events"
          minWidth={620}
          columns={specs}
          rows={events}
          rowKey={(e) => String(e.id)}
          {...(chosen !== undefined && { selected: String(chosen) })}
          onSelect={(e) => setChosen(e.id)}
          empty={<Empty title="No event yet" />}
        />
      )}
    </Pane>
  );
}
