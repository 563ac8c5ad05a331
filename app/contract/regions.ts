// SPDX-License-Identifier: GPL-2.0-only
// Which region covers an address, and what it means that one does or none does.
import type { Regions } from './api.ts';
import { bytes, hex, hexVa } from './format.ts';
import { halfOf, isVsyscall } from './paging.ts';

/** Index of the region that covers `va`, -1 where none does. */
export const regionAt = ({ begin, end }: Regions, va: bigint): number =>
  begin.findIndex((first, i) => first <= va && va < (end[i] as bigint));

/** "rw-p [heap], 55d0…–55d1… (132 KiB), offset 0x1f00 in it", or why there is none and what that means. */
export function regionText(regions: Regions, va: bigint): string {
  if (isVsyscall(va))
    return '[vsyscall]: the page of the oldest system calls, at the same address for every process. It lies in the kernel half, so pagemap does not cover it. User mode may only call it; the kernel then emulates the system call (arch/x86/entry/vsyscall).';
  if (halfOf(va) === 'kernel') return 'none: regions belong to the user half';
  const at = regionAt(regions, va);
  if (at < 0)
    return 'none covers this address: access raises SIGSEGV. pagemap and the kernel walk look into regions only, so whatever the tables hold here is not confirmed by them.';
  const [begin, end] = [regions.begin[at] as bigint, regions.end[at] as bigint];
  return `${regions.permissions[at]} ${regions.path[at] || 'anonymous memory'}, ${hexVa(begin)}–${hexVa(end)} (${bytes(end - begin)}), offset 0x${hex(va - begin)} in it`;
}
