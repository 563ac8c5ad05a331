// SPDX-License-Identifier: GPL-2.0-only
// Ranges of pages or frames, cut where a filter may tell one from the next.

/** The begin and the end of each of these things of `size`, ascending. */
export const cutsAround = (begins: readonly bigint[], size: bigint): bigint[] =>
  [...new Set(begins.flatMap((begin) => [begin, begin + size]))].sort((a, b) => (a < b ? -1 : 1));

/** [begin, end) in pieces. */
export function* piecesOf(begin: bigint, end: bigint, cuts: readonly bigint[]): Generator<[from: bigint, to: bigint]> {
  let from = begin;
  for (const to of [...cuts.filter((cut) => cut > begin && cut < end), end]) {
    yield [from, to];
    from = to;
  }
}
