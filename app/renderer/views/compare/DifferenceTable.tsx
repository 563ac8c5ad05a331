// SPDX-License-Identifier: GPL-2.0-only
// The differences, one per row. Choosing one opens its place.
import { useMemo, useState } from 'react';
import { type Difference, sayChange, sayWhere } from '../../../contract/changes.ts';
import { ChosenRow } from '../../parts/ChosenRow.tsx';
import { type ColumnSpec, textColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { addressActions, processActions } from '../../state/actions.ts';
import { goTo, selectProcess } from '../../state/navigate.ts';
import { spaceOfPid, useProcesses } from '../../state/processes.ts';
import { menuOf } from '../common/menu.tsx';
import './compare.css';

type Row = { readonly id: number; readonly difference: Difference };

const KIND: Readonly<Record<Difference['type'], string>> = {
  boot: 'boot',
  processGone: 'gone',
  processCome: 'came',
  notCaptured: 'unknown',
  exec: 'exec',
  regionGone: 'region',
  regionCome: 'region',
  regionChanged: 'region',
  pages: 'pages',
};

const columns = (nameOf: (pid: number) => string): readonly ColumnSpec<Row>[] => [
  {
    id: 'pid',
    header: 'PID',
    width: '8ch',
    align: 'right',
    value: ({ difference: d }) => ('pid' in d ? d.pid : 0),
    text: ({ difference: d }) => ('pid' in d ? String(d.pid) : ''),
    cell: ({ difference: d }) => (
      <span className="num" title={'pid' in d ? nameOf(d.pid) : ''}>
        {'pid' in d ? d.pid : ''}
      </span>
    ),
  },
  {
    id: 'kind',
    header: 'Kind',
    width: '9ch',
    value: ({ difference: d }) => KIND[d.type],
    text: ({ difference: d }) => KIND[d.type],
    cell: ({ difference: d }) => <span className={`strong c-${KIND[d.type]}`}>{KIND[d.type]}</span>,
  },
  {
    id: 'where',
    header: 'Where',
    width: 'minmax(13ch, 0.5fr)',
    value: ({ difference: d }) => sayWhere(d),
    text: ({ difference: d }) => sayWhere(d),
    cell: ({ difference: d }) => (
      <span className={'name' in d ? '' : 'num'} title={sayWhere(d)}>
        {sayWhere(d)}
      </span>
    ),
  },
  textColumn('what', 'What changed', 'minmax(26ch, 1.6fr)', ({ difference: d }) => sayChange(d)),
];

export function DifferenceTable({ differences }: { differences: readonly Difference[] }) {
  const processes = useProcesses((s) => s.processes);
  const [selected, setSelected] = useState<number>();
  const rows = useMemo(() => differences.map((difference, id) => ({ id, difference })), [differences]);
  const specs = useMemo(() => columns((pid) => spaceOfPid(processes, pid)?.name ?? ''), [processes]);
  const visit = ({ id, difference: d }: Row) => {
    setSelected(id);
    const space = 'pid' in d ? spaceOfPid(processes, d.pid) : undefined;
    if (!space) return;
    if (d.type === 'pages') void goTo(space, d.va);
    else if ('begin' in d) void goTo(space, d.begin);
    else void selectProcess(space);
  };
  const chosen = selected === undefined ? undefined : differences[selected];
  return (
    <ChosenRow text={chosen && `${sayWhere(chosen)}: ${sayChange(chosen)}`}>
      <DataTable
        label="Differences"
        columns={specs}
        rows={rows}
        rowKey={(r) => String(r.id)}
        itemsOf={({ difference: d }) => {
          const space = 'pid' in d ? spaceOfPid(processes, d.pid) : undefined;
          if (!space) return [];
          const va = d.type === 'pages' ? d.va : 'begin' in d ? d.begin : undefined;
          return menuOf(va === undefined ? processActions(space) : addressActions(space, va));
        }}
        {...(selected !== undefined && { selected: String(selected) })}
        onSelect={visit}
        empty={<Empty title="Nothing changed" />}
      />
    </ChosenRow>
  );
}
