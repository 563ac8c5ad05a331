// SPDX-License-Identifier: GPL-2.0-only
// The last search of memory, and whether its dialog is open.
import { create } from 'zustand';
import type { SearchEvent } from '../../contract/api.ts';
import { type Pattern, sayHit } from '../../contract/pattern.ts';
import { explorer } from '../lib/client.ts';
import { attempt } from './notice.ts';
import type { Space } from './space.ts';

export interface Search {
  readonly id: string;
  /** What was searched; undefined: physical memory. */
  readonly space?: Space;
  readonly done: bigint;
  readonly total: bigint;
  /** Whether it waits for other checks and searches. */
  readonly waiting?: boolean;
  readonly hits: readonly { address: bigint; pa: bigint; bytes: string; text: string }[];
  readonly end?: NonNullable<SearchEvent['end']>;
}

interface SearchState {
  readonly open: boolean;
  readonly search?: Search | undefined;
}

export const MOST_HITS = 1000n;

export const useSearch = create<SearchState>(() => ({ open: false }));
const set = useSearch.setState;
const get = useSearch.getState;

/** Searches what a process maps, or physical memory. */
export async function startSearch(pattern: Pattern, space: Space | undefined): Promise<void> {
  cancelSearch();
  const id = crypto.randomUUID();
  set({ search: { id, done: 0n, total: 0n, hits: [], ...(space && { space }) } });
  const started = await attempt(() =>
    explorer().call('startSearch', { id, pid: space?.pid ?? 0, ...pattern, limit: MOST_HITS }),
  );
  if (!started) set({ search: undefined });
}

export function cancelSearch(): void {
  const { search } = get();
  if (search && !search.end) void explorer().call('cancel', { id: search.id });
}

export function setSearching(open: boolean): void {
  if (!open) cancelSearch();
  set({ open });
}

/** Handles an event of a search. */
export function followSearch(event: SearchEvent): void {
  const { search } = get();
  if (!search || search.id !== event.id) return;
  const hits = Array.from(event.address, (address, i) => ({
    address,
    pa: event.pa[i] as bigint,
    ...sayHit(event, i),
  }));
  const { done, total, waiting } = event;
  const update = { ...search, done, total, waiting, hits: [...search.hits, ...hits] };
  set({ search: event.end ? { ...update, end: event.end } : update });
}
