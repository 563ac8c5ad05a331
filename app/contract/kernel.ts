// SPDX-License-Identifier: GPL-2.0-only
// Words of the kernel walk, as kmod/cr3scope.h defines them ("Words").
import { entryText } from './entry.ts';

export const KERNEL_KINDS = [
  'notAsked',
  'none',
  'page',
  'swap',
  'migration',
  'device',
  'hwpoison',
  'marker',
  'swapinError',
  'bad',
  'raced',
  'noRegion',
  'presentCleared',
] as const;
export type KernelKind = (typeof KERNEL_KINDS)[number];

export interface KernelWord {
  readonly kind: KernelKind;
  /** Size of the mapping that holds the page: 12, 21 or 30. */
  readonly shift: number;
  readonly swapType: number;
  /** Frame number, swap offset or marker bits. */
  readonly value: bigint;
}

export const kernelWord = (word: bigint): KernelWord => ({
  kind: KERNEL_KINDS[Number(word >> 60n)] ?? 'bad',
  shift: 12 + 9 * Number((word >> 58n) & 3n),
  swapType: Number((word >> 53n) & 31n),
  value: word & ((1n << 50n) - 1n),
});

/** Kinds that no entry of a page table has. */
const WORDS = {
  notAsked: 'not ready',
  raced: 'raced',
  noRegion: 'no region',
  bad: 'bad entry',
} as const;
const hasWord = (kind: KernelKind): kind is keyof typeof WORDS => kind in WORDS;

/** What the kernel reports of a page, in a cell: as entryText(), or a state of the walk itself. */
export function kernelText(word: bigint): string {
  const { kind, swapType, value } = kernelWord(word);
  if (hasWord(kind)) return WORDS[kind];
  return entryText({ kind: kind === 'page' ? 'leaf' : kind, pfn: value, swapType, swapOffset: value });
}
