// SPDX-License-Identifier: GPL-2.0-only
// Processes over time, from their events: which root each had, from when to when.
import type { Traced } from './api.ts';

/** A time during which a process had one root. */
export interface RootInterval {
  /** Physical address of the root; 0: not known. */
  readonly root: bigint;
  /** CLOCK_MONOTONIC, ns; undefined if it began before the first event, or ends after the last one. */
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
  /** The event that began it; undefined if it was not recorded. */
  readonly event: Traced | undefined;
}

export interface Lifetime {
  readonly pid: number;
  /** The process that created it; 0 if that was not recorded. */
  readonly parent: number;
  /** The program that it runs, as far as the events say. */
  readonly name: string;
  readonly roots: readonly RootInterval[];
  /** As in Traced; undefined if its exit was not recorded. */
  readonly code: number | undefined;
}

interface Growing {
  pid: number;
  parent: number;
  name: string;
  roots: RootInterval[];
  code: number | undefined;
}

/** In the order in which they appeared; a parent without earlier events comes before its child. */
export function lifetimesOf(events: readonly Traced[]): Lifetime[] {
  const lifetimes: Growing[] = [];
  const living = new Map<number, Growing>();
  const add = (pid: number, parent: number, name: string, interval: RootInterval) => {
    const lifetime: Growing = { pid, parent, name, roots: [interval], code: undefined };
    lifetimes.push(lifetime);
    living.set(pid, lifetime);
    return lifetime;
  };
  const end = (lifetime: Growing, at: bigint) => {
    const last = lifetime.roots.at(-1);
    if (last) lifetime.roots[lifetime.roots.length - 1] = { ...last, to: at };
  };
  for (const event of events) {
    if (event.kind === 'lost') continue;
    const { ns, kind, pid, child, before, after, name, code } = event;
    const found = living.get(pid);
    const born = kind === 'start';
    const root = kind === 'attach' ? after : before;
    const lifetime =
      found ?? add(pid, 0, name, { root, from: born ? ns : undefined, to: undefined, event: born ? event : undefined });
    if (kind === 'exec') {
      end(lifetime, ns);
      lifetime.roots.push({ root: after, from: ns, to: undefined, event });
      lifetime.name = name;
    } else if (kind === 'fork' || kind === 'vfork' || kind === 'clone') {
      add(child, pid, lifetime.name, { root: after, from: ns, to: undefined, event });
    } else if (kind === 'exit') {
      end(lifetime, ns);
      lifetime.code = code;
      living.delete(pid);
    }
  }
  return lifetimes;
}
