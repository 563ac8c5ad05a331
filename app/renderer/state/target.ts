// SPDX-License-Identifier: GPL-2.0-only
// The machine or capture that the window shows, and whether the other end is still there.
import { create } from 'zustand';
import type { Target } from '../../contract/api.ts';

interface TargetState {
  readonly target?: Target;
  /** Why the connection is gone; undefined while it holds. */
  readonly lost?: string;
}

export const useTarget = create<TargetState>(() => ({}));
