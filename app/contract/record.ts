// SPDX-License-Identifier: GPL-2.0-only
// The words of the frame record (native/core/record_word.h).

/** By number. */
const KINDS = [
  'not asked',
  'nothing',
  'anonymous',
  'file',
  'KSM',
  'zero page',
  'huge zero page',
  'hugetlb',
  'no record',
  'belongs elsewhere',
  'no region',
  'more access than the region',
  'mapped at other places, too, or at fewer',
  'missing',
] as const;

const OTHER_COUNT = KINDS.indexOf('mapped at other places, too, or at fewer');
const MISSING = KINDS.indexOf('missing');

/** What the word says, and the frame if that belongs where it is mapped. */
export function recordWord(word: bigint): { text: string; pfn?: bigint } {
  const kind = Number((word >> 58n) & 31n);
  const value = word & ((1n << 52n) - 1n);
  const text = KINDS[kind] ?? 'unknown';
  if (kind === OTHER_COUNT) {
    const [recorded, found] = [value >> 26n, value & ((1n << 26n) - 1n)];
    return { text: `mapped ${recorded}×, found ${found}×` };
  }
  if (kind === MISSING) return { text: `frame ${value.toString(16)} is missing` };
  return word >> 63n ? { text, pfn: value } : { text };
}
