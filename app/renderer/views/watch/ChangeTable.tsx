// SPDX-License-Identifier: GPL-2.0-only
// The changes that were seen, with their likely causes; the latest first.
import { useMemo } from 'react';
import { hex, hexVa } from '../../../contract/format.ts';
import { causeOf, sayState } from '../../../contract/watch.ts';
import { type ColumnSpec, DataTable } from '../../parts/DataTable.tsx';
import { Digits } from '../../parts/Digits.tsx';
import { Empty } from '../../parts/Empty.tsx';
import type { Change, Watched } from '../../state/watch.ts';
import { isSeveral, visitChange } from './watched.ts';

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
