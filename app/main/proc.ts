// SPDX-License-Identifier: GPL-2.0-only
// Facts from /proc that several layers need.
import { readFileSync } from 'node:fs';

/** The ID of this boot: PIDs, start times and frame numbers mean nothing after the next one. */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

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
