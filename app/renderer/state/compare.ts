// SPDX-License-Identifier: GPL-2.0-only
// Snapshots and what changed since.
import { create } from 'zustand';
import type { COMPARISON_FORMATS, Comparison, Failure, Snapshot } from '../../contract/api.ts';
import { explorer, failure } from '../lib/client.ts';
import { save } from './saved.ts';
import type { Space } from './space.ts';

export interface Kept extends Snapshot {
  /** Undefined: every process. */
  readonly space?: Space;
  /** Of the file, if it is a capture. */
  readonly path?: string;
}

interface CompareState {
  /** Oldest first. */
  snapshots: readonly Kept[];
  /** What is being done, as text; "" if nothing is. */
  busy: string;
  before?: string;
  /** "": now. */
  after: string;
  comparison?: Comparison;
  error?: Failure;
}

export const useCompare = create<CompareState>(() => ({ snapshots: [], busy: '', after: '' }));
const set = useCompare.setState;
const get = useCompare.getState;

async function during(busy: string, work: () => Promise<void>): Promise<void> {
  if (get().busy) return;
  set({ busy, error: undefined });
  try {
    await work();
  } catch (error) {
    set({ error: failure(error) });
  } finally {
    set({ busy: '' });
  }
}

/** Takes a snapshot of a process, or of all processes. */
export const takeSnapshot = (space: Space | undefined): Promise<void> =>
  during('Taking a snapshot…', async () => {
    const id = crypto.randomUUID();
    const wanted = { id, pid: space?.pid ?? 0, startTicks: space?.startTicks ?? 0n };
    const snapshot = await explorer().call('takeSnapshot', wanted);
    set({ snapshots: [...get().snapshots, { ...snapshot, ...(space && { space }) }], before: id, after: '' });
    set({ comparison: undefined });
  });

/** Opens a capture as one side of the comparison. */
export const openSnapshot = (path: string): Promise<void> =>
  during('Opening it…', async () => {
    const id = crypto.randomUUID();
    const opened = { ...(await explorer().call('openSnapshot', { id, path })), path };
    const { snapshots, before } = get();
    set({ snapshots: [...snapshots, opened], comparison: undefined });
    set(before && snapshots.some((s) => s.path) ? { after: id } : { before: id });
  });

/** Saves all differences of the comparison that is shown. */
export const saveComparison = (format: (typeof COMPARISON_FORMATS)[number]): Promise<void> =>
  during('Writing…', async () => {
    save(await explorer().call('exportComparison', { format }), `cr3scope-differences.${format}`);
  });

export const dropSnapshot = (id: string): Promise<void> =>
  during('Dropping it…', async () => {
    await explorer().call('dropSnapshot', { id });
    const snapshots = get().snapshots.filter((s) => s.id !== id);
    set({ snapshots, comparison: undefined, before: snapshots.at(-1)?.id, after: '' });
  });

export const choose = (before: string, after: string): void => set({ before, after });

export const compare = (): Promise<void> =>
  during('Comparing…', async () => {
    const { before, after } = get();
    if (before) set({ comparison: await explorer().call('compare', { before, after }) });
  });
