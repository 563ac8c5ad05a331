// SPDX-License-Identifier: GPL-2.0-only
// The chosen process: its regions, and the address that is translated.
import { create } from 'zustand';
import type { Failure, PageReading, Regions } from '../../contract/api.ts';
import { regionAt } from '../../contract/regions.ts';
import type { Verdict } from '../../contract/verdicts.ts';
import { save } from '../lib/saved.ts';

export interface Space {
  readonly pid: number;
  readonly startTicks: bigint;
  readonly name: string;
}

export const isSameSpace = (a: Space | undefined, b: Space | undefined): boolean =>
  a?.pid === b?.pid && a?.startTicks === b?.startTicks;

interface SpaceState {
  readonly space?: Space;
  readonly regions?: Regions | undefined;
  readonly regionsError?: Failure | undefined;
  /** Index into regions; -1: none is chosen. */
  readonly region: number;
  /** Show only the pages with this verdict, of all regions. */
  readonly only?: Verdict | undefined;
  /** The address that is selected in the table. */
  readonly va?: bigint | undefined;
  /** A page as it was read last: what every part of the window shows of it. Of `va`, once that has been read. */
  readonly reading?: Reading | undefined;
  /** When the reading was last found to be so, by the clock of this window. */
  readonly readAt?: Date | undefined;
  /** Why it could not be read at all. */
  readonly readingError?: Failure | undefined;
  /** Whether the reading stays as it is while the page changes. */
  readonly pinned: boolean;
  /** Why the reading that is shown is no longer true, and since when that is known. */
  readonly outdated?: Outdated | undefined;
}

/** A page in one reading. It stays the same object while reading the page again gives the same. */
export interface Reading extends PageReading {
  readonly va: bigint;
}

export interface Outdated {
  readonly at: Date;
  readonly why: string;
}

export const NO_READING = {
  reading: undefined,
  readAt: undefined,
  readingError: undefined,
  pinned: false,
  outdated: undefined,
} as const;

export const useSpace = create<SpaceState>(() => ({ region: 0, pinned: false }));
// By its name: when the window is opened next, another process has the PID.
useSpace.subscribe(({ space }, before) => {
  if (space && space !== before.space) save('process', space.name);
});

/**
 * Lists the pages with a verdict, of all regions: none of them is the chosen one until a page is chosen. Undefined: lists
 * those of the region of the chosen page again.
 */
export const showOnly = (only: Verdict | undefined): void =>
  useSpace.setState(({ regions, va }) => ({
    only,
    region: only || va === undefined || !regions ? -1 : regionAt(regions, va),
  }));

/** The frame of the page that was read last; undefined: it maps none, or none was read. */
export const frameOfPage = ({ reading }: SpaceState): bigint | undefined => reading?.frame?.pfn;
