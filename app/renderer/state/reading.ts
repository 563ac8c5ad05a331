// SPDX-License-Identifier: GPL-2.0-only
// The reading of the chosen page. Its translation, its row and its frame are read together, and replaced together: what is on
// screen of a page is of one moment.
import type { PageReading } from '../../contract/api.ts';
import { effectsOf } from '../../contract/effects.ts';
import { hex } from '../../contract/format.ts';
import { pfnOf, physicalAddress } from '../../contract/paging.ts';
import { pageStates } from '../../contract/watch.ts';
import { explorer, failure } from '../lib/client.ts';
import { isSame } from '../lib/same.ts';
import { closeFrame, followFrame, openAddress, settleFrame, takeFrame, useMemory } from './memory.ts';
import { onRefresh, shownTogether } from './refresh.ts';
import { type Reading, useSpace } from './space.ts';
import { scopeOf, useView } from './view.ts';

const set = useSpace.setState;
const get = useSpace.getState;

/** The state of a page in a reading; undefined in the kernel half, which has no rows. */
function stateOf({ translation: { row }, frame }: PageReading) {
  const unknown = (1n << 64n) - 1n;
  return row && pageStates(row, [frame?.flags ?? unknown], [frame?.count ?? unknown], 0n)[0];
}

/** What differs between two readings, in words; "" if nothing does. */
export function whatDiffers(before: PageReading, now: PageReading): string {
  const [from, to] = [stateOf(before), stateOf(now)];
  if (before.translation.rootPa !== now.translation.rootPa) return 'the process has another root';
  if (!from || !to)
    return before.translation.path.entry.every((entry, level) => entry === now.translation.path.entry[level])
      ? ''
      : 'an entry of the walk is another one';
  if (from.raw === to.raw && from.pagemap === to.pagemap && from.pfn === to.pfn) return '';
  const frame = from.pfn !== to.pfn && now.frame ? ` (${hex(now.frame.pfn)})` : '';
  return `${effectsOf(from, to)
    .map((effect) => effect.text)
    .join('; ')}${frame}`;
}

/** Reads the chosen page; undefined if it can't be read, or another one was chosen meanwhile. */
async function read(): Promise<Reading | undefined> {
  const { space, va } = get();
  if (!space || va === undefined) return undefined;
  const mine = () => get().va === va && get().space === space;
  try {
    const page = await explorer().call('page', { pid: space.pid, startTicks: space.startTicks, va });
    return mine() ? { ...page, va } : undefined;
  } catch (error) {
    if (!mine()) return undefined;
    const why = failure(error);
    // What was read of it before stays.
    if (get().reading?.va === va) {
      const words = why.code === 'ESRCH' ? 'the process is gone' : why.message;
      set({ outdated: get().outdated ?? { at: new Date(), why: words } });
    } else set({ reading: undefined, readingError: why });
    return undefined;
  }
}

/** Shows a reading in place of the one before. The hex view goes along if it showed the frame of that. */
function take(reading: Reading, before: Reading | undefined): void {
  const now = { readAt: new Date(), readingError: undefined, outdated: undefined };
  const { frame, va, translation } = reading;
  if (before && isSame(before, reading)) {
    set(now);
    if (frame) settleFrame(frame.pfn);
    return;
  }
  set({ reading, ...now });
  if (frame) takeFrame(frame);
  if (!before) {
    if (frame) openAddress(physicalAddress(va, translation.path.leaf));
    else closeFrame();
    return;
  }
  const { cursor } = useMemory.getState();
  if (!before.frame || before.frame.pfn === frame?.pfn || pfnOf(cursor ?? -1n) !== before.frame.pfn) return;
  if (frame) followFrame(frame.pfn);
  else closeFrame();
}

/** Chooses an address, reads its page, and opens the frame that it maps. */
export async function readPage(va: bigint): Promise<void> {
  set({ va, pinned: false, outdated: undefined });
  const scope = scopeOf(useView.getState().view);
  const reading = await read();
  // Its frame is not opened beside a view that the user has turned to meanwhile. `turnTo` reads it again.
  if (reading && scopeOf(useView.getState().view) === scope) take(reading, undefined);
}

/** Reads the chosen page again, also a pinned one. */
export async function readAgain(): Promise<void> {
  const { reading: before, va } = get();
  const reading = await read();
  if (reading) take(reading, before?.va === va ? before : undefined);
}

export const togglePin = (): void => set({ pinned: !get().pinned });

async function refresh(): Promise<void> {
  const before = get().reading;
  if (!before || before.va !== get().va) return;
  const reading = await read();
  await shownTogether();
  if (!reading || get().reading !== before || before.va !== get().va) return;
  if (!get().pinned) return take(reading, before);
  const why = whatDiffers(before, reading);
  set({ outdated: why ? (get().outdated ?? { at: new Date(), why }) : undefined });
}

/** Reads the chosen page again from time to time. A pinned reading stays, and is marked once it is no longer true. */
export function keepReading(): void {
  onRefresh(refresh);
}
