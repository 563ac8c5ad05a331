// SPDX-License-Identifier: GPL-2.0-only
// Sets of rows by index as ranges, because a list may have 10^10 rows.

/** Ranges [from, to) in ascending order, with gaps between them. */
export type Ranges = readonly (readonly [from: number, to: number])[];

export const sizeOf = (ranges: Ranges): number => ranges.reduce((sum, [from, to]) => sum + to - from, 0);

export const hasIndex = (ranges: Ranges, index: number): boolean =>
  ranges.some(([from, to]) => from <= index && index < to);

export function* indexesOf(ranges: Ranges): Generator<number> {
  for (const [from, to] of ranges) for (let i = from; i < to; i++) yield i;
}

/** The range that both ends belong to. */
export const between = (a: number, b: number): Ranges => [[Math.min(a, b), Math.max(a, b) + 1]];

/** Ranges of indexes in ascending order. */
export function rangesOf(indexes: Iterable<number>): Ranges {
  const ranges: [number, number][] = [];
  for (const index of indexes) {
    const last = ranges.at(-1);
    if (last && last[1] === index) last[1]++;
    else ranges.push([index, index + 1]);
  }
  return ranges;
}

/** Without the index if it was there, else with it. */
export function toggled(ranges: Ranges, index: number): Ranges {
  if (hasIndex(ranges, index))
    return ranges.flatMap(([from, to]): Ranges => {
      if (index < from || index >= to) return [[from, to]];
      return (
        [
          [from, index],
          [index + 1, to],
        ] as const
      ).filter(([a, b]) => a < b);
    });
  const before = ranges.filter(([, to]) => to < index);
  const after = ranges.filter(([from]) => from > index + 1);
  const touching = ranges.slice(before.length, ranges.length - after.length);
  return [
    ...before,
    [Math.min(index, touching[0]?.[0] ?? index), Math.max(index + 1, touching.at(-1)?.[1] ?? 0)],
    ...after,
  ];
}
