// SPDX-License-Identifier: GPL-2.0-only
// All that is on screen of a machine is read again at the same time, so that it is of one moment and is drawn once.
import { changes, useTarget } from './target.ts';

const REFRESH_MS = 2000;
/** Nobody may be looking: a window that is left open takes less of the CPU that it shows. */
const REFRESH_AT_REST_MS = 6000;
/** Without the pointer and the keyboard. */
const REST_AFTER_MS = 20_000;
const INPUT = ['pointermove', 'pointerdown', 'wheel', 'keydown', 'focus', 'visibilitychange'];
/** Longer than this machine takes to answer what is asked at one time. */
const TOGETHER_MS = 40;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;
let together = Promise.resolve();
let lastInput = performance.now();

const isAtRest = (): boolean => performance.now() - lastInput >= REST_AFTER_MS;

function refreshAll(): void {
  timer = setTimeout(refreshAll, isAtRest() ? REFRESH_AT_REST_MS : REFRESH_MS);
  if (document.hidden || !changes(useTarget.getState().target)) return;
  together = new Promise((ok) => setTimeout(ok, TOGETHER_MS));
  for (const listener of listeners) listener();
}

/** Who comes back to the window sees what is so now. */
function onInput(): void {
  const rested = isAtRest();
  lastInput = performance.now();
  if (!rested) return;
  clearTimeout(timer);
  refreshAll();
}

function start(): void {
  timer = setTimeout(refreshAll, REFRESH_MS);
  for (const type of INPUT) addEventListener(type, onInput, { capture: true, passive: true });
}

function stop(): void {
  clearTimeout(timer);
  for (const type of INPUT) removeEventListener(type, onInput, { capture: true });
}

/** What is read again waits for this before it is shown: one draw of the window for all of it. */
export const shownTogether = (): Promise<void> => together;

/**
 * Calls `read` again and again while the window is on screen, but not before the last call has ended. Less often while nobody
 * touches the window. Returns how to stop it.
 */
export function onRefresh(read: () => Promise<unknown>): () => void {
  let busy = false;
  const listener = () => {
    if (busy) return;
    busy = true;
    void read().finally(() => {
      busy = false;
    });
  };
  if (listeners.size === 0) start();
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) stop();
  };
}
