// SPDX-License-Identifier: GPL-2.0-only
// The rows of the process list, with what is new since the last refresh.
import type { Processes, Target } from '../../../contract/api.ts';
import { NO_ROOT } from '../../../contract/noRoot.ts';

export interface ProcessRow {
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
  /** Why the root is not known. */
  readonly noRoot: ReturnType<typeof NO_ROOT.name>;
  /** Whether it may have pages to show; a capture may not hold them. */
  readonly held: boolean;
  /** Why a capture that was to hold its pages does not; "" where it is not known. */
  readonly skipped: string;
  /** "new" since the last refresh, or "exec" if the root has changed. */
  readonly change: string;
}

export function rowsOf(
  p: Processes,
  before: ReadonlyMap<string, bigint>,
  capture: Target['capture'] | undefined,
): ProcessRow[] {
  const held = capture && new Set(capture.held.map((s) => `${s.pid}:${s.startTicks}`));
  const skipped = new Map(capture?.skipped.map(({ pid, message }) => [pid, message]));
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
      noRoot: NO_ROOT.name(p.noRoot[i] as number),
      held: held?.has(key) ?? true,
      skipped: skipped.get(pid) ?? '',
      change: before.size === 0 ? '' : known === undefined ? 'new' : known !== root ? 'exec' : '',
    };
  });
}
