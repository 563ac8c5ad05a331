// SPDX-License-Identifier: GPL-2.0-only
// Which region covers an address, what it means that one does or none does, and what backs it.
import type { Regions } from './api.ts';
import { bytes, hex, hexVa } from './format.ts';
import { halfOf, isVsyscall } from './paging.ts';

/** Index of the region that covers `va`, -1 where none does. Regions are ascending, and a process may have 65 000. */
export function regionAt({ begin, end }: Pick<Regions, 'begin' | 'end'>, va: bigint): number {
  let low = 0;
  let high = begin.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((begin[middle] as bigint) <= va) low = middle + 1;
    else high = middle;
  }
  return low > 0 && va < (end[low - 1] as bigint) ? low - 1 : -1;
}

/** What backs a region. */
export interface Backing {
  readonly label: string;
  readonly meaning: string;
}

/** By the names that the kernel gives in /proc/PID/maps to what is neither anonymous memory nor an ordinary file. */
const BACKINGS: readonly (Backing & { readonly name: RegExp })[] = [
  {
    name: /^\/secretmem\b/,
    label: 'secret memory',
    meaning: 'memfd_secret() took its frames out of the kernel’s direct map, so their bytes can’t be read',
  },
  {
    name: /^anon_inode:\[io_uring\]/,
    label: 'io_uring rings',
    meaning: 'queues that the process shares with the kernel, which allocated them',
  },
  {
    name: /^socket:/,
    label: 'socket ring',
    meaning: 'packets that the process shares with the kernel, which allocated them (AF_PACKET, AF_XDP)',
  },
  {
    name: /^anon_inode:\[perf_event\]/,
    label: 'perf ring',
    meaning: 'records of perf events that the process shares with the kernel, which allocated them',
  },
  {
    name: /^anon_inode:bpf-map/,
    label: 'bpf map',
    meaning: 'values that the process shares with bpf programs; the kernel allocated them',
  },
  { name: /^anon_inode:kvm-vcpu/, label: 'KVM vCPU state', meaning: 'what the VMM shares with KVM for one vCPU' },
  { name: /^\[vvar/, label: 'kernel data', meaning: 'clock data that the kernel writes for the vDSO' },
  { name: /^\[vdso\]/, label: 'vDSO', meaning: 'code of the kernel for every process, such as clock_gettime()' },
  {
    name: /^\/(dev\/(?!zero|shm\/)|sys\/.*\/resource\d)/,
    label: 'device',
    meaning: 'what the driver maps: memory or registers of the device, or buffers that the kernel allocated',
  },
];

/** What backs a region by its path; undefined for anonymous memory and ordinary files, which kpageflags tells apart. */
export const backingOf = (path: string): Backing | undefined => BACKINGS.find(({ name }) => name.test(path));

/** "rw-p [heap], 55d0…–55d1… (132 KiB), offset 0x1f00 in it", or why there is none and what that means. */
export function regionText(regions: Regions, va: bigint): string {
  if (isVsyscall(va))
    return '[vsyscall]: the page of the oldest system calls, at the same address for every process. It lies in the kernel half, so pagemap does not cover it. User mode may only call it; the kernel then emulates the system call (arch/x86/entry/vsyscall).';
  if (halfOf(va) === 'kernel') return 'none: regions belong to the user half';
  const at = regionAt(regions, va);
  if (at < 0)
    return 'none covers this address: access raises SIGSEGV. pagemap and the kernel walk look into regions only, so whatever the tables hold here is not confirmed by them.';
  const [begin, end] = [regions.begin[at] as bigint, regions.end[at] as bigint];
  const path = regions.path[at] ?? '';
  const backing = backingOf(path);
  return `${regions.permissions[at]} ${path || 'anonymous memory'}, ${hexVa(begin)}–${hexVa(end)} (${bytes(end - begin)}), offset 0x${hex(va - begin)} in it${backing ? `; ${backing.label}: ${backing.meaning}` : ''}`;
}
