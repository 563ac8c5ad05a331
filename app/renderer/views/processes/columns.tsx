// SPDX-License-Identifier: GPL-2.0-only
// The columns of the list of processes.
import { ChevronDown, ChevronRight } from 'lucide-react';
import { cgroupName } from '../../../contract/cgroup.ts';
import { bytes, count, hex } from '../../../contract/format.ts';
import { NO_ROOT } from '../../../contract/noRoot.ts';
import { type ColumnSpec, numberColumn, sizeColumn, textColumn } from '../../parts/columns.tsx';
import { Digits } from '../../parts/Digits.tsx';
import { toggleFolded } from './folded.ts';
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
/** In pixels. */
const INDENT = 12;

function Name({ row }: { row: ProcessRow }) {
  const { place } = row;
  const text = nameText(row);
  const title = row.change === 'gone' ? `${row.name}: has exited` : row.command || row.name;
  if (!place) return <span title={title}>{text}</span>;
  const { depth, children, folded } = place;
  const Chevron = folded ? ChevronRight : ChevronDown;
  return (
    <span className="branch" title={title} style={{ paddingLeft: depth * INDENT }}>
      {children > 0 ? (
        <button
          type="button"
          aria-expanded={!folded}
          aria-label={`${count(children)} ${children === 1 ? 'child' : 'children'} of ${text}`}
          onClick={(event) => {
            event.stopPropagation();
            toggleFolded(row.key);
          }}
        >
          <Chevron size={12} aria-hidden="true" />
        </button>
      ) : (
        <i />
      )}
      {text}
    </span>
  );
}

const loadText = (r: ProcessRow) => r.load?.toFixed(1) ?? '—';

/** What is mapped, by the last walk of all address spaces. */
const mappedColumn = (id: 'alone' | 'shared', header: string, meaning: string): ColumnSpec<ProcessRow> => ({
  id,
  header,
  width: '9ch',
  align: 'right',
  hidden: true,
  value: (r) => r[id] ?? -1n,
  text: (r) => (r[id] === undefined ? r.notWalked : bytes(r[id])),
  cell: (r) =>
    r[id] === undefined ? (
      <span className="dim" title={r.notWalked}>
        {r.notWalked}
      </span>
    ) : (
      <span title={meaning}>{bytes(r[id])}</span>
    ),
});

const hasMemory = (r: ProcessRow) => !r.kernelThread;

const COLUMNS: readonly ColumnSpec<ProcessRow>[] = [
  numberColumn('pid', 'PID', '6.5ch', (r) => r.pid),
  {
    id: 'name',
    header: 'Name',
    width: 'minmax(9ch, 1.4fr)',
    value: (r) => r.name.toLowerCase(),
    text: nameText,
    cell: (r) => <Name row={r} />,
  },
  {
    id: 'root',
    header: 'Root PA',
    width: 'minmax(11ch, 1fr)',
    value: (r) => r.root,
    text: rootText,
    cell: (r) => <Root row={r} />,
  },
  {
    id: 'load',
    header: 'CPU %',
    width: '7ch',
    align: 'right',
    value: (r) => r.load ?? -1,
    text: loadText,
    cell: (r) => (
      <span
        className={`num ${r.load ? '' : 'dim'}`}
        title={
          r.load === undefined
            ? 'Not known: it takes two readings of a machine that runs'
            : 'Of one CPU, between the last two readings'
        }
      >
        {loadText(r)}
      </span>
    ),
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
  mappedColumn('alone', 'Private', 'Frames that no other process maps, by the last walk of all address spaces'),
  mappedColumn('shared', 'Shared', 'Frames that other processes map, too, by the last walk of all address spaces'),
  {
    id: 'cgroup',
    header: 'Container, cgroup',
    width: '18ch',
    hidden: true,
    value: (r) => cgroupName(r.cgroup),
    text: (r) => cgroupName(r.cgroup),
    cell: (r) => <span title={r.cgroup}>{cgroupName(r.cgroup)}</span>,
  },
  {
    ...textColumn<ProcessRow>('command', 'Command line', 'minmax(24ch, 3fr)', (r) => r.command),
    hidden: true,
  },
];

const USER_ROOT: ColumnSpec<ProcessRow> = {
  id: 'userRoot',
  header: 'User root',
  width: '11ch',
  value: (r) => r.userRoot,
  text: (r) => (r.userRoot ? hex(r.userRoot, 9) : ''),
  cell: (r) => (r.userRoot ? <Digits text={hex(r.userRoot, 9)} /> : ''),
};

/** Under PTI the user root stands beside the root. In a tree the names have room for those that stand below others. */
export const columnsOf = (pti: boolean, tree: boolean): readonly ColumnSpec<ProcessRow>[] =>
  [...COLUMNS.slice(0, 3), ...(pti ? [USER_ROOT] : []), ...COLUMNS.slice(3)].map((column) =>
    tree && column.id === 'name' ? { ...column, width: 'minmax(24ch, 1.4fr)' } : column,
  );
