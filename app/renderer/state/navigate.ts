// SPDX-License-Identifier: GPL-2.0-only
// Navigation: shows a process, an address, or the place of a link.
import { parseLevel } from '../../contract/explain.ts';
import type { LabName } from '../../contract/labs.ts';
import type { Place } from '../../contract/link.ts';
import { regionAt } from '../../contract/regions.ts';
import type { View } from '../../contract/views.ts';
import { explorer, failure } from '../lib/client.ts';
import { firstMapped } from '../lib/opening.ts';
import type { Destination } from '../lib/suggestion.ts';
import { cancelCheck, dropCheck, shownCheck, startCheck, useCheck } from './check.ts';
import { pageIsChosen, useChosen } from './chosen.ts';
import { explainEntry } from './explain.ts';
import { showLab } from './lab.ts';
import { showTab, useLayout } from './layout.ts';
import { closeFrame, openAddress, openFrame } from './memory.ts';
import { showRange } from './memoryMap.ts';
import { notify } from './notice.ts';
import { spaceOfPid, useProcesses } from './processes.ts';
import { readPage } from './reading.ts';
import { isSameSpace, NO_READING, type Space, useSpace } from './space.ts';
import { useTarget } from './target.ts';
import { scopeOf, show, useView } from './view.ts';

const set = useSpace.setState;
const get = useSpace.getState;

/** Chooses a process, and reads its regions while it is checked. */
export async function selectProcess(space: Space): Promise<void> {
  cancelCheck();
  dropCheck();
  closeFrame();
  set({
    space,
    region: 0,
    only: undefined,
    regions: undefined,
    regionsError: undefined,
    va: undefined,
    ...NO_READING,
  });
  // The check reads the regions for itself: a machine that is far away is asked for both at once.
  const checking = startCheck();
  try {
    const regions = await explorer().call('regions', { pid: space.pid, startTicks: space.startTicks });
    if (get().space !== space) return;
    const { va } = get();
    set({ regions, region: va === undefined ? 0 : regionAt(regions, va) });
    if (regions.begin.length > 0) return await checking;
  } catch (error) {
    if (get().space !== space) return;
    set({ regionsError: failure(error) });
  }
  // There is nothing to check, which the window says already.
  cancelCheck();
  dropCheck();
}

/** Chooses an address of the chosen process, and opens the frame that it maps. */
export async function selectVa(va: bigint): Promise<void> {
  const { space, regions } = get();
  if (!space) return;
  pageIsChosen();
  const inside = regions ? regionAt(regions, va) : -1;
  if (inside >= 0) set({ region: inside });
  await readPage(va);
}

/** Chooses a region, and the first page of it that is mapped. */
export async function chooseRegion(region: number): Promise<void> {
  const { regions } = get();
  const begin = regions?.begin[region];
  const end = regions?.end[region];
  if (begin === undefined || end === undefined) return;
  set({ only: undefined });
  const runs = shownCheck(useCheck.getState())?.rows?.runs;
  await selectVa(runs ? firstMapped(runs, begin, end) : begin);
}

/** Chooses a process unless it is chosen already; then an address of it, unless another process was chosen meanwhile. */
async function choose(space: Space, va?: bigint): Promise<void> {
  if (!isSameSpace(get().space, space)) await selectProcess(space);
  if (va !== undefined && isSameSpace(get().space, space)) await selectVa(va);
}

/** Goes to an address of any process. */
export async function goTo(space: Space, va: bigint): Promise<void> {
  await choose(space, va);
}

/**
 * Turns to another view. Those of the process show the page that is chosen in it, also if a frame was chosen elsewhere
 * since.
 */
export function turnTo(view: View): void {
  show(view);
  const { va, reading } = get();
  if (scopeOf(view) !== 'process' || (useChosen.getState().scope === 'process' && reading?.va === va)) return;
  if (va === undefined) closeFrame();
  else void selectVa(va);
}

/** Goes to the destination of a pasted text; commands are not places. */
export function go(to: Exclude<Destination, { kind: 'command' }>): void {
  if (to.kind === 'process' || to.kind === 'va') {
    if (scopeOf(useView.getState().view) !== 'process') turnTo('space');
    void (to.kind === 'process' ? selectProcess(to) : selectVa(to.va));
  } else if (to.kind === 'region') {
    turnTo('space');
    void selectVa(to.va);
  } else if (to.kind === 'address') {
    turnTo('space');
    void goTo(to.process, to.va);
  } else if (to.kind === 'table') {
    openAddress(to.pa, { level: useTarget.getState().target?.levels ?? 4, base: 0n });
    showFrame();
  } else if (to.kind === 'entry') explainEntry(to.raw);
  else if (to.kind === 'place') void visit(to.place);
  else {
    openFrame(to.pfn, to.offset);
    showFrame();
  }
}

/** A frame that was asked for by itself has no walk: its facts are shown. */
function showFrame(): void {
  if (useLayout.getState().tab === 'walk') showTab('frame');
}

/** Goes to the place of a link. */
export async function visit(place: Place): Promise<void> {
  if ('pid' in place) {
    const space = spaceOfPid(useProcesses.getState().processes, place.pid);
    if (!space) return notify(new Error(`There is no process ${place.pid}`));
    // At once: whoever turns to another view meanwhile stays there.
    turnTo(place.view === 'tables' ? 'tables' : 'space');
    await choose(space, place.view === 'address' ? place.va : undefined);
  } else if (place.view === 'frame') {
    openAddress(place.pa);
    showFrame();
  } else if (place.view === 'cpus') turnTo('cpus');
  else if (place.view === 'lab') {
    turnTo('labs');
    showLab(place.name as LabName);
  } else if (place.view === 'owners') {
    openFrame(place.pfn);
    showTab('owners');
  } else if (place.view === 'entry') {
    const levels = useTarget.getState().target?.levels ?? 4;
    explainEntry(place.raw, place.level ? parseLevel(place.level, levels) : undefined);
  } else {
    turnTo('memory');
    showRange(place.begin === undefined ? undefined : { begin: place.begin, end: place.end ?? 0n });
  }
}
