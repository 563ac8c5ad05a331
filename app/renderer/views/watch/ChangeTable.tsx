// SPDX-License-Identifier: GPL-2.0-only
// The changes of the watched pages with their causes, the latest first.
import { useMemo } from 'react';
import { hex } from '../../../contract/format.ts';
import { sayState } from '../../../contract/watch.ts';
import { type ColumnSpec, pidColumn, textColumn, timeColumn, vaColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import type { Change, Watched } from '../../state/watch.ts';
import { isSeveral, visitChange } from './watched.ts';

const columns = (startNs: bigint, several: boolean): readonly ColumnSpec<Change>[] => [
  timeColumn(startNs, 2, (c) => c.to.ns),
  ...(several ? [pidColumn((c: Change) => c.space.pid)] : []),
  vaColumn('Page', '14ch', (c) => c.to.va),
  textColumn('cause', 'Cause', 'minmax(24ch, 1.4fr)', (c) => c.cause.text),
  {
    id: 'now',
    header: 'Now',
    width: 'minmax(20ch, 1fr)',
    value: (c) => c.to.pfn,
    cell: (c) => <span title={`${hex(c.from.raw, 16)} → ${hex(c.to.raw, 16)}`}>{sayState(c.to)}</span>,
  },
];

export function ChangeTable({ watched, running }: { watched: Watched; running: boolean }) {
  const { startNs, changes } = watched;
  const several = isSeveral(watched);
  const specs = useMemo(() => columns(startNs, several), [startNs, several]);
  const rows = useMemo(() => [...changes].reverse(), [changes]);
  return (
    <DataTable
      label="Changes"
      minWidth={620}
      columns={specs}
      rows={rows}
      rowKey={(c) => String(c.id)}
      onSelect={(c) => void visitChange(c)}
      empty={<Empty title={running ? 'Nothing has changed yet' : 'Nothing changed'} />}
    />
  );
}
