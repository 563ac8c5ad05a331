// SPDX-License-Identifier: GPL-2.0-only
// What was traced, event by event.
import { useMemo } from 'react';
import { sayTraced } from '../../../contract/trace.ts';
import { type ColumnSpec, paColumn, pidColumn, textColumn, timeColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { tracedActions } from '../../state/actions.ts';
import type { Trace, TracedEvent } from '../../state/trace.ts';
import { menuOf } from '../common/menu.tsx';

const columns = (startNs: bigint): readonly ColumnSpec<TracedEvent>[] => [
  timeColumn(startNs, 4, (e) => e.ns),
  pidColumn((e) => e.pid),
  {
    id: 'kind',
    header: 'Event',
    width: '8ch',
    value: (e) => e.kind,
    text: (e) => e.kind,
    cell: (e) => <span className={`strong e-${e.kind}`}>{e.kind}</span>,
  },
  paColumn('after', 'Root PA', '12ch', (e) => e.after),
  textColumn('what', 'What happened', 'minmax(30ch, 1fr)', sayTraced),
];

/** In a trace of the whole machine the latest event comes first. */
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
      columns={specs}
      rows={events}
      rowKey={(e) => String(e.id)}
      itemsOf={(e) => menuOf(tracedActions(e.pid, e.after))}
      {...(chosen !== undefined && { selected: String(chosen) })}
      onSelect={(e) => onChoose(e.id)}
      empty={<Empty title="No event yet" />}
    />
  );
}
