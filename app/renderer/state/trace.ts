// SPDX-License-Identifier: GPL-2.0-only
// The running trace, or the last one.
import { create } from 'zustand';
import type { Args, Failure, Traced, TraceEvent } from '../../contract/api.ts';
import { explorer, failure } from '../lib/client.ts';
import { append } from '../lib/history.ts';

export type TracedEvent = Traced & { readonly id: number };

export interface Trace {
  readonly id: string;
  /** Whether all processes are traced, not only those of one program. */
  readonly machine: boolean;
  /** Oldest first; the oldest are forgotten beyond MOST_KEPT. */
  readonly events: readonly TracedEvent[];
  readonly seen: number;
  readonly ended?: NonNullable<TraceEvent['end']>;
}

interface TraceState {
  readonly trace?: Trace | undefined;
  readonly error?: Failure | undefined;
}

export const useTrace = create<TraceState>(() => ({}));
const set = useTrace.setState;
const get = useTrace.getState;

export async function startTrace(wanted: Omit<Args<'startTrace'>, 'id'>): Promise<void> {
  stopTrace();
  const id = crypto.randomUUID();
  const machine = wanted.arguments.length === 0 && wanted.pid === 0;
  set({ trace: { id, machine, events: [], seen: 0 }, error: undefined });
  try {
    await explorer().call('startTrace', { ...wanted, id });
  } catch (error) {
    if (get().trace?.id === id) set({ trace: undefined, error: failure(error) });
  }
}

/** Ends the trace; the traced processes run on. */
export function stopTrace(): void {
  const { trace } = get();
  if (trace && !trace.ended) void explorer().call('cancel', { id: trace.id });
}

/** Handles an event of a trace. */
export function followTrace(event: TraceEvent): void {
  const { trace } = get();
  if (trace?.id !== event.id) return;
  const events = event.events.map((e, i) => ({ ...e, id: trace.seen + i }));
  set({
    trace: {
      ...trace,
      events: append(trace.events, events),
      seen: trace.seen + events.length,
      ...(event.end && { ended: event.end }),
    },
  });
}
