// SPDX-License-Identifier: GPL-2.0-only
// Looking closer at frames, and back.
import type { MemoryMap } from '../../../contract/api.ts';
import type { FrameRange } from '../../state/memoryMap.ts';

type Range = { readonly begin: bigint; readonly end: bigint };

const ZOOM = 32n;

/** A range of so many frames around a middle, within [0, end). */
function around(middle: bigint, frames: bigint, end: bigint): Range {
  const begin = middle > frames / 2n ? middle - frames / 2n : 0n;
  return { begin, end: begin + frames < end ? begin + frames : end };
}

/** The part of the map around a cell. */
export function closer(map: MemoryMap, cell: Range, end: bigint): Range {
  const part = (map.end - map.begin) / ZOOM;
  return around((cell.begin + cell.end) / 2n, part > map.framesPerCell ? part : map.framesPerCell, end);
}

/** More around a range; undefined: all of memory. */
export function farther(range: Range, end: bigint): FrameRange {
  const frames = (range.end - range.begin) * ZOOM;
  return frames >= end ? undefined : around((range.begin + range.end) / 2n, frames, end);
}
