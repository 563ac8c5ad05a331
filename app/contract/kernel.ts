// SPDX-License-Identifier: GPL-2.0-only
// Words of the kernel walk, as kmod/cr3scope.h defines them ("Words").
import type { KernelPath, Path } from './api.ts';
import { hex } from './format.ts';

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

const WORDS: Readonly<Partial<Record<KernelKind, string>>> = {
  notAsked: 'not ready',
  none: '—',
  raced: 'raced',
  noRegion: 'no region',
  bad: 'bad entry',
  presentCleared: 'P cleared',
};

/** What the kernel says of a page, in a cell: a frame number, "swap 0:1f2", or a word. */
export function sayKernel(word: bigint): string {
  const { kind, swapType, value } = kernelWord(word);
  if (kind === 'page') return hex(value, 7);
  if (kind === 'swap' || kind === 'marker') return `swap ${swapType}:${hex(value)}`;
  return WORDS[kind] ?? kind;
}

/** A and D, which the hardware sets by itself. */
const INFORMATIVE = 0x60n;

/** The highest level at which the kernel's walk went through another table or entry than ours; 0 where there is none. */
export function differingLevel(kernel: KernelPath, path: Path, levels: number): number {
  if (kernel.last === 0) return 0; // no region there: the kernel did not look
  for (let level = levels; level >= Math.min(kernel.last, path.last || levels); level--) {
    const entries = (kernel.entry[level] as bigint) ^ (path.entry[level] as bigint);
    if (kernel.table[level] !== path.table[level] || entries & ~INFORMATIVE) return level;
  }
  return 0;
}
