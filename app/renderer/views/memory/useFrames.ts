// SPDX-License-Identifier: GPL-2.0-only
// The frames of a range that a filter matches, read when they are shown and with each walk.
import { useEffect, useState } from 'react';
import type { Failure, MemoryMap } from '../../../contract/api.ts';
import { explorer, failure } from '../../lib/client.ts';
import type { FilteredFrame } from '../../lib/fields.ts';
import type { Filter } from '../../lib/filter.ts';
import { type FramesFound, filterFrames, MOST_READ } from '../../lib/filteredFrames.ts';

export interface FramesShown {
  /** Undefined until all are read. */
  readonly found?: (FramesFound & { readonly at: Date; readonly filtered: boolean }) | undefined;
  /** Frames that were read so far. */
  readonly reading?: number | undefined;
  readonly error?: Failure | undefined;
}

/** `map`: of the walk that the frames are to be by. */
export function useFrames(
  { begin, end }: MemoryMap,
  walks: number,
  filter: Filter<FilteredFrame> | undefined,
  nameOf: (pid: number) => string,
): FramesShown {
  const [shown, setShown] = useState<FramesShown>({});
  useEffect(() => {
    let live = true;
    setShown({ reading: 0 });
    filterFrames({
      begin,
      end,
      filter,
      nameOf,
      most: MOST_READ,
      read: (from, to) => explorer().call('listFrames', { begin: from, end: to }),
      goesOn: (reading) => {
        if (live) setShown({ reading });
        return live;
      },
    }).then(
      (found) => {
        if (live && found) setShown({ found: { ...found, at: new Date(), filtered: filter !== undefined } });
      },
      (error) => {
        if (live) setShown({ error: failure(error) });
      },
    );
    return () => {
      live = false;
    };
    // A process that comes or goes does not read the frames again
  }, [begin, end, walks, filter]);
  return shown;
}
