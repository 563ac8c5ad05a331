// SPDX-License-Identifier: GPL-2.0-only
// What an entry names, in a few words: the same for the table walk and the kernel walk.
import { expect, test } from 'vitest';
import { entryText } from '../../app/contract/entry.ts';
import { kernelText } from '../../app/contract/kernel.ts';

const entry = { kind: 'none', pfn: 0n, swapType: 0, swapOffset: 0n } as const;
/** A word of the kernel walk: kmod/cr3scope.h, "Words". */
const word = (kind: bigint, value: bigint, type = 0n) => (kind << 60n) | (type << 53n) | value;

test.each([
  ['—', { ...entry }, word(1n, 0n)],
  ['0001f3a', { ...entry, kind: 'leaf', pfn: 0x1f3an }, word(2n, 0x1f3an)],
  ['swap 1:2f', { ...entry, kind: 'swap', swapType: 1, swapOffset: 0x2fn }, word(3n, 0x2fn, 1n)],
  ['under migration 0001f3a', { ...entry, kind: 'migration', pfn: 0x1f3an, swapType: 30 }, word(4n, 0x1f3an, 30n)],
  ['hardware poison 0001f3a', { ...entry, kind: 'hwpoison', pfn: 0x1f3an, swapType: 27 }, word(6n, 0x1f3an, 27n)],
  ['marker · guard', { ...entry, kind: 'marker', swapType: 31, swapOffset: 4n }, word(7n, 4n, 31n)],
  ['marker · uffd-wp, poisoned', { ...entry, kind: 'marker', swapType: 31, swapOffset: 3n }, word(7n, 3n, 31n)],
  ['marker · 0x8', { ...entry, kind: 'marker', swapType: 31, swapOffset: 8n }, word(7n, 8n, 31n)],
  ['present bit cleared', { ...entry, kind: 'presentCleared' }, word(12n, 0n)],
] as const)('an entry and the kernel’s word for it are both shown as "%s"', (text, decoded, kernel) => {
  expect([entryText(decoded), kernelText(kernel)]).toEqual([text, text]);
});

test('words that only the kernel walk has', () => {
  expect([0n, 10n, 11n].map((kind) => kernelText(word(kind, 0n)))).toEqual(['not ready', 'raced', 'no region']);
});
