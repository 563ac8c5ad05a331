// SPDX-License-Identifier: GPL-2.0-only
// Colours for a few of many things, such as processes. A key names those, and all others have one colour together.

/** As many as there are colours (tokens.css): more could not be told apart. */
export const MOST_SERIES = 10;

/** The place of each thing among the colours. */
export type Series<T> = ReadonlyMap<T, number>;

/** Places for the first of these things. Who had one before keeps it; if all have the same ones, `before` is returned. */
export function seriesOf<T>(things: readonly T[], before: Series<T> = new Map()): Series<T> {
  const named = things.slice(0, MOST_SERIES);
  if (named.length === before.size && named.every((thing) => before.has(thing))) return before;
  const kept = new Set(named.flatMap((thing) => before.get(thing) ?? []));
  const free = Array.from({ length: MOST_SERIES }, (_, i) => i).filter((i) => !kept.has(i));
  return new Map(named.map((thing) => [thing, before.get(thing) ?? (free.shift() as number)]));
}

/** The token with the colour of a place; undefined: of the others. */
export const seriesToken = (place: number | undefined): string => `--series-${place ?? 'others'}`;
