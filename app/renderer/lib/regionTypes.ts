// SPDX-License-Identifier: GPL-2.0-only
// What kind of memory a region is, by its name and rights in /proc/PID/maps.
import { backingOf } from '../../contract/regions.ts';

/** The types in the order of the table, with what each means. */
export const REGION_TYPES = {
  code: { label: 'code', meaning: 'a file that may be executed: the program and its libraries' },
  file: { label: 'file', meaning: 'other parts of files: data and constants of programs, and what is read by mmap()' },
  heap: { label: 'heap', meaning: '[heap]: what brk() gave' },
  stack: { label: 'stack', meaning: '[stack]: that of the first thread; those of others are anonymous' },
  anonymous: { label: 'anonymous', meaning: 'private memory without a file: malloc(), stacks of threads' },
  shared: { label: 'shared memory', meaning: 'memfd, shm_open(), System V, and anonymous memory that is shared' },
  reserved: { label: 'no access', meaning: 'PROT_NONE: guard pages, and addresses that are kept for later' },
  device: { label: 'device, kernel', meaning: 'what a driver or the kernel maps: buffers, rings, registers' },
  vdso: { label: 'vDSO', meaning: 'code and data of the kernel for every process' },
} as const;
export type RegionType = keyof typeof REGION_TYPES;

const SHARED = /^\/(memfd:|dev\/shm\/|SYSV|dev\/zero|anon_hugepage)/;

/** `permissions` is like "r-xp". */
export function regionType(path: string, permissions: string): RegionType {
  if (permissions.startsWith('---')) return 'reserved';
  if (/^\[(vdso|vvar|vsyscall)/.test(path)) return 'vdso';
  if (path === '[heap]') return 'heap';
  if (path === '[stack]') return 'stack';
  if (backingOf(path)) return 'device';
  if (SHARED.test(path)) return 'shared';
  if (!path.startsWith('/')) return permissions.endsWith('s') ? 'shared' : 'anonymous';
  return permissions[2] === 'x' ? 'code' : 'file';
}
