// SPDX-License-Identifier: GPL-2.0-only
// Lists that grow while a watch or a trace runs, up to a limit.

/** The number of changes or events that are kept. */
export const MOST_KEPT = 20_000;

/** Appends to a list. Drops the oldest elements above the limit. */
export const append = <T>(list: readonly T[], more: readonly T[]): readonly T[] => [...list, ...more].slice(-MOST_KEPT);
