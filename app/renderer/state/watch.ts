// SPDX-License-Identifier: GPL-2.0-only
// The watched pages and their changes.
import { create } from 'zustand';
import type { Failure, WatchEvent } from '../../contract/api.ts';
import { type PageChange, takeSample } from '../../contract/causes.ts';
import type { PageState } from '../../contract/watch.ts';
import { explorer, failure } from '../lib/client.ts';
import { append } from '../lib/history.ts';
import type { Space } from './space.ts';

export interface Change extends PageChange {
  readonly id: number;
  readonly space: Space;
}

/** A watched range of pages of a process. */
export interface WatchedPlace {
  readonly id: string;
  readonly space: Space;
  readonly begin: bigint;
  readonly end: bigint;
  readonly samples: bigint;
  /** The last state of each page. */
  readonly pages: ReadonlyMap<bigint, PageState>;
  readonly ended?: NonNullable<WatchEvent['end']>;
}

export interface Watched {
  /** 0: samples are taken on request. */
  readonly intervalMs: number;
  readonly places: readonly WatchedPlace[];
  readonly startNs: bigint;
  readonly ns: bigint;
  /** Oldest first; the oldest are forgotten beyond MOST_KEPT. */
  readonly changes: readonly Change[];
  readonly seen: number;
  /** Records of causes that did not fit. */
  readonly lost: bigint;
  /** Why the causes of some place can't be seen; "" where they can. */
  readonly refusal: string;
}

interface WatchState {
  readonly watched?: Watched | undefined;
  readonly error?: Failure | undefined;
}

export const useWatch = create<WatchState>(() => ({}));
const set = useWatch.setState;
const get = useWatch.getState;

/** Watches a range; `also`: in addition to those that are watched already. */
export async function startWatch(
  space: Space,
  begin: bigint,
  end: bigint,
  intervalMs: number,
  also = false,
): Promise<void> {
  if (!also) stopWatch();
  const id = crypto.randomUUID();
  const place: WatchedPlace = { id, space, begin, end, samples: 0n, pages: new Map() };
  const before = also ? get().watched : undefined;
  const watched = before ?? {
    intervalMs,
    places: [],
    startNs: 0n,
    ns: 0n,
    changes: [],
    seen: 0,
    lost: 0n,
    refusal: '',
  };
  set({ watched: { ...watched, places: [...watched.places, place] }, error: undefined });
  try {
    const { pid, startTicks } = space;
    await explorer().call('startWatch', { id, pid, startTicks, begin, end, intervalMs: watched.intervalMs });
  } catch (error) {
    const now = get().watched;
    const places = now?.places.filter((p) => p.id !== id) ?? [];
    set({ watched: now && places.length ? { ...now, places } : undefined, error: failure(error) });
  }
}

export function stopWatch(): void {
  for (const { id, ended } of get().watched?.places ?? []) if (!ended) void explorer().call('cancel', { id });
}

/** Takes one sample of each watched range. */
export function sampleWatch(): void {
  for (const { id, ended } of get().watched?.places ?? []) if (!ended) void explorer().call('sampleWatch', { id });
}

/** Handles an event of a watch. */
export function followWatch(event: WatchEvent): void {
  const { watched } = get();
  const place = watched?.places.find((p) => p.id === event.id);
  if (!watched || !place) return;
  const pages = new Map(place.pages);
  let { seen } = watched;
  const { space } = place;
  const changes = takeSample(event, pages, space.pid).changes.map((c): Change => ({ ...c, id: seen++, space }));
  const now: WatchedPlace = { ...place, samples: event.samples, pages, ...(event.end && { ended: event.end }) };
  set({
    watched: {
      ...watched,
      places: watched.places.map((p) => (p === place ? now : p)),
      startNs: watched.startNs || event.ns,
      ns: event.ns || watched.ns,
      changes: append(watched.changes, changes),
      seen,
      lost: watched.lost + event.lost,
      refusal: watched.refusal || event.refusal,
    },
  });
}
