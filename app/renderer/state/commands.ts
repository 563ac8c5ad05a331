// SPDX-License-Identifier: GPL-2.0-only
// Runs commands: those of contract/commands.ts, and the labs by name.
import type { Target } from '../../contract/api.ts';
import { COMMAND_NAMES, COMMANDS, type CommandName } from '../../contract/commands.ts';
import { LAB_NAMES, LABS } from '../../contract/labs.ts';
import { VIEW_NAMES, type View } from '../../contract/views.ts';
import type { Named } from '../lib/suggestion.ts';
import { focusBox } from './box.ts';
import { openCaptures } from './captures.ts';
import { startCheck } from './check.ts';
import { openConnections } from './connections.ts';
import { setExporting } from './export.ts';
import { showHelp } from './help.ts';
import { showLab } from './lab.ts';
import { turnTo } from './navigate.ts';
import { move } from './places.ts';
import { present, usePresentation } from './presentation.ts';
import { refreshProcesses } from './processes.ts';
import { readAgain } from './reading.ts';
import { setSearching } from './search.ts';
import { setSharing } from './sharing.ts';
import { useTarget } from './target.ts';
import { setTheme } from './theme.ts';
import { startTour } from './tour.ts';
import { viewsOf } from './view.ts';

/** Reads again what is read from time to time. */
function readEverythingAgain(): void {
  void refreshProcesses();
  void readAgain();
}

const RUN: Readonly<Record<Exclude<CommandName, `view-${View}`>, () => void>> = {
  open: () => void openCaptures(),
  export: () => setExporting('process'),
  capture: () => setExporting('all'),
  connect: () => void openConnections(),
  system: () => setTheme('system'),
  dark: () => setTheme('dark'),
  light: () => setTheme('light'),
  present: () => present(!usePresentation.getState().on),
  box: focusBox,
  back: () => void move(-1),
  forward: () => void move(1),
  search: () => setSearching(true),
  refresh: readEverythingAgain,
  check: () => void startCheck(),
  bytes: () => void startCheck(true),
  shared: () => setSharing(true),
  help: () => showHelp('keys'),
  glossary: () => showHelp('glossary'),
  tour: startTour,
  about: () => showHelp('about'),
};

const VIEW_OF = new Map<string, View>(VIEW_NAMES.map((view) => [`view-${view}`, view]));
const LAB_OF = new Map(LAB_NAMES.map((lab) => [`lab-${lab}`, lab]));

/** Whether this target supports a command. */
export function hasCommand(name: CommandName, target: Target | undefined): boolean {
  // What an image's processes read cannot be asked for.
  if (name === 'bytes') return !target?.image;
  const view = VIEW_OF.get(name);
  return view === undefined || viewsOf(target).includes(view);
}

/** All that this target supports, for the box. */
export const commandsOf = (target: Target | undefined): readonly Named[] => [
  ...COMMAND_NAMES.filter((name) => hasCommand(name, target)).map((name) => ({ name, ...COMMANDS[name] })),
  ...(viewsOf(target).includes('labs')
    ? LAB_NAMES.map((lab) => ({
        name: `lab-${lab}`,
        title: `Lab: ${LABS[lab].title}`,
        words: [lab, `lab ${lab}`, LABS[lab].title.toLowerCase()],
        does: `Shows this lab: ${LABS[lab].question}`,
      }))
    : []),
];

/** Runs one of `commandsOf` this target; a name that is not among them does nothing. */
export function runCommand(name: string): void {
  const { target } = useTarget.getState();
  const view = VIEW_OF.get(name);
  const lab = LAB_OF.get(name);
  if (view) {
    if (viewsOf(target).includes(view)) turnTo(view);
  } else if (lab) {
    turnTo('labs');
    showLab(lab);
  } else if (Object.hasOwn(RUN, name)) RUN[name as keyof typeof RUN]();
}
