// SPDX-License-Identifier: GPL-2.0-only
// What a frame is used for, by its kpageflags.
import { type ColouredWord, Vocabulary } from './vocabulary.ts';

const roles = {
  unknown: {
    code: 0,
    label: 'unknown',
    meaning: 'the flags of the frame can’t be read',
    light: '#7d8894',
    dark: '#6d7884',
  },
  absent: {
    code: 1,
    label: 'no RAM',
    meaning: 'a hole, a device, or memory that the kernel does not manage',
    light: 'transparent',
    dark: 'transparent',
  },
  hwpoison: {
    code: 2,
    label: 'hardware poison',
    meaning: 'taken out of use after a memory error',
    light: '#cf2434',
    dark: '#f0505c',
  },
  offline: { code: 3, label: 'offline', meaning: 'ballooned away or unplugged', light: '#8d6b6b', dark: '#8d6b6b' },
  zeroPage: {
    code: 4,
    label: 'zero page',
    meaning: 'the shared page of zeros that untouched memory reads from',
    light: '#c2b280',
    dark: '#cdbd8b',
  },
  pageTable: { code: 5, label: 'page table', meaning: 'holds page-table entries', light: '#d0378f', dark: '#ee6bb4' },
  free: { code: 6, label: 'free', meaning: 'in the buddy allocator', light: '#d5dbe2', dark: '#252d36' },
  slab: { code: 7, label: 'slab', meaning: 'objects of the kernel', light: '#c8791a', dark: '#e09a48' },
  hugetlb: {
    code: 8,
    label: 'hugetlb',
    meaning: 'part of a page of the hugetlb pools',
    light: '#6a3fb5',
    dark: '#9a76d8',
  },
  anonymous: {
    code: 9,
    label: 'anonymous',
    meaning: 'heap, stack and other memory without a file',
    light: '#178a60',
    dark: '#3cb387',
  },
  shmem: { code: 10, label: 'shared memory', meaning: 'shmem, memfd and tmpfs', light: '#1398a8', dark: '#3cbccb' },
  file: { code: 11, label: 'file', meaning: 'page cache', light: '#2569cc', dark: '#4f8fe6' },
  reserved: {
    code: 12,
    label: 'reserved',
    meaning: 'kept by firmware or the kernel since boot',
    light: '#6f7780',
    dark: '#565f69',
  },
  kernel: {
    code: 13,
    label: 'not classified',
    meaning:
      'no flag says what it is: kernel stacks, vmalloc, drivers, what a balloon took, free pages that a CPU keeps at hand or that this kernel does not mark',
    light: '#a59b45',
    dark: '#a39c5a',
  },
} as const satisfies Record<string, ColouredWord>;
export type Role = keyof typeof roles;
export const ROLE = new Vocabulary<Role, ColouredWord>('role', roles);
export const ROLES = ROLE.names;
