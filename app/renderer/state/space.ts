// SPDX-License-Identifier: GPL-2.0-only
// The chosen process: its regions, and the address that is translated.
import { create } from 'zustand';
import type { Failure, Regions, Translation } from '../../contract/api.ts';
import { regionAt } from '../../contract/regions.ts';
import type { Verdict } from '../../contract/verdicts.ts';

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
  /** The address that is translated and selected in the table. */
  readonly va?: bigint | undefined;
  readonly translation?: Translation | undefined;
  readonly translationError?: Failure | undefined;
}

export const useSpace = create<SpaceState>(() => ({ region: 0 }));

/**
 * Lists the pages with a verdict, of all regions: none of them is the chosen one until a page is chosen. Undefined: lists
 * those of the region of the chosen page again.
 */
export const showOnly = (only: Verdict | undefined): void =>
  useSpace.setState(({ regions, va }) => ({
    only,
    region: only || va === undefined || !regions ? -1 : regionAt(regions, va),
  }));
