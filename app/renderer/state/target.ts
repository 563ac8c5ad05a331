// SPDX-License-Identifier: GPL-2.0-only
// The machine, capture or image that the window shows, and whether the connection holds.
import { create } from 'zustand';
import type { Target } from '../../contract/api.ts';

interface TargetState {
  readonly target?: Target;
  /** Why the connection was lost; undefined while it holds. */
  readonly lost?: string;
  /** Why there is no machine to show; undefined if there is one. */
  readonly noMachine?: string;
}

/** Whether its kernel runs here, so that it can be watched and traced: not a capture, and not the memory of another machine. */
export const runsHere = (target: Target | undefined): boolean => !target?.capture && !target?.image;

/** Whether what was read may be another thing now. */
export const changes = (target: Target | undefined): boolean => !target?.capture && (target?.image?.runs ?? true);

/** Whether the pages of a process can be shown: a capture may hold those of a few processes only. */
export const holds = (target: Target | undefined, pid: number, startTicks: bigint): boolean =>
  target?.capture?.held.some((p) => p.pid === pid && p.startTicks === startTicks) ?? true;

export const useTarget = create<TargetState>(() => ({}));
