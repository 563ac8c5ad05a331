// SPDX-License-Identifier: GPL-2.0-only
// The keys that work everywhere in the window, and what the help says of all keys.
import { createKeybindingsHandler } from 'tinykeys';
import { COMMAND_NAMES, COMMANDS } from '../../contract/commands.ts';
import { runCommand } from './commands.ts';

const ARROWS: Readonly<Record<string, string>> = { Left: '←', Right: '→' };

/** A key as it is shown: "Ctrl K". */
export const keyText = (key: string): string =>
  key
    .split('+')
    .map((part) => ARROWS[part] ?? part)
    .join(' ');

/** Keys of one part of the window. */
const LOCAL_KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['Esc', 'Closes what is open, cancels the check, shows all verdicts again.'],
  ['Tab, Shift Tab', 'Move to the next part of the window, and back.'],
  ['↑ ↓, Page, Home, End', 'Move in the list that has the focus.'],
  ['Ctrl F', 'Finds bytes from the frame that is shown.'],
  ['Shift and arrows', 'Select bytes, or rows of a table.'],
  ['Ctrl A, Ctrl C', 'Select all rows of a table, and copy those that are selected.'],
  ['Shift F10', 'Opens the menu of what has the focus: rows, headings, bytes, maps.'],
  ['Ctrl ← →, Shift ← →', 'On a heading: move the column, and change its width.'],
  ['+ −', 'Zoom the map of an address space, or of memory.'],
];

/** What the help says of keys. */
export const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ...COMMAND_NAMES.flatMap((name) => {
    const { key, does } = COMMANDS[name];
    return key ? ([[keyText(key), does]] as const) : [];
  }),
  ...LOCAL_KEYS,
];

/** For tinykeys. */
const PRESSES: Readonly<Record<string, string>> = { Ctrl: '$mod', Left: 'ArrowLeft', Right: 'ArrowRight' };
const pressOf = (key: string) =>
  key
    .split('+')
    .map((part) => PRESSES[part] ?? part)
    .join('+');

const isTyping = ({ target }: KeyboardEvent): boolean =>
  target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;

/** Listens to them until the window is closed. They come before those of a list. */
export function listenToKeys(): void {
  const run = (name: string) => (event: KeyboardEvent) => {
    event.preventDefault();
    // What lies below a dialog stays as it is.
    if (!document.querySelector('.dialog')) runCommand(name);
  };
  const bound = COMMAND_NAMES.flatMap((name) => {
    const { key } = COMMANDS[name];
    return key ? [[pressOf(key), run(name)] as const] : [];
  });
  const handler = createKeybindingsHandler({
    ...Object.fromEntries(bound),
    '[Shift]+?': (event: KeyboardEvent) => {
      if (!isTyping(event)) run('help')(event);
    },
  });
  window.addEventListener('keydown', handler, { capture: true });
}
