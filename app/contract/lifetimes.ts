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

export interface Life {
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
export function livesOf(events: readonly Traced[]): Life[] {
  const lives: Growing[] = [];
  const living = new Map<number, Growing>();
  const add = (pid: number, parent: number, name: string, interval: RootInterval) => {
    const life: Growing = { pid, parent, name, roots: [interval], code: undefined };
    lives.push(life);
    living.set(pid, life);
    return life;
  };
  const end = (life: Growing, at: bigint) => {
    const last = life.roots.at(-1);
    if (last) life.roots[life.roots.length - 1] = { ...last, to: at };
  };
  for (const event of events) {
    if (event.kind === 'lost') continue;
    const { ns, kind, pid, child, before, after, name, code } = event;
    const found = living.get(pid);
    const born = kind === 'start';
    const root = kind === 'attach' ? after : before;
    const life =
      found ?? add(pid, 0, name, { root, from: born ? ns : undefined, to: undefined, event: born ? event : undefined });
    if (kind === 'exec') {
      end(life, ns);
      life.roots.push({ root: after, from: ns, to: undefined, event });
      life.name = name;
    } else if (kind === 'fork' || kind === 'vfork' || kind === 'clone') {
      add(child, pid, life.name, { root: after, from: ns, to: undefined, event });
    } else if (kind === 'exit') {
      end(life, ns);
      life.code = code;
      living.delete(pid);
    }
  }
  return lives;
}
