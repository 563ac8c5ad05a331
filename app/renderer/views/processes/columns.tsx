// SPDX-License-Identifier: GPL-2.0-only
// The columns of the list of processes.
import { bytes, hex } from '../../../contract/format.ts';
import type { ColumnSpec } from '../../parts/DataTable.tsx';
import { Digits } from '../../parts/Digits.tsx';
import type { ProcessRow } from './processRows.ts';

function Root({ row }: { row: ProcessRow }) {
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

export const COLUMNS: readonly ColumnSpec<ProcessRow>[] = [
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

const USER_ROOT: ColumnSpec<ProcessRow> = {
  id: 'userRoot',
  header: 'User root',
  width: '11ch',
  value: (r) => r.userRoot,
  cell: (r) => (r.userRoot ? <Digits text={hex(r.userRoot, 9)} /> : ''),
};

/** Under PTI with the user root beside the root. */
export const PTI_COLUMNS = [...COLUMNS.slice(0, 3), USER_ROOT, ...COLUMNS.slice(3)];
