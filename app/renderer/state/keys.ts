// SPDX-License-Identifier: GPL-2.0-only
// The keys that work everywhere in the window.
import { tinykeys } from 'tinykeys';
import { readEverythingAgain } from './commands.ts';
import { showHelp } from './help.ts';
import { turnTo } from './navigate.ts';
import { useTarget } from './target.ts';
import { viewsOf } from './view.ts';

/** What the help says of keys, also of those that belong to one part of the window. */
export const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['F1, ?', 'this help'],
  ['Ctrl K', 'the box at the top: a process, an address, a region, a view'],
  ['Ctrl 1 … 8', 'the views, in their order; a browser may keep these keys for its tabs'],
  ['F5', 'read the processes and the chosen page again'],
  ['Alt ← →', 'back to the place before, and forward again; the buttons of the mouse do the same'],
  ['Esc', 'close what is open, cancel the check, show all verdicts again'],
  ['↑ ↓, Page, Home, End', 'move in the list that has the focus'],
  ['Ctrl F', 'find bytes from the frame that is shown'],
  ['Shift and arrows', 'select bytes'],
  ['+ −', 'zoom the map of an address space, or of memory'],
];

const isTyping = ({ target }: KeyboardEvent): boolean =>
  target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;

/** Listens to them until the window is closed. */
export function listenToKeys(): void {
  const always = (act: () => void) => (event: KeyboardEvent) => {
    event.preventDefault();
    act();
  };
  const help = () => showHelp('keys');
  const views = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [
      `Control+${i + 1}`,
      always(() => {
        const view = viewsOf(useTarget.getState().target)[i];
        if (view) turnTo(view);
      }),
    ]),
  );
  tinykeys(window, {
    F1: always(help),
    'Shift+?': (event: KeyboardEvent) => {
      if (!isTyping(event)) always(help)(event);
    },
    F5: always(readEverythingAgain),
    ...views,
  });
}
