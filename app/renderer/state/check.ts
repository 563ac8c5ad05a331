// SPDX-License-Identifier: GPL-2.0-only
// The check of the chosen process.
import { create } from 'zustand';
import type { CheckResult, CheckRows, Events, Failure } from '../../contract/api.ts';
import { VERDICTS } from '../../contract/verdicts.ts';
import { explorer } from '../lib/client.ts';
import { hasSource } from '../lib/sources.ts';
import { attempt } from './notice.ts';
import { useSpace } from './space.ts';
import { useTarget } from './target.ts';

export interface Check {
  readonly id: string;
  readonly done: bigint;
  readonly total: bigint;
  readonly counts: BigUint64Array;
  /** Whether it waits for other checks and searches. */
  readonly waiting?: boolean;
  readonly summary?: CheckResult;
  readonly rows?: CheckRows;
  /** When it finished, by the clock of this window. */
  readonly at?: Date;
  readonly error?: Failure;
}

interface CheckState {
  /** The last one that was started. */
  readonly check?: Check | undefined;
  /** The last one with a result: it is shown until another one has a result. */
  readonly kept?: Check | undefined;
}

export const useCheck = create<CheckState>(() => ({}));
const set = (check: Check | undefined) => useCheck.setState({ check });
const get = () => useCheck.getState().check;

/** The check whose result is shown: the last one, or the one before it while that has none. */
export const shownCheck = ({ check, kept }: CheckState): Check | undefined =>
  check?.summary ? check : (kept ?? check);

/** Whether a check found that its process had exited, or executed another program, before it read a page. */
const foundNothing = ({ outcome, counts }: CheckResult): boolean => outcome > 0 && counts.every((n) => n === 0n);

/** What a check that found nothing says of its process. */
const goneFailure = (outcome: number): Failure =>
  outcome === 1
    ? { message: 'the process has exited', code: 'ESRCH', remedy: '' }
    : { message: 'the process executed another program', code: 'EXEC', remedy: 'Check it again.' };

export const isRunning = (check: Check | undefined): boolean => check !== undefined && !check.summary && !check.error;

/** Checks the address space. `bytes` also compares the bytes of its pages. */
export async function startCheck(bytes = false): Promise<void> {
  const { space } = useSpace.getState();
  // Without a walk there is nothing to check: what is there is shown, and why there is no more.
  if (!space || !hasSource(useTarget.getState().target, 'tableWalk')) return;
  cancelCheck();
  const { pid, startTicks } = space;
  const id = crypto.randomUUID();
  set({ id, done: 0n, total: 0n, counts: new BigUint64Array(VERDICTS.length) });
  const started = await attempt(() =>
    explorer().call('startCheck', { id, pid, startTicks, begin: 0n, end: 1n << 63n, bytes }),
  );
  if (!started) useCheck.setState(({ kept }) => ({ check: kept }));
}

export function cancelCheck(): void {
  const check = get();
  if (check && isRunning(check)) void explorer().call('cancel', { id: check.id });
}

/** Forgets the check when another process is chosen. */
export const dropCheck = (): void => useCheck.setState({ check: undefined, kept: undefined });

/** Handles an event of a check. */
export function followCheck(event: Events['check']): void {
  const check = get();
  if (!check || check.id !== event.id) return;
  const { done, total, counts, waiting } = event;
  const update: Check = { ...check, done, total, counts, waiting };
  if (!event.end) {
    set(update);
    return;
  }
  if ('error' in event.end) {
    set({ ...update, counts: check.counts, error: event.end.error });
    return;
  }
  const { summary } = event.end;
  if (useCheck.getState().kept && foundNothing(summary)) {
    set({ ...update, error: goneFailure(summary.outcome) });
    return;
  }
  const finished = { ...update, summary, at: new Date() };
  useCheck.setState({ check: finished, kept: finished });
  void readRows(event.id);
}

async function readRows(id: string): Promise<void> {
  try {
    const rows = await explorer().call('checkRows', { id });
    const withRows = (check: Check | undefined) => (check?.id === id ? { ...check, rows } : check);
    useCheck.setState(({ check, kept }) => ({ check: withRows(check), kept: withRows(kept) }));
  } catch {
    // A newer check has replaced it.
  }
}
