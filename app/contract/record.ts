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
] as const;

/** What the word says, and the frame if that belongs where it is mapped. */
export function recordWord(word: bigint): { text: string; pfn?: bigint } {
  const text = KINDS[Number((word >> 58n) & 31n)] ?? 'unknown';
  return word >> 63n ? { text, pfn: word & ((1n << 52n) - 1n) } : { text };
}
