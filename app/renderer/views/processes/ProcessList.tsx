// SPDX-License-Identifier: GPL-2.0-only
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Processes } from '../../../contract/api.ts';
import { bytes, count, hex } from '../../../contract/format.ts';
import { type ColumnSpec, DataTable } from '../../parts/DataTable.tsx';
import { Digits } from '../../parts/Digits.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { selectProcess } from '../../state/navigate.ts';
import { refreshProcesses, useProcesses } from '../../state/processes.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import './processes.css';

const REFRESH_MS = 2000;

interface Row {
  readonly key: string;
  readonly pid: number;
  readonly ppid: number;
  readonly startTicks: bigint;
  readonly name: string;
  readonly user: string;
  readonly state: string;
  readonly threads: number;
  readonly rss: bigint;
  readonly pageTables: bigint;
  readonly root: bigint;
  readonly userRoot: bigint;
  readonly borrowed: bigint;
  readonly cpu: number;
  readonly kernelThread: boolean;
  /** "new" since the last refresh, or "exec" where the root has changed. */
  readonly change: string;
}

function rowsOf(p: Processes, before: ReadonlyMap<string, bigint>): Row[] {
  return Array.from(p.pid, (pid, i) => {
    const startTicks = p.startTicks[i] as bigint;
    const key = `${pid}:${startTicks}`;
    const root = p.rootPa[i] as bigint;
    const known = before.get(key);
    return {
      key,
      pid,
      startTicks,
      root,
      ppid: p.ppid[i] as number,
      name: p.name[i] as string,
      user: p.user[i] as string,
      state: String.fromCharCode(p.state[i] as number),
      threads: p.threads[i] as number,
      rss: p.rss[i] as bigint,
      pageTables: p.pageTables[i] as bigint,
      userRoot: p.userRootPa[i] as bigint,
      borrowed: p.borrowedPa[i] as bigint,
      cpu: p.cpu[i] as number,
      kernelThread: p.kernelThread[i] === 1,
      change: before.size === 0 ? '' : known === undefined ? 'new' : known !== root ? 'exec' : '',
    };
  });
}

function Root({ row }: { row: Row }) {
  if (row.root) return <Digits text={hex(row.root, 9)} />;
  if (row.borrowed)
    return (
      <span title={`A kernel thread has no address space of its own; on CPU ${row.cpu} it borrows this one right now.`}>
        <Digits text={hex(row.borrowed, 9)} /> <span className="dim">borrowed</span>
      </span>
    );
  const why = row.kernelThread || row.state === 'Z' ? 'no address space' : 'not readable';
  return (
    <span
      className="dim"
      title={
        why === 'not readable'
          ? 'This process is not shown to the frame reader: another namespace, or a security module hides it.'
          : undefined
      }
    >
      {why}
    </span>
  );
}

const STATE: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'waiting, uninterruptible',
  Z: 'zombie',
  T: 'stopped',
  t: 'traced',
  I: 'idle',
  X: 'dead',
  P: 'parked',
};

const COLUMNS: readonly ColumnSpec<Row>[] = [
  {
    id: 'pid',
    header: 'PID',
    width: '6.5ch',
    align: 'right',
    value: (r) => r.pid,
    cell: (r) => <span className="num">{r.pid}</span>,
  },
  {
    id: 'name',
    header: 'Name',
    width: 'minmax(9ch, 1.4fr)',
    value: (r) => r.name.toLowerCase(),
    cell: (r) => <span title={r.name}>{r.kernelThread ? `[${r.name}]` : r.name}</span>,
  },
  { id: 'root', header: 'Root PA', width: 'minmax(11ch, 1fr)', value: (r) => r.root, cell: (r) => <Root row={r} /> },
  {
    id: 'rss',
    header: 'RSS',
    width: '9ch',
    align: 'right',
    value: (r) => r.rss,
    cell: (r) => (r.kernelThread ? '' : bytes(r.rss)),
  },
  {
    id: 'tables',
    header: 'Tables',
    width: '9ch',
    align: 'right',
    value: (r) => r.pageTables,
    cell: (r) => (r.kernelThread ? '' : bytes(r.pageTables)),
  },
  {
    id: 'state',
    header: 'S',
    width: '3ch',
    value: (r) => r.state,
    cell: (r) => <span title={STATE[r.state]}>{r.state}</span>,
  },
  { id: 'threads', header: 'Thr', width: '4.5ch', align: 'right', value: (r) => r.threads, cell: (r) => r.threads },
  { id: 'user', header: 'User', width: '9ch', value: (r) => r.user, cell: (r) => r.user },
  {
    id: 'ppid',
    header: 'PPID',
    width: '6.5ch',
    align: 'right',
    value: (r) => r.ppid,
    cell: (r) => <span className="num">{r.ppid}</span>,
  },
];

export function ProcessList() {
  const processes = useProcesses((s) => s.processes);
  const space = useSpace((s) => s.space);
  const pti = useTarget((s) => s.target?.pti);
  const [filter, setFilter] = useState('');
  const [kernel, setKernel] = useState(false);
  const before = useRef<ReadonlyMap<string, bigint>>(new Map());

  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) void refreshProcesses();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);

  const all = useMemo(() => {
    if (!processes) return [];
    const rows = rowsOf(processes, before.current);
    before.current = new Map(rows.map((r) => [r.key, r.root]));
    return rows;
  }, [processes]);
  const threads = all.filter((r) => r.kernelThread).length;
  const text = filter.trim().toLowerCase();
  const rows = useMemo(
    () =>
      all.filter(
        (r) =>
          (kernel || !r.kernelThread) &&
          (!text || r.name.toLowerCase().includes(text) || String(r.pid) === text || r.user === text),
      ),
    [all, kernel, text],
  );
  const columns = useMemo(
    () => [
      ...COLUMNS.slice(0, 3),
      ...(pti
        ? [
            {
              id: 'userRoot',
              header: 'User root',
              width: '11ch',
              value: (r: Row) => r.userRoot,
              cell: (r: Row) => (r.userRoot ? <Digits text={hex(r.userRoot, 9)} /> : ''),
            },
          ]
        : []),
      ...COLUMNS.slice(3),
    ],
    [pti],
  );

  return (
    <Pane label="Processes">
      <PaneTitle title="Processes">
        <span className="dim">
          {count(all.length - threads)} with an address space · {count(threads)} kernel threads
        </span>
      </PaneTitle>
      <div className="toolbar">
        <input
          type="search"
          placeholder="Filter by name, PID, user"
          aria-label="Filter processes"
          value={filter}
          onChange={(e) => setFilter(e.target.value)}
        />
        <label className="check">
          <input type="checkbox" checked={kernel} onChange={(e) => setKernel(e.target.checked)} /> kernel threads
        </label>
      </div>
      <DataTable
        label="Processes"
        minWidth={pti ? 760 : 660}
        columns={columns}
        rows={rows}
        rowKey={(r) => r.key}
        selected={space && `${space.pid}:${space.startTicks}`}
        onSelect={(r) => void selectProcess({ pid: r.pid, startTicks: r.startTicks, name: r.name })}
        rowClass={(r) => `${r.kernelThread ? 'quiet' : ''} ${r.change}`}
        empty={<Empty title={processes ? 'No process matches the filter' : 'Reading the process list…'} />}
      />
    </Pane>
  );
}
