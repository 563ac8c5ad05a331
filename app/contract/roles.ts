// What a frame is used for, by its kpageflags; the order is that of Role in native/core/kpage.h.

export const ROLES = [
  'unknown',
  'absent',
  'hwpoison',
  'offline',
  'zeroPage',
  'pageTable',
  'free',
  'slab',
  'hugetlb',
  'anonymous',
  'shmem',
  'file',
  'reserved',
  'kernel',
] as const;
export type Role = (typeof ROLES)[number];

export const ROLE_TEXT: Readonly<Record<Role, { label: string; meaning: string }>> = {
  unknown: { label: 'unknown', meaning: 'kpageflags can’t be read' },
  absent: { label: 'no RAM', meaning: 'a hole, a device, or memory that the kernel does not manage' },
  hwpoison: { label: 'hardware poison', meaning: 'taken out of use after a memory error' },
  offline: { label: 'offline', meaning: 'ballooned away or unplugged' },
  zeroPage: { label: 'zero page', meaning: 'the shared page of zeros that untouched memory reads from' },
  pageTable: { label: 'page table', meaning: 'holds page-table entries' },
  free: { label: 'free', meaning: 'in the buddy allocator' },
  slab: { label: 'slab', meaning: 'objects of the kernel' },
  hugetlb: { label: 'hugetlb', meaning: 'part of a page of the hugetlb pools' },
  anonymous: { label: 'anonymous', meaning: 'heap, stack and other memory without a file' },
  shmem: { label: 'shared memory', meaning: 'shmem, memfd and tmpfs' },
  file: { label: 'file', meaning: 'page cache' },
  reserved: { label: 'reserved', meaning: 'kept by firmware or the kernel since boot' },
  kernel: {
    label: 'kernel, other',
    meaning: 'no flag tells: stacks, vmalloc, drivers, what a balloon took, free pages that a CPU keeps at hand',
  },
};

/** Words for a frame with this role, by index. */
export const roleLabel = (role: number): string => ROLE_TEXT[ROLES[role] ?? 'unknown'].label;
