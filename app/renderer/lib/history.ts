// SPDX-License-Identifier: GPL-2.0-only
// Lists that grow as long as a watch or a trace runs, with a bound.

/** So many changes or events are kept: a day of them has a bound. */
export const MOST_KEPT = 20_000;

/** The list with more at its end; the oldest are forgotten. */
export const append = <T>(list: readonly T[], more: readonly T[]): readonly T[] => [...list, ...more].slice(-MOST_KEPT);
