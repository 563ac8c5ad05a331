// SPDX-License-Identifier: GPL-2.0-only
// The check of the chosen process.
import { create } from 'zustand';
import type { CheckRows, CheckSummary, Events, Failure } from '../../contract/api.ts';
import { VERDICTS } from '../../contract/verdicts.ts';
import { explorer } from '../lib/client.ts';
import { notify } from './notice.ts';
import { useSpace } from './space.ts';

export interface Check {
  readonly id: string;
  readonly done: bigint;
  readonly total: bigint;
  readonly counts: BigUint64Array;
  /** Whether it waits for other checks and searches. */
  readonly waiting?: boolean;
  readonly summary?: CheckSummary;
  readonly rows?: CheckRows;
  readonly error?: Failure;
}

export const useCheck = create<{ readonly check?: Check | undefined }>(() => ({}));
const set = (check: Check | undefined) => useCheck.setState({ check });
const get = () => useCheck.getState().check;

export const isRunning = (check: Check | undefined): boolean => check !== undefined && !check.summary && !check.error;

/** Checks the address space. `bytes` also compares the bytes of its pages. */
export async function startCheck(bytes = false): Promise<void> {
  const { space } = useSpace.getState();
  if (!space) return;
  cancelCheck();
  try {
    const { pid, startTicks } = space;
    const id = crypto.randomUUID();
    set({ id, done: 0n, total: 0n, counts: new BigUint64Array(VERDICTS.length) });
    await explorer().call('startCheck', { id, pid, startTicks, begin: 0n, end: 1n << 63n, bytes });
  } catch (error) {
    set(undefined);
    notify(error);
  }
}

export function cancelCheck(): void {
  const check = get();
  if (check && isRunning(check)) void explorer().call('cancel', { id: check.id });
}

/** Forgets the check when another process is chosen. */
export const dropCheck = (): void => set(undefined);

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
  set({ ...update, summary: event.end.summary });
  void readRows(event.id);
}

async function readRows(id: string): Promise<void> {
  try {
    const rows = await explorer().call('checkRows', { id });
    const now = get();
    if (now?.id === id) set({ ...now, rows });
  } catch {
    // A newer check has replaced it.
  }
}
