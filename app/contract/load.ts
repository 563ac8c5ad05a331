// SPDX-License-Identifier: GPL-2.0-only
// How much of a CPU a process used between two readings of its clock ticks.
import { NOT_KNOWN } from './api.ts';

/** Of a second, for user space of every x86 kernel (USER_HZ). */
const TICKS = 100;

export const ticksToSeconds = (ticks: bigint): number => Number(ticks) / TICKS;

/** What /proc/PID/stat said of the time that a process ran, and when, by CLOCK_MONOTONIC. */
export interface CpuReading {
  readonly ticks: bigint;
  readonly ns: bigint;
}

/** The share of one CPU in percent; undefined if it is not known, as after one reading only. */
export function cpuPercent(before: CpuReading | undefined, now: CpuReading): number | undefined {
  if (!before || before.ticks === NOT_KNOWN || now.ticks === NOT_KNOWN || now.ns <= before.ns) return undefined;
  // Another process may have the PID; a caller that knows that has no reading before.
  const ran = ticksToSeconds(now.ticks - before.ticks);
  return Math.max(0, (100 * ran) / (Number(now.ns - before.ns) / 1e9));
}
