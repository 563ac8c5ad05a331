// SPDX-License-Identifier: GPL-2.0-only
// Failures in the words of the window. What the kernel answered is kept for whoever wants to know it.
import type { Failure } from '../../contract/api.ts';
import { capitalized } from '../../contract/format.ts';
import { NO_ROOT } from '../../contract/noRoot.ts';

/** What is known of the process that a failure is about. */
export type Life = 'alive' | 'gone' | ReturnType<typeof NO_ROOT.name>;

export interface Said {
  readonly title: string;
  readonly text: string;
  /** What the kernel answered, if the title does not have it. */
  readonly raw?: string;
  /** Whether privileges would help. */
  readonly wantsPrivileges: boolean;
}

/** As strerror() says EACCES and EPERM. Other failures with these codes have words of their own. */
const REFUSED = /: (Permission denied|Operation not permitted)$/;

const NO_PROCESS = /: No such process$/;

const GONE: Omit<Said, 'wantsPrivileges'> = {
  title: 'This process has exited',
  text: 'Nothing more of it can be read. What was read before is kept where it is shown.',
};

/** Why nothing of a process can be shown; undefined if there is no such reason. */
export function sayLife(life: Life): Omit<Said, 'wantsPrivileges'> | undefined {
  if (life === 'gone') return GONE;
  if (life === 'kernelThread')
    return { title: 'A kernel thread has no address space', text: NO_ROOT.meaning('kernelThread') };
  if (life === 'exited') return { title: 'This process has exited', text: NO_ROOT.meaning('exited') };
  return undefined;
}

/** `life` is that of the process that the failure is about; `privileged`: whether cr3scope has its privileges. */
export function inWords({ message, code, remedy }: Failure, life: Life, privileged: boolean): Said {
  const without = { raw: message, wantsPrivileges: false };
  if (NO_PROCESS.test(message)) return { ...(sayLife(life) ?? GONE), ...without };
  // The remedy is a command that lists processes.
  if (code === 'ESRCH') return { title: capitalized(message), text: sayLife(life)?.text ?? '', wantsPrivileges: false };
  if (!REFUSED.test(message)) return { title: capitalized(message), text: remedy, wantsPrivileges: false };
  if (privileged)
    return { title: 'The kernel refuses to show this to cr3scope', text: NO_ROOT.meaning('hidden'), ...without };
  return life === 'otherUser'
    ? {
        title: 'This is another user’s process',
        text: NO_ROOT.meaning('otherUser'),
        raw: message,
        wantsPrivileges: true,
      }
    : {
        title: 'This needs privileges',
        text: 'An ordinary user may not read page tables and frames.',
        raw: message,
        wantsPrivileges: true,
      };
}
