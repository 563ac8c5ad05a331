// SPDX-License-Identifier: GPL-2.0-only
// The changes of a page that brought it another frame.
import { mapsFrame } from '../../../contract/paging.ts';
import type { Change } from '../../state/watch.ts';

/** A page that was unmapped and mapped anew counts from its last frame. */
export function movesOf(changes: readonly Change[]): Change[] {
  let last: bigint | undefined;
  return changes.filter(({ from, to }) => {
    if (mapsFrame(from.kind)) last = from.pfn;
    if (!mapsFrame(to.kind)) return false;
    const moved = last !== undefined && last !== to.pfn;
    last = to.pfn;
    return moved;
  });
}
