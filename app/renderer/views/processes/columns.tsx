// SPDX-License-Identifier: GPL-2.0-only
// The columns of the list of processes.
import { hex } from '../../../contract/format.ts';
import { NO_ROOT } from '../../../contract/noRoot.ts';
import { type ColumnSpec, numberColumn, sizeColumn } from '../../parts/columns.tsx';
import { Digits } from '../../parts/Digits.tsx';
import type { ProcessRow } from './processRows.ts';

/** The root, or why there is none. */
function rootText(row: ProcessRow): string {
  if (!row.held && !row.kernelThread) return 'not captured';
  if (row.root) return hex(row.root, 9);
  if (row.borrowed) return `${hex(row.borrowed, 9)} borrowed`;
  return NO_ROOT.label(row.noRoot);
}

function Root({ row }: { row: ProcessRow }) {
  const text = rootText(row);
  if (text === 'not captured')
    return (
      <span className="dim" title={row.skipped || 'Only its name and root are known.'}>
        {text}
      </span>
    );
  if (row.root) return <Digits text={hex(row.root, 9)} />;
  if (row.borrowed)
    return (
      <span title={`A kernel thread has no address space of its own; on CPU ${row.cpu} it borrows this one right now.`}>
        <Digits text={hex(row.borrowed, 9)} /> <span className="dim">borrowed</span>
      </span>
    );
  return (
    <span className="dim" title={`${text}. ${NO_ROOT.meaning(row.noRoot)}`}>
      {text}
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

const nameText = (r: ProcessRow) => (r.kernelThread ? `[${r.name}]` : r.name);
const hasMemory = (r: ProcessRow) => !r.kernelThread;

export const COLUMNS: readonly ColumnSpec<ProcessRow>[] = [
  numberColumn('pid', 'PID', '6.5ch', (r) => r.pid),
  {
    id: 'name',
    header: 'Name',
    width: 'minmax(9ch, 1.4fr)',
    value: (r) => r.name.toLowerCase(),
    text: nameText,
    cell: (r) => <span title={r.name}>{nameText(r)}</span>,
  },
  {
    id: 'root',
    header: 'Root PA',
    width: 'minmax(11ch, 1fr)',
    value: (r) => r.root,
    text: rootText,
    cell: (r) => <Root row={r} />,
  },
  sizeColumn('rss', 'RSS', (r) => r.rss, hasMemory),
  sizeColumn('tables', 'Tables', (r) => r.pageTables, hasMemory),
  {
    id: 'state',
    header: 'State',
    width: '6ch',
    value: (r) => r.state,
    text: (r) => r.state,
    cell: (r) => <span title={STATE[r.state]}>{r.state}</span>,
  },
  numberColumn('threads', 'Threads', '8ch', (r) => r.threads),
  { id: 'user', header: 'User', width: '9ch', value: (r) => r.user, text: (r) => r.user },
  numberColumn('ppid', 'PPID', '6.5ch', (r) => r.ppid),
];

const USER_ROOT: ColumnSpec<ProcessRow> = {
  id: 'userRoot',
  header: 'User root',
  width: '11ch',
  value: (r) => r.userRoot,
  text: (r) => (r.userRoot ? hex(r.userRoot, 9) : ''),
  cell: (r) => (r.userRoot ? <Digits text={hex(r.userRoot, 9)} /> : ''),
};

/** Under PTI the user root stands beside the root. */
export const PTI_COLUMNS = [...COLUMNS.slice(0, 3), USER_ROOT, ...COLUMNS.slice(3)];
