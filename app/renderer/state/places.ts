// SPDX-License-Identifier: GPL-2.0-only
// The places that were looked at, to go back to and forward again.
import { create } from 'zustand';
import { pageOf, pfnOf } from '../../contract/paging.ts';
import type { View } from '../../contract/views.ts';
import { added, canMove, NO_TRAIL, replaced, type Trail } from '../lib/trail.ts';
import { nothingIsChosen, useChosen } from './chosen.ts';
import { openAddress, type TableShown, useMemory } from './memory.ts';
import { type FrameRange, showRange, useMemoryMap } from './memoryMap.ts';
import { selectProcess, selectVa } from './navigate.ts';
import { dismissNotice } from './notice.ts';
import { frameOfPage, isSameSpace, type Space, useSpace } from './space.ts';
import { scopeOf, show, useView } from './view.ts';

/** A view and what is chosen in it. */
export interface Looked {
  readonly view: View;
  readonly space?: Space | undefined;
  readonly va?: bigint | undefined;
  /** Of a frame that was opened for itself, not as that of the page. */
  readonly pa?: bigint | undefined;
  readonly table?: TableShown | undefined;
  readonly range?: FrameRange;
}

export const usePlaces = create<Trail<Looked>>(() => NO_TRAIL);
const set = usePlaces.setState;
const get = usePlaces.getState;

/** What is looked at now. */
export function lookedAt(): Looked {
  const { view } = useView.getState();
  const scope = scopeOf(view);
  const chosen = useChosen.getState();
  const here = chosen.scope === scope;
  const state = useSpace.getState();
  const { cursor, table } = useMemory.getState();
  const hasPage = scope === 'process' || (here && chosen.page);
  const own = here && cursor !== undefined && !(hasPage && frameOfPage(state) === pfnOf(cursor) && !table);
  return {
    view,
    ...(hasPage && { space: state.space, va: state.va }),
    ...(own && { pa: cursor, table }),
    ...(view === 'memory' && { range: useMemoryMap.getState().range }),
  };
}

/** The same for places between which Back makes no difference. */
const keyOf = ({ view, space, va, pa, table, range }: Looked): string =>
  [
    view,
    space && `${space.pid}:${space.startTicks}`,
    va !== undefined && pageOf(va),
    pa !== undefined && pfnOf(pa),
    table?.level,
    range && `${range.begin}-${range.end}`,
  ].join(' ');

/** Whether the last thing that the user did was to move by a key. Such moves are one place: where they end. */
let moving = false;
let movedTo: Looked | undefined;
/** The place that Back or Forward leads to, until it is reached or the user does something else. */
let leadingTo: Looked | undefined;

function record(): void {
  const now = lookedAt();
  const trail = get();
  const last = trail.places[trail.at];
  if (leadingTo) {
    if (keyOf(now) !== keyOf(leadingTo)) return;
    leadingTo = undefined;
  }
  // A process is shown without a page only until its check has found one.
  const unfinished = last && last.view === now.view && isSameSpace(last.space, now.space) && last.va === undefined;
  if (!last || keyOf(last) === keyOf(now) || (unfinished && last.pa === undefined && now.va !== undefined))
    set(replaced(trail, now));
  else if (moving && movedTo === last && last.view === now.view) set(replaced(trail, now));
  else {
    set(added(trail, now));
    dismissNotice();
  }
  movedTo = moving ? now : undefined;
}

let waiting = false;
/** Looks once all stores have what belongs together. */
function recordSoon(): void {
  if (waiting) return;
  waiting = true;
  queueMicrotask(() => {
    waiting = false;
    record();
  });
}

/** Shows the place before or after this one. */
export async function move(by: -1 | 1): Promise<void> {
  const trail = get();
  if (!canMove(trail, by)) return;
  const place = trail.places[trail.at + by] as Looked;
  set({ places: trail.places, at: trail.at + by });
  leadingTo = place;
  const { view, space, va, pa, table, range } = place;
  show(view);
  if (view === 'memory') showRange(range);
  if (space && !isSameSpace(useSpace.getState().space, space)) await selectProcess(space);
  if (leadingTo !== place) return;
  if (va !== undefined) await selectVa(va);
  if (leadingTo !== place) return; // it is reached, or the user has gone elsewhere
  if (pa !== undefined) openAddress(pa, table);
  else if (va === undefined) nothingIsChosen();
}

const MOVES: ReadonlySet<string> = new Set([
  'ArrowUp',
  'ArrowDown',
  'ArrowLeft',
  'ArrowRight',
  'PageUp',
  'PageDown',
  'Home',
  'End',
]);

/** Records from now on, and obeys the buttons of the mouse. */
export function keepPlaces(): void {
  for (const store of [useView, useSpace, useMemory, useMemoryMap, useChosen]) store.subscribe(recordSoon);
  const act = (by: -1 | 1, event: Event) => {
    event.preventDefault(); // a browser would leave the page
    void move(by);
  };
  window.addEventListener(
    'keydown',
    (event) => {
      moving = !event.altKey && MOVES.has(event.key);
      if (!event.altKey) leadingTo = undefined; // Alt+Left is Back itself
    },
    { capture: true },
  );
  window.addEventListener(
    'pointerdown',
    () => {
      moving = false;
      leadingTo = undefined;
    },
    { capture: true },
  );
  window.addEventListener('mouseup', (event) => {
    if (event.button === 3) act(-1, event);
    else if (event.button === 4) act(1, event);
  });
}
