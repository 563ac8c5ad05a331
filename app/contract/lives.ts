// SPDX-License-Identifier: GPL-2.0-only
// The lives of processes as their events tell them: which root each had, from when to when.
import type { Traced } from './api.ts';

/** A time for which a process had one root. */
export interface Reign {
  /** Physical address of the root; 0: not known. */
  readonly root: bigint;
  /** CLOCK_MONOTONIC, ns; undefined where it began before the first event, or lasts beyond the last one. */
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
  /** What began it; undefined where that was not seen. */
  readonly event: Traced | undefined;
}

export interface Life {
  readonly pid: number;
  /** The process that it was born from; 0 where that was not seen. */
  readonly parent: number;
  /** What it runs, as far as the events tell. */
  readonly name: string;
  readonly reigns: readonly Reign[];
  /** As of Traced; undefined where its exit was not seen. */
  readonly code: number | undefined;
}

interface Growing {
  pid: number;
  parent: number;
  name: string;
  reigns: Reign[];
  code: number | undefined;
}

/** In the order in which they appeared; a parent that was never heard of before it forked comes before its child. */
export function livesOf(events: readonly Traced[]): Life[] {
  const lives: Growing[] = [];
  const living = new Map<number, Growing>();
  const add = (pid: number, parent: number, name: string, reign: Reign) => {
    const life: Growing = { pid, parent, name, reigns: [reign], code: undefined };
    lives.push(life);
    living.set(pid, life);
    return life;
  };
  const end = (life: Growing, at: bigint) => {
    const last = life.reigns.at(-1);
    if (last) life.reigns[life.reigns.length - 1] = { ...last, to: at };
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
      life.reigns.push({ root: after, from: ns, to: undefined, event });
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
