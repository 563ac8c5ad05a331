// What is seen over time: the pages that are watched, and the lab that runs.
import { create } from 'zustand';
import type { Args, Failure, LabStep, Traced, TraceEvent, WatchEvent } from '../contract/api.ts';
import type { LabName } from '../contract/labs.ts';
import { type PageState, pageStates } from '../contract/watch.ts';
import { explorer, failure } from './lib/client.ts';
import type { Space } from './store.ts';

export interface Change {
  readonly id: number;
  readonly from: PageState;
  readonly to: PageState;
}

export interface Watched {
  readonly id: string;
  readonly space: Space;
  readonly begin: bigint;
  readonly end: bigint;
  readonly startNs: bigint;
  readonly ns: bigint;
  readonly samples: bigint;
  /** The last state of each page. */
  readonly pages: ReadonlyMap<bigint, PageState>;
  /** Oldest first; the oldest are forgotten beyond MOST_CHANGES. */
  readonly changes: readonly Change[];
  readonly seen: number;
  readonly ended?: NonNullable<WatchEvent['end']>;
}

export type TracedEvent = Traced & { readonly id: number };

interface Trace {
  readonly id: string;
  /** Oldest first; the oldest are forgotten beyond MOST_CHANGES. */
  readonly events: readonly TracedEvent[];
  readonly seen: number;
  readonly ended?: NonNullable<TraceEvent['end']>;
}

interface TimeState {
  trace?: Trace;
  traceError?: Failure;
  watched?: Watched;
  watchError?: Failure;
  lab?: { readonly id: string; readonly name: LabName; readonly at?: LabStep; readonly error?: Failure };
}

/** A watch or a trace keeps so many: a day of it has a bound. */
export const MOST_CHANGES = 20_000;

export const useTime = create<TimeState>(() => ({}));
const set = useTime.setState;
const get = useTime.getState;

export async function startWatch(space: Space, begin: bigint, end: bigint, intervalMs: number): Promise<void> {
  stopWatch();
  const id = crypto.randomUUID();
  const nothing = { startNs: 0n, ns: 0n, samples: 0n, pages: new Map(), changes: [], seen: 0 };
  set({ watched: { id, space, begin, end, ...nothing }, watchError: undefined });
  try {
    const { pid, startTicks } = space;
    await explorer().call('startWatch', { id, pid, startTicks, begin, end, intervalMs });
  } catch (error) {
    if (get().watched?.id === id) set({ watched: undefined, watchError: failure(error) });
  }
}

export function stopWatch(): void {
  const { watched } = get();
  if (watched && !watched.ended) void explorer().call('cancelWatch', { id: watched.id });
}

/** Takes in what a watch tells. */
export function followWatch(event: WatchEvent): void {
  const { watched } = get();
  if (watched?.id !== event.id) return;
  const pages = new Map(watched.pages);
  const changes: Change[] = [];
  let { seen } = watched;
  for (const to of pageStates(event.rows, event.flags, event.counts, event.ns)) {
    const from = pages.get(to.va);
    pages.set(to.va, to);
    if (from && !event.initial) changes.push({ id: seen++, from, to });
  }
  set({
    watched: {
      ...watched,
      startNs: watched.startNs || event.ns,
      ns: event.ns || watched.ns,
      samples: event.samples,
      pages,
      changes: [...watched.changes, ...changes].slice(-MOST_CHANGES),
      seen,
      ...(event.end && { ended: event.end }),
    },
  });
}

export async function startTrace(wanted: Omit<Args<'startTrace'>, 'id'>): Promise<void> {
  stopTrace();
  const id = crypto.randomUUID();
  set({ trace: { id, events: [], seen: 0 }, traceError: undefined });
  try {
    await explorer().call('startTrace', { ...wanted, id });
  } catch (error) {
    if (get().trace?.id === id) set({ trace: undefined, traceError: failure(error) });
  }
}

/** Lets all that is traced run on. */
export function stopTrace(): void {
  const { trace } = get();
  if (trace && !trace.ended) void explorer().call('cancelTrace', { id: trace.id });
}

/** Takes in what a trace tells. */
export function followTrace(event: TraceEvent): void {
  const { trace } = get();
  if (trace?.id !== event.id) return;
  const events = event.events.map((e, i) => ({ ...e, id: trace.seen + i }));
  set({
    trace: {
      ...trace,
      events: [...trace.events, ...events].slice(-MOST_CHANGES),
      seen: trace.seen + events.length,
      ...(event.end && { ended: event.end }),
    },
  });
}

async function takeStep(id: string, name: LabName, step: Promise<LabStep>): Promise<void> {
  const result = await step.then(
    (at) => ({ at }),
    (error) => ({ error: failure(error) }),
  );
  if (get().lab?.id === id) set({ lab: { id, name, ...result } });
}

export async function startLab(name: LabName): Promise<void> {
  endLab();
  const id = crypto.randomUUID();
  set({ lab: { id, name } });
  await takeStep(id, name, explorer().call('startLab', { id, name }));
}

export async function nextLabStep(): Promise<void> {
  const { lab } = get();
  if (!lab?.at || lab.at.step === null) return;
  await takeStep(lab.id, lab.name, explorer().call('nextLab', { id: lab.id }));
}

export function endLab(): void {
  const { lab } = get();
  if (lab) void explorer().call('endLab', { id: lab.id });
  set({ lab: undefined });
}
