// SPDX-License-Identifier: GPL-2.0-only
// Reads the frames on screen, and reads them again while they stay there.
import { useEffect } from 'react';
import { loadFrames, refresh } from '../../state/memory.ts';
import { onRefresh } from '../../state/refresh.ts';

/** Frames that are read ahead. */
const AHEAD = 16;

/** `frames`: the frame numbers on screen, ascending. */
export function useLoaded(frames: readonly bigint[]): void {
  const first = frames[0];
  const last = frames.at(-1);
  useEffect(() => {
    if (first === undefined || last === undefined) return;
    // A hole on screen separates two ranges.
    const count = Number(last - first) + 1;
    if (count > 64) void Promise.all([loadFrames(first, 1), loadFrames(last, 1)]);
    else void loadFrames(first, count);
    void loadFrames(last + 1n, AHEAD);
    if (first > BigInt(AHEAD)) void loadFrames(first - BigInt(AHEAD), AHEAD);
  }, [first, last]);
  useEffect(() => {
    if (first === undefined || last === undefined) return;
    const count = Number(last - first) + 1;
    return onRefresh(() => refresh(first, count > 64 ? 1 : count));
  }, [first, last]);
}
