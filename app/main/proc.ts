// SPDX-License-Identifier: GPL-2.0-only
// Facts from this machine's /proc.
import { readFileSync, readlinkSync } from 'node:fs';

/** When a process started, in clock ticks since boot: PID and start time together identify it. 0 if it is gone. */
export function startOf(pid: number): bigint {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // This is field 22. Field 2 is the name, which may contain spaces and parentheses; field 3 follows the last ")".
    return BigInt(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 0);
  } catch {
    return 0n;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What tells a program from all others that had or have its PID; as far as that is known where there is no /proc. */
export interface ProgramIdentity {
  /** Of this boot, in hex. */
  readonly boot: string;
  /** The namespace that PIDs are of. */
  readonly namespace: string;
  /** When a program started; "0" if it is gone. */
  start(pid: number): string;
}

export const programIdentity = (): ProgramIdentity =>
  process.platform === 'linux'
    ? {
        boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8),
        namespace: readlinkSync('/proc/self/ns/pid').replace(/\D/g, ''),
        start: (pid) => String(startOf(pid)),
      }
    : { boot: '00000000', namespace: '0', start: (pid) => (isAlive(pid) ? '1' : '0') };
