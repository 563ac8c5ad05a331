// SPDX-License-Identifier: GPL-2.0-only
// Why no root of a process is known, and so no page of it can be read.
import { Vocabulary, type Word } from './vocabulary.ts';

const reasons = {
  known: { code: 0, label: '', meaning: '' },
  kernelThread: {
    code: 1,
    label: 'kernel thread: no address space',
    meaning:
      'A kernel thread runs in the kernel’s own address space, and borrows the root of a process while it is on a CPU.',
  },
  exited: {
    code: 2,
    label: 'exited: no address space',
    meaning: 'It has exited and given its address space back. It is listed until its parent asks how it ended.',
  },
  otherUser: {
    code: 3,
    label: 'another user’s process',
    meaning: 'An ordinary user may see its name, and not its memory.',
  },
  noPrivileges: {
    code: 4,
    label: 'needs privileges',
    meaning: 'An ordinary user may see the regions of an own process, and not its page tables and frames.',
  },
  hidden: {
    code: 5,
    label: 'hidden by the kernel',
    meaning: 'It is in another namespace than cr3scope, or a security module protects it.',
  },
  noSource: {
    code: 6,
    label: 'no source reads roots',
    meaning: 'The buttons of the sources say what each of them lacks.',
  },
  notRecorded: { code: 7, label: 'not recorded', meaning: 'The capture does not say why.' },
} as const satisfies Record<string, Word>;
type Reason = keyof typeof reasons;
export const NO_ROOT = new Vocabulary<Reason>('reason', reasons);

/** What is known of a process apart from its root. */
interface Known {
  readonly kernelThread: boolean;
  /** Of /proc/PID/stat. */
  readonly state: string;
  readonly threads: number;
}

/** The reason that lies in the process itself; undefined if it must have an address space. */
export function reasonOf({ kernelThread, state, threads }: Known): Reason | undefined {
  if (kernelThread) return 'kernelThread';
  // A leader that has exited leaves the address space to its other threads.
  return 'ZX'.includes(state) && threads <= 1 ? 'exited' : undefined;
}
