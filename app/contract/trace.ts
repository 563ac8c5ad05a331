// SPDX-License-Identifier: GPL-2.0-only
// What happened to the processes that are traced, in words.
import type { Traced } from './api.ts';
import { hex } from './format.ts';
import { cr3Filter } from './registers.ts';

const root = (pa: bigint) => (pa ? `0x${hex(pa)}` : 'not known');

/** "exec: root 0x… → 0x…, /bin/true". */
export function sayTraced({ kind, child, before, after, code, name }: Traced): string {
  switch (kind) {
    case 'start':
      return `started: ${name}; before exec it is a copy of cr3scope, root ${root(before)}`;
    case 'attach':
      return `found running ${name || 'something'}, root ${root(after)}`;
    case 'exec':
      return before
        ? `exec ${name}: root ${root(before)} → ${root(after)}`
        : `exec ${name}: root ${root(after)}; the root before it was not seen`;
    case 'fork':
      // clone(CLONE_VM | SIGCHLD) is reported as a fork, too (kernel_clone(), kernel/fork.c).
      return after === before && after
        ? `fork: child ${child} shares root ${root(after)}`
        : `fork: child ${child} has a root of its own, ${root(after)}`;
    case 'vfork':
      return after === before
        ? `vfork: child ${child} borrows root ${root(after)} until it execs or exits`
        : `vfork: child ${child}, root ${root(after)}`;
    case 'clone':
      return after === before
        ? `clone: process ${child} shares root ${root(after)}`
        : `clone: process ${child} has a root of its own, ${root(after)}`;
    case 'thread':
      return `thread ${child}: shares root ${root(after)}`;
    case 'exit':
      return `${code < 0 ? `killed by signal ${-code}` : `exit code ${code}`}; its root was ${root(before)}`;
    case 'detach':
      return 'let go: runs on by itself';
    case 'lost':
      return `${code} events were lost: they came faster than they could be read`;
  }
}

/** The root that is in force after an event, as the value of a CR3 filter. */
export const filterOf = ({ after }: Traced): { hex: string; decimal: string } | undefined =>
  after ? cr3Filter(after) : undefined;
