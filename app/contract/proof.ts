// SPDX-License-Identifier: GPL-2.0-only
// The byte proof in words.
import type { ByteProof } from './api.ts';
import { count } from './format.ts';

/** "4 000 of 4 003 pages the same, 3 changing while read". */
export function sayProof({ pages, same, changing, moved, noFrame, noMemory, differ }: ByteProof): string {
  if (pages === 0n) return 'no page is mapped';
  return [
    `${count(same)} of ${count(pages)} pages the same`,
    ...(differ ? [`${count(differ)} DIFFER`] : []),
    ...(changing ? [`${count(changing)} changing while read`] : []),
    ...(moved ? [`${count(moved)} moved meanwhile`] : []),
    ...(noFrame ? [`${count(noFrame)} frames not readable`] : []),
    ...(noMemory ? [`${count(noMemory)} not readable through /proc/PID/mem`] : []),
  ].join(', ');
}
