// SPDX-License-Identifier: GPL-2.0-only
// What can be done with a process, a region, a page or a frame, for the menus of the window. What a button or the box at the
// top can do, too, is the same command.
import type { Regions } from '../../contract/api.ts';
import { COMMANDS, type CommandName } from '../../contract/commands.ts';
import { hex, hexVa } from '../../contract/format.ts';
import { commandOf, linkOf, type Place } from '../../contract/link.ts';
import { type Half, paOf, pfnOf } from '../../contract/paging.ts';
import type { View } from '../../contract/views.ts';
import { copyText } from './clipboard.ts';
import { runCommand } from './commands.ts';
import { explainEntry } from './explain.ts';
import { showTab } from './layout.ts';
import { openAddress, openFrame, type TableShown } from './memory.ts';
import { chooseRegion, goTo, selectProcess, turnTo } from './navigate.ts';
import { spaceOfPid, useProcesses } from './processes.ts';
import { isSameSpace, type Space, useSpace } from './space.ts';

export interface Action {
  readonly title: string;
  /** What it is about, such as the text that is copied. */
  readonly detail?: string;
  run(): void;
}

/** Actions that belong together; a line divides them from others. */
export type Actions = readonly Action[];

const command = (name: CommandName): Action => ({ title: COMMANDS[name].title, run: () => runCommand(name) });

export const copyAction = (what: string, text: string): Action => ({
  title: `Copy ${what}`,
  detail: text,
  run: () => copyText(text),
});

/** A place as a link, and as the command that prints the same. `what` tells it from other places of the menu. */
export const placeActions = (place: Place, what?: string): Actions => [
  copyAction(what ? `link to the ${what}` : 'link', linkOf(place)),
  copyAction(what ? `command for the ${what}` : 'command', commandOf(place)),
];

/** Of the frame with this number: its bytes, facts and owners. */
export const frameActions = (pfn: bigint): readonly Actions[] => [
  [
    { title: 'Open the frame', detail: hex(pfn), run: () => openFrame(pfn) },
    {
      title: 'What the kernel says of the frame',
      run: () => {
        openFrame(pfn);
        showTab('frame');
      },
    },
    {
      title: 'Who maps the frame',
      run: () => {
        openFrame(pfn);
        showTab('owners');
      },
    },
  ],
  [copyAction('frame number', hex(pfn)), copyAction('physical address', hex(paOf(pfn)))],
];

/** Of a page table: it is a frame, too. */
export const tableActions = (pa: bigint, table: TableShown): readonly Actions[] => [
  [{ title: 'Open as a table', run: () => openAddress(pa, table) }],
  ...frameActions(pfnOf(pa)),
  ...(table.base === undefined ? [] : [[copyAction('first address', hexVa(table.base))]]),
];

export const entryActions = (raw: bigint, level?: number, half: Half = 'user'): Actions => [
  { title: 'Explain the entry', detail: hex(raw, 16), run: () => explainEntry(raw, level, half) },
  copyAction('entry', hex(raw, 16)),
];

const show = (view: View, space: Space) => {
  turnTo(view);
  if (!isSameSpace(useSpace.getState().space, space)) void selectProcess(space);
};

/** `root`: its physical address; 0 if it is not known. */
export const processActions = (space: Space, root = 0n): readonly Actions[] => [
  [
    { title: 'Open the address space', detail: `${space.pid} ${space.name}`, run: () => show('space', space) },
    { title: 'Open the page tables', run: () => show('tables', space) },
  ],
  isSameSpace(useSpace.getState().space, space)
    ? [command('check'), command('bytes'), command('shared'), command('export')]
    : [],
  root
    ? [{ title: 'Open the root', detail: hex(root), run: () => openAddress(root) }, copyAction('root PA', hex(root))]
    : [],
  [copyAction('PID', String(space.pid)), ...placeActions({ view: 'process', pid: space.pid }, 'process')],
];

/** Of an address in any process. */
export const addressActions = (space: Space, va: bigint): readonly Actions[] => [
  [{ title: 'Go to the page', detail: hexVa(va), run: () => void goTo(space, va) }],
  [copyAction('address', hexVa(va)), ...placeActions({ view: 'address', pid: space.pid, va }, 'page')],
];

/** Of a page of the chosen process, and the frame that it maps. */
export const pageActions = (space: Space, va: bigint, pfn: bigint | undefined): readonly Actions[] => [
  [
    {
      title: 'Show the walk',
      detail: hexVa(va),
      run: () => {
        void goTo(space, va);
        showTab('walk');
      },
    },
  ],
  ...(pfn === undefined ? [] : frameActions(pfn)),
  [copyAction('address', hexVa(va)), ...placeActions({ view: 'address', pid: space.pid, va }, 'page')],
];

/** Of a region of the chosen process. */
export function regionActions(space: Space, regions: Regions, at: number): readonly Actions[] {
  const [begin, end, path] = [regions.begin[at], regions.end[at], regions.path[at]];
  if (begin === undefined || end === undefined) return [];
  return [
    [{ title: 'Show the pages', detail: path?.split('/').at(-1) || 'anonymous', run: () => void chooseRegion(at) }],
    [
      copyAction('addresses', `${hexVa(begin)}-${hexVa(end)}`),
      ...(path ? [copyAction('name', path)] : []),
      ...placeActions({ view: 'address', pid: space.pid, va: begin }, 'region'),
    ],
  ];
}

/** Of a process in a trace, which may have ended. */
export function tracedActions(pid: number, root: bigint): readonly Actions[] {
  const space = spaceOfPid(useProcesses.getState().processes, pid);
  if (space) return processActions(space, root);
  return [[copyAction('PID', String(pid)), ...(root ? [copyAction('root PA', hex(root))] : [])]];
}
