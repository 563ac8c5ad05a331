// SPDX-License-Identifier: GPL-2.0-only
// All that is on screen of a machine is read again at the same time, so that it is of one moment and is drawn once.
import { changes, useTarget } from './target.ts';

const REFRESH_MS = 2000;

const listeners = new Set<() => void>();

setInterval(() => {
  if (document.hidden || !changes(useTarget.getState().target)) return;
  for (const listener of listeners) listener();
}, REFRESH_MS);

/** Calls `read` again and again while the window is on screen, but not before the last call has ended. Returns how to stop it. */
export function onRefresh(read: () => Promise<unknown>): () => void {
  let busy = false;
  const listener = () => {
    if (busy) return;
    busy = true;
    void read().finally(() => {
      busy = false;
    });
  };
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
