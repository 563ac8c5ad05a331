// What is seen over time: the pages that are watched, and the lab that runs.
import { create } from 'zustand';
import type { Args, Failure, LabStep, Traced, TraceEvent, WatchEvent } from '../contract/api.ts';
import type { LabName } from '../contract/labs.ts';
import { type PageState, pageStates } from '../contract/watch.ts';
import { explorer, failure } from './lib/client.ts';
import { download } from './lib/download.ts';
import type { Space } from './store.ts';

export interface Change {
  readonly id: number;
  readonly space: Space;
  readonly from: PageState;
  readonly to: PageState;
}

/** A range of pages of a process that is watched. */
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
  /** 0: a sample is taken when asked for. */
  readonly intervalMs: number;
  readonly places: readonly WatchedPlace[];
  readonly startNs: bigint;
  readonly ns: bigint;
  /** Oldest first; the oldest are forgotten beyond MOST_CHANGES. */
  readonly changes: readonly Change[];
  readonly seen: number;
}

export type TracedEvent = Traced & { readonly id: number };

export interface Trace {
  readonly id: string;
  /** All processes, not those of one program: what came last is looked for. */
  readonly machine: boolean;
  /** Oldest first; the oldest are forgotten beyond MOST_CHANGES. */
  readonly events: readonly TracedEvent[];
  readonly seen: number;
  readonly ended?: NonNullable<TraceEvent['end']>;
}

interface TimeState {
  /** Id of the recording that runs. */
  recording?: string | undefined;
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

/** Watches a range, besides what is watched already where `also`. */
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
  const watched = before ?? { intervalMs, places: [], startNs: 0n, ns: 0n, changes: [], seen: 0 };
  set({ watched: { ...watched, places: [...watched.places, place] }, watchError: undefined });
  try {
    const { pid, startTicks } = space;
    await explorer().call('startWatch', { id, pid, startTicks, begin, end, intervalMs: watched.intervalMs });
  } catch (error) {
    const now = get().watched;
    const places = now?.places.filter((p) => p.id !== id) ?? [];
    set({ watched: now && places.length ? { ...now, places } : undefined, watchError: failure(error) });
  }
}

export function stopWatch(): void {
  for (const { id, ended } of get().watched?.places ?? []) if (!ended) void explorer().call('cancel', { id });
}

/** Takes one sample of all that is watched. */
export function sampleWatch(): void {
  for (const { id, ended } of get().watched?.places ?? []) if (!ended) void explorer().call('sampleWatch', { id });
}

/** Takes in what a watch tells. */
export function followWatch(event: WatchEvent): void {
  const { watched } = get();
  const place = watched?.places.find((p) => p.id === event.id);
  if (!watched || !place) return;
  const pages = new Map(place.pages);
  const changes: Change[] = [];
  let { seen } = watched;
  for (const to of pageStates(event.rows, event.flags, event.counts, event.ns)) {
    const from = pages.get(to.va);
    pages.set(to.va, to);
    if (from && !event.initial) changes.push({ id: seen++, space: place.space, from, to });
  }
  const now: WatchedPlace = { ...place, samples: event.samples, pages, ...(event.end && { ended: event.end }) };
  set({
    watched: {
      ...watched,
      places: watched.places.map((p) => (p === place ? now : p)),
      startNs: watched.startNs || event.ns,
      ns: event.ns || watched.ns,
      changes: [...watched.changes, ...changes].slice(-MOST_CHANGES),
      seen,
    },
  });
}

export async function startTrace(wanted: Omit<Args<'startTrace'>, 'id'>): Promise<void> {
  stopTrace();
  const id = crypto.randomUUID();
  const machine = wanted.arguments.length === 0 && wanted.pid === 0;
  set({ trace: { id, machine, events: [], seen: 0 }, traceError: undefined });
  try {
    await explorer().call('startTrace', { ...wanted, id });
  } catch (error) {
    if (get().trace?.id === id) set({ trace: undefined, traceError: failure(error) });
  }
}

/** Begins to record what is traced and watched from now on, or ends that and saves it as a capture. */
export async function toggleRecording(): Promise<void> {
  const { recording } = get();
  if (!recording) {
    const id = crypto.randomUUID();
    await explorer().call('startRecording', { id });
    set({ recording: id });
    return;
  }
  set({ recording: undefined });
  const { problem } = await explorer().call('stopRecording', { id: recording });
  download(recording, 'cr3scope-recording.cr3scope');
  if (problem) throw new Error(problem);
}

/** Lets all that is traced run on. */
export function stopTrace(): void {
  const { trace } = get();
  if (trace && !trace.ended) void explorer().call('cancel', { id: trace.id });
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
