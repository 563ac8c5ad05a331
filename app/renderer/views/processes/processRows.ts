// SPDX-License-Identifier: GPL-2.0-only
// The rows of the process list, with what came and went since the reading before.
import { NOT_KNOWN, type Processes, type Target } from '../../../contract/api.ts';
import { type CpuReading, cpuPercent } from '../../../contract/load.ts';
import { NO_ROOT } from '../../../contract/noRoot.ts';
import { pageBytes } from '../../../contract/paging.ts';
import type { FilteredProcess } from '../../lib/fields.ts';

export interface ProcessRow extends FilteredProcess {
  readonly key: string;
  readonly startTicks: bigint;
  readonly userRoot: bigint;
  readonly borrowed: bigint;
  readonly cpu: number;
  readonly kernelThread: boolean;
  /** Why the root is not known. */
  readonly noRoot: ReturnType<typeof NO_ROOT.name>;
  /** Why `alone` and `shared` are not known. */
  readonly notWalked: string;
  /** In the tree; undefined: the list is flat. */
  readonly place?: { readonly depth: number; readonly children: number; readonly folded: boolean };
  /** Whether it may have pages to show; a capture may not hold them. */
  readonly held: boolean;
  /** Why a capture that was to hold its pages does not; "" where it is not known. */
  readonly skipped: string;
  /** "new" since the last reading, "gone" since then, or "exec" if the root has changed. */
  readonly change: string;
}

/** What the reading before has of each process, by key. */
export interface Before {
  readonly rows: ReadonlyMap<string, ProcessRow>;
  readonly loads: ReadonlyMap<string, CpuReading>;
}
export const NOTHING_BEFORE: Before = { rows: new Map(), loads: new Map() };

function changeOf(known: ProcessRow | undefined, root: bigint, before: Before): string {
  if (before.rows.size === 0) return '';
  if (!known || known.change === 'gone') return 'new';
  return known.root !== root ? 'exec' : '';
}

/** Whether `a` has all that `b` says. */
export const sameRow = (a: ProcessRow, b: ProcessRow): boolean =>
  (Object.keys(b) as (keyof ProcessRow)[]).every((name) => a[name] === b[name]);

/** The rows of a list, and what the next one is compared with. A row that is as before is the same object. */
export function rowsOf(
  p: Processes,
  before: Before,
  capture: Target['capture'] | undefined,
): { rows: ProcessRow[]; now: Before } {
  const held = capture && new Set(capture.held.map((s) => `${s.pid}:${s.startTicks}`));
  const skipped = new Map(capture?.skipped.map(({ pid, message }) => [pid, message]));
  const loads = new Map<string, CpuReading>();
  const sizeOf = (frames: bigint | undefined) =>
    frames === undefined || frames === NOT_KNOWN ? undefined : pageBytes(frames);
  const whyNot = capture ? 'not captured' : p.walkAgeNs === null ? 'not yet walked' : 'not in the last walk';
  const rows = Array.from(p.pid, (pid, i): ProcessRow => {
    const startTicks = p.startTicks[i] as bigint;
    const key = `${pid}:${startTicks}`;
    const root = p.rootPa[i] as bigint;
    const known = before.rows.get(key);
    const reading = { ticks: p.cpuTicks[i] as bigint, ns: p.ns[i] as bigint };
    loads.set(key, reading);
    const row: ProcessRow = {
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
      noRoot: NO_ROOT.name(p.noRoot[i] as number),
      command: p.command[i] as string,
      cgroup: p.cgroup[i] as string,
      load: cpuPercent(before.loads.get(key), reading),
      alone: sizeOf(p.alone[i]),
      shared: sizeOf(p.shared[i]),
      notWalked: p.kernelThread[i] ? '' : whyNot,
      held: held?.has(key) ?? true,
      skipped: skipped.get(pid) ?? '',
      change: changeOf(known, root, before),
    };
    return known && sameRow(known, row) ? known : row;
  });
  const listed = new Set(rows.map((row) => row.key));
  const gone = [...before.rows.values()].filter((row) => row.change !== 'gone' && !listed.has(row.key));
  const all = [...rows, ...gone.map((row) => ({ ...row, change: 'gone' }))];
  return { rows: all, now: { rows: new Map(all.map((row) => [row.key, row])), loads } };
}

/** The rows that match, and in a tree those that they are below of. */
export function withParents(all: readonly ProcessRow[], matches: readonly ProcessRow[]): ProcessRow[] {
  const byPid = new Map(all.map((row) => [row.pid, row]));
  const kept = new Set(matches);
  for (const row of matches)
    for (let up = byPid.get(row.ppid); up && !kept.has(up); up = byPid.get(up.ppid)) kept.add(up);
  return all.filter((row) => kept.has(row));
}
