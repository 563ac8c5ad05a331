// SPDX-License-Identifier: GPL-2.0-only
// Views and actions by name, for the box at the top and for keys.
import type { Target } from '../../contract/api.ts';
import { LAB_NAMES, LABS } from '../../contract/labs.ts';
import type { Named } from '../lib/suggestion.ts';
import { startCheck } from './check.ts';
import { openConnections } from './connections.ts';
import { setExporting } from './export.ts';
import { showHelp } from './help.ts';
import { showLab } from './lab.ts';
import { turnTo } from './navigate.ts';
import { refreshProcesses } from './processes.ts';
import { readAgain } from './reading.ts';
import { setSearching } from './search.ts';
import { setSharing } from './sharing.ts';
import { setTheme } from './theme.ts';
import { VIEWS, type View, viewsOf } from './view.ts';

export interface Command extends Named {
  run(): void;
}

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

const ACTIONS: readonly Command[] = [
  {
    name: 'help',
    title: 'Help',
    words: ['?', 'keys', 'shortcuts'],
    does: 'Shows the keys, and what this box takes.',
    run: () => showHelp('keys'),
  },
  {
    name: 'glossary',
    title: 'Glossary',
    words: ['terms', 'words'],
    does: 'Explains the terms of the window.',
    run: () => showHelp('glossary'),
  },
  {
    name: 'about',
    title: 'About cr3scope',
    words: ['about', 'version'],
    does: 'Shows the version, and the sources and what they read through.',
    run: () => showHelp('about'),
  },
  {
    name: 'refresh',
    title: 'Read again',
    words: ['refresh', 'reload'],
    does: 'Reads the processes and the chosen page again.',
    run: readEverythingAgain,
  },
  {
    name: 'check',
    title: 'Check again',
    words: ['check'],
    does: 'Checks the address space of the chosen process again.',
    run: () => void startCheck(),
  },
  {
    name: 'bytes',
    title: 'Compare bytes',
    words: ['bytes', 'proof'],
    does: 'Checks again and compares the bytes of every frame with what the process reads; sets accessed bits.',
    run: () => void startCheck(true),
  },
  {
    name: 'shared',
    title: 'Shared frames',
    words: ['shared', 'sharing'],
    does: 'Shows what the chosen process shares with another one.',
    run: () => setSharing(true),
  },
  {
    name: 'export',
    title: 'Export',
    words: ['export', 'report'],
    does: 'Writes what is known of the chosen process into a file.',
    run: () => setExporting('process'),
  },
  {
    name: 'capture',
    title: 'Capture the machine',
    words: ['capture'],
    does: 'Writes every process into one file.',
    run: () => setExporting('all'),
  },
  {
    name: 'search',
    title: 'Search memory',
    words: ['search', 'find'],
    does: 'Looks for bytes, text or numbers in memory.',
    run: () => setSearching(true),
  },
  {
    name: 'connect',
    title: 'Connect to another machine',
    words: ['connect', 'ssh', 'host'],
    does: 'Shows another machine, by ssh.',
    run: () => void openConnections(),
  },
  {
    name: 'dark',
    title: 'Dark theme',
    words: ['dark', 'theme'],
    does: 'Makes the window dark.',
    run: () => setTheme('dark'),
  },
  {
    name: 'light',
    title: 'Light theme',
    words: ['light', 'theme'],
    does: 'Makes the window light.',
    run: () => setTheme('light'),
  },
];

/** Reads again what is read from time to time. */
export function readEverythingAgain(): void {
  void refreshProcesses();
  void readAgain();
}

const labCommands = (): Command[] =>
  LAB_NAMES.map((lab) => ({
    name: `lab-${lab}`,
    title: `Lab: ${LABS[lab].title}`,
    words: [lab, `lab ${lab}`, LABS[lab].title.toLowerCase()],
    does: `Shows this lab: ${LABS[lab].question}`,
    run: () => {
      turnTo('labs');
      showLab(lab);
    },
  }));

/** All that this target supports. */
export const commandsOf = (target: Target | undefined): readonly Command[] => {
  const views = viewsOf(target);
  return [
    ...views.map((view) => ({
      name: `view-${view}`,
      title: VIEWS[view].label,
      words: [view, ...VIEW_WORDS[view]],
      does: `Shows the view ${VIEWS[view].label}.`,
      run: () => turnTo(view),
    })),
    ...ACTIONS,
    ...(views.includes('labs') ? labCommands() : []),
  ];
};

export const runCommand = (name: string, target: Target | undefined): void =>
  commandsOf(target)
    .find((command) => command.name === name)
    ?.run();
