// SPDX-License-Identifier: GPL-2.0-only
// What was traced, event by event.
import { useMemo } from 'react';
import { hex } from '../../../contract/format.ts';
import { sayTraced } from '../../../contract/trace.ts';
import { type ColumnSpec, DataTable } from '../../parts/DataTable.tsx';
import { Digits } from '../../parts/Digits.tsx';
import { Empty } from '../../parts/Empty.tsx';
import type { Trace, TracedEvent } from '../../state/trace.ts';

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

/** The latest first where a whole machine is traced: what came last is looked for. */
export function EventTable({
  trace,
  chosen,
  onChoose,
}: {
  trace: Trace;
  chosen: number | undefined;
  onChoose(id: number): void;
}) {
  const startNs = trace.events[0]?.ns ?? 0n;
  const specs = useMemo(() => columns(startNs), [startNs]);
  const events = useMemo(() => (trace.machine ? [...trace.events].reverse() : trace.events), [trace]);
  return (
    <DataTable
      label="Events"
      minWidth={620}
      columns={specs}
      rows={events}
      rowKey={(e) => String(e.id)}
      {...(chosen !== undefined && { selected: String(chosen) })}
      onSelect={(e) => onChoose(e.id)}
      empty={<Empty title="No event yet" />}
    />
  );
}
