// SPDX-License-Identifier: GPL-2.0-only
// A list of places with a position in it, as Back and Forward need it.

/** The most places that are kept. */
const MOST = 200;

export interface Trail<T> {
  readonly places: readonly T[];
  /** Index of the place that is shown; -1: there is none. */
  readonly at: number;
}

export const NO_TRAIL: Trail<never> = { places: [], at: -1 };

/** Adds a place behind the one that is shown. What was ahead is forgotten. */
export function added<T>({ places, at }: Trail<T>, place: T): Trail<T> {
  const kept = [...places.slice(0, at + 1), place].slice(-MOST);
  return { places: kept, at: kept.length - 1 };
}

/** Puts a place in the position of the one that is shown. */
export const replaced = <T>({ places, at }: Trail<T>, place: T): Trail<T> =>
  at < 0 ? { places: [place], at: 0 } : { places: places.with(at, place), at };

export const canMove = <T>({ places, at }: Trail<T>, by: -1 | 1): boolean => at + by >= 0 && at + by < places.length;
