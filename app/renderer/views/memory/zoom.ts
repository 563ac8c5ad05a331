// SPDX-License-Identifier: GPL-2.0-only
// Zooms into the map and out of it.
import type { MemoryMap } from '../../../contract/api.ts';
import type { FrameRange } from '../../state/memoryMap.ts';

type Range = { readonly begin: bigint; readonly end: bigint };

const ZOOM = 32n;

/** A range of a number of frames around a middle, within [0, end). */
function around(middle: bigint, frames: bigint, end: bigint): Range {
  const begin = middle > frames / 2n ? middle - frames / 2n : 0n;
  return { begin, end: begin + frames < end ? begin + frames : end };
}

/** The range to show when zooming in to a cell. */
export function closer(map: MemoryMap, cell: Range, end: bigint): Range {
  const part = (map.end - map.begin) / ZOOM;
  return around((cell.begin + cell.end) / 2n, part > map.framesPerCell ? part : map.framesPerCell, end);
}

/** The range to show when zooming out; undefined: all of memory. */
export function farther(range: Range, end: bigint): FrameRange {
  const frames = (range.end - range.begin) * ZOOM;
  return frames >= end ? undefined : around((range.begin + range.end) / 2n, frames, end);
}
