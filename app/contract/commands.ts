// SPDX-License-Identifier: GPL-2.0-only
// What the window can do, by name: the menus of both faces, the box at the top, the keys and the help take it from here.
import { VIEW_NAMES, VIEWS, type View } from './views.ts';

/** The menus with their captions, in their order. */
export const MENUS = { file: 'File', view: 'View', go: 'Go', process: 'Process', help: 'Help' } as const;
export type Menu = keyof typeof MENUS;

export interface CommandRow {
  readonly title: string;
  readonly menu: Menu;
  /** Other words for it, in lower case. */
  readonly words: readonly string[];
  /** What it does, as a sentence. */
  readonly does: string;
  /** As Electron's accelerators: "Ctrl+K". */
  readonly key?: string;
}

const ACTIONS = {
  open: {
    title: 'Open…',
    menu: 'file',
    words: ['open', 'recent'],
    does: 'Shows a capture or a memory image from a file, or one of those that were opened last.',
    key: 'Ctrl+O',
  },
  export: {
    title: 'Export…',
    menu: 'file',
    words: ['export', 'report'],
    does: 'Writes what is known of the chosen process into a file.',
  },
  capture: {
    title: 'Capture the machine…',
    menu: 'file',
    words: ['capture'],
    does: 'Writes every process into one file.',
  },
  connect: {
    title: 'Connect to another machine…',
    menu: 'file',
    words: ['connect', 'ssh', 'host'],
    does: 'Shows another machine, by ssh.',
  },
  system: {
    title: 'Colours of the system',
    menu: 'view',
    words: ['theme', 'system theme'],
    does: 'Makes the window dark or light, as the system is.',
  },
  dark: { title: 'Dark theme', menu: 'view', words: ['dark', 'theme'], does: 'Makes the window dark.' },
  light: { title: 'Light theme', menu: 'view', words: ['light', 'theme'], does: 'Makes the window light.' },
  present: {
    title: 'Presentation',
    menu: 'view',
    words: ['present', 'presentation', 'large'],
    does: 'Shows only this view, in large type, until Esc leaves it.',
    key: 'Ctrl+Shift+P',
  },
  box: {
    title: 'Go to…',
    menu: 'go',
    words: ['box', 'go to'],
    does: 'Turns to the box at the top: a process, an address, a region, a view.',
    key: 'Ctrl+K',
  },
  back: {
    title: 'Back',
    menu: 'go',
    words: ['back', 'previous'],
    does: 'Shows the place that was looked at before; a button of the mouse does the same.',
    key: 'Alt+Left',
  },
  forward: {
    title: 'Forward',
    menu: 'go',
    words: ['forward', 'next'],
    does: 'Shows the place that Back has left.',
    key: 'Alt+Right',
  },
  search: {
    title: 'Search memory…',
    menu: 'go',
    words: ['search', 'find'],
    does: 'Looks for bytes, text or numbers in memory.',
  },
  refresh: {
    title: 'Read again',
    menu: 'process',
    words: ['refresh', 'reload'],
    does: 'Reads the processes and the chosen page again.',
    key: 'F5',
  },
  check: {
    title: 'Check again',
    menu: 'process',
    words: ['check'],
    does: 'Checks the address space of the chosen process again.',
  },
  bytes: {
    title: 'Compare bytes',
    menu: 'process',
    words: ['bytes', 'proof'],
    does: 'Checks again and compares the bytes of every frame with what the process reads; sets accessed bits.',
  },
  shared: {
    title: 'Shared frames…',
    menu: 'process',
    words: ['shared', 'sharing'],
    does: 'Shows what the chosen process shares with another one.',
  },
  help: {
    title: 'Help',
    menu: 'help',
    words: ['?', 'keys', 'shortcuts'],
    does: 'Shows the keys, and what the box at the top takes; the key ? does the same.',
    key: 'F1',
  },
  glossary: { title: 'Glossary', menu: 'help', words: ['terms', 'words'], does: 'Explains the terms of the window.' },
  tour: { title: 'Tour', menu: 'help', words: ['tour', 'start'], does: 'Shows in five steps what is where.' },
  about: {
    title: 'About cr3scope',
    menu: 'help',
    words: ['about', 'version'],
    does: 'Shows the versions, and the sources and what they read through.',
  },
} as const satisfies Record<string, CommandRow>;

export type CommandName = keyof typeof ACTIONS | `view-${View}`;

/** Other words for the views. */
const VIEW_WORDS: Readonly<Record<View, readonly string[]>> = {
  space: ['regions', 'map', 'space'],
  tables: ['page tables', 'pgd', 'pud', 'pmd', 'pte'],
  memory: ['memory', 'ram'],
  cpus: ['registers', 'cr3'],
  trace: ['exec', 'fork'],
  watch: ['changes', 'causes'],
  compare: ['diff', 'snapshot'],
  labs: ['lab', 'course'],
};

const viewRow = (view: View): CommandRow => ({
  title: VIEWS[view].label,
  menu: 'view',
  words: [view, ...VIEW_WORDS[view]],
  does: `Shows the view ${VIEWS[view].label}.`,
  key: `Ctrl+${VIEW_NAMES.indexOf(view) + 1}`,
});
const VIEW_ROWS = Object.fromEntries(VIEW_NAMES.map((view) => [`view-${view}`, viewRow(view)]));

export const COMMANDS: Readonly<Record<CommandName, CommandRow>> = {
  ...(VIEW_ROWS as Record<`view-${View}`, CommandRow>),
  ...ACTIONS,
};
export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];

export const commandsIn = (menu: Menu): CommandName[] => COMMAND_NAMES.filter((name) => COMMANDS[name].menu === menu);
