// SPDX-License-Identifier: GPL-2.0-only
// The part of physical memory that the map shows.
import { create } from 'zustand';

/** Frames, end exclusive; undefined: all of them. */
export type FrameRange = { readonly begin: bigint; readonly end: bigint } | undefined;

export const useMemoryMap = create<{ readonly range?: FrameRange }>(() => ({}));

export const showRange = (range: FrameRange): void => useMemoryMap.setState({ range });
