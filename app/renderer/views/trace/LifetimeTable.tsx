// SPDX-License-Identifier: GPL-2.0-only
// The address spaces of every traced process over time: a bar for each root that it had.
import { useMemo } from 'react';
import type { Traced } from '../../../contract/api.ts';
import { hex, seconds } from '../../../contract/format.ts';
import { type Lifetime, lifetimesOf, type RootInterval } from '../../../contract/lifetimes.ts';
import { pfnOf } from '../../../contract/paging.ts';
import { sayTraced } from '../../../contract/trace.ts';
import { type ColumnSpec, numberColumn, paColumn, pidColumn, textColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { tracedActions } from '../../state/actions.ts';
import type { Trace } from '../../state/trace.ts';
import { menuOf } from '../common/menu.tsx';

/** Of seconds, as in the list of events. */
const DIGITS = 4;

/** Each root has one colour, also where processes share it. */
const colourOfRoot = (root: bigint) =>
  root ? `hsl(${Number(pfnOf(root) % 4099n) * 47} 55% var(--root-light))` : 'var(--raised)';

function rootTitle({ pid }: Lifetime, { root, event, from }: RootInterval, startNs: bigint): string {
  const since = from === undefined ? 'since before' : `from ${seconds(from - startNs, DIGITS)}`;
  return root ? `root 0x${hex(root)} ${since}${event ? `: ${sayTraced(event)}` : ''}` : `${pid}: root not known`;
}

const endText = ({ code }: Lifetime) =>
  code === undefined ? 'running' : code < 0 ? `signal ${-code}` : `exit ${code}`;

const lifetimeColumns = (
  startNs: bigint,
  endNs: bigint,
  select: (event: Traced | undefined) => void,
): readonly ColumnSpec<Lifetime>[] => [
  pidColumn((l) => l.pid),
  numberColumn('parent', 'Parent', '8ch', (l) => l.parent, '—'),
  textColumn(
    'name',
    'Runs',
    '12ch',
    (l) => l.name,
    (l) => l.name.split('/').at(-1) ?? '',
  ),
  {
    id: 'roots',
    header: `Root PA over ${seconds(endNs - startNs, DIGITS)}`,
    width: 'minmax(14ch, 1fr)',
    value: (l) => l.roots[0]?.from ?? 0n,
    text: (l) => l.roots.map(({ root }) => (root ? hex(root, 9) : 'not known')).join(', then '),
    cell: (l) => (
      <span className="root-intervals">
        {l.roots.map((interval, i) => {
          const share = (ns: bigint) => (Number(ns - startNs) / Math.max(1, Number(endNs - startNs))) * 100;
          const from = share(interval.from ?? startNs);
          const to = share(interval.to ?? endNs);
          return (
            <i
              key={`${interval.root}-${i}`}
              title={rootTitle(l, interval, startNs)}
              onClick={() => select(interval.event)}
              style={{ left: `${from}%`, width: `max(2px, ${to - from}%)`, background: colourOfRoot(interval.root) }}
            />
          );
        })}
      </span>
    ),
  },
  paColumn('root', 'Last root', '12ch', (l) => l.roots.at(-1)?.root ?? 0n),
  {
    id: 'end',
    header: 'Exit',
    width: '9ch',
    value: (l) => l.code ?? 1e6,
    text: endText,
    cell: (l) => <span className="dim">{endText(l)}</span>,
  },
];

/** The address spaces of every process over time. */
export function LifetimeTable({ trace, select }: { trace: Trace; select: (event: Traced | undefined) => void }) {
  const lifetimes = useMemo(() => {
    const list = lifetimesOf(trace.events);
    return trace.machine ? list.reverse() : list;
  }, [trace.events, trace.machine]);
  const startNs = trace.events[0]?.ns ?? 0n;
  const endNs = trace.events.at(-1)?.ns ?? 0n;
  const specs = useMemo(() => lifetimeColumns(startNs, endNs, select), [startNs, endNs, select]);
  return (
    <DataTable
      label="Address spaces"
      columns={specs}
      rows={lifetimes}
      rowKey={(l) => `${l.pid} ${l.roots[0]?.from ?? 0n}`}
      itemsOf={(l) => menuOf(tracedActions(l.pid, l.roots.at(-1)?.root ?? 0n))}
      onSelect={(l) => select(l.roots.at(-1)?.event)}
      empty={<Empty title="No process yet" />}
    />
  );
}
