// SPDX-License-Identifier: GPL-2.0-only
// All that is on screen of a machine is read again at the same time, so that it is of one moment and is drawn once.
import { changes, useTarget } from './target.ts';

const REFRESH_MS = 2000;
/** Longer than this machine takes to answer what is asked at one time. */
const TOGETHER_MS = 40;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let together = Promise.resolve();

function refreshAll(): void {
  if (document.hidden || !changes(useTarget.getState().target)) return;
  together = new Promise((ok) => setTimeout(ok, TOGETHER_MS));
  for (const listener of listeners) listener();
}

/** What is read again waits for this before it is shown: one draw of the window for all of it. */
export const shownTogether = (): Promise<void> => together;

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
  if (listeners.size === 0) timer = setInterval(refreshAll, REFRESH_MS);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}
