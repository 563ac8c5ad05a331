// SPDX-License-Identifier: GPL-2.0-only
// What the kernel was seen to do to watched pages, in words. The order is that of CAUSE_* in native/bpf/causes.h.
import type { CauseRecords } from './api.ts';
import { hex } from './format.ts';

export const RECORD_KINDS = [
  'fault',
  'mapped',
  'zapped',
  'protected',
  'forked',
  'unmapped',
  'migrating',
  'migrated',
  'split',
  'collapsed',
  'merged',
  'unmerged',
  'freed',
  'cooled',
  'refsCleared',
  'aged',
  'cleaned',
  'userfault',
  'movedAway',
  'movedHere',
  'swappedOff',
  'guarded',
  'unguarded',
] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** One step of the kernel, to the pages of [begin, end). */
export interface CauseRecord {
  readonly kind: RecordKind;
  /** CLOCK_MONOTONIC. */
  readonly ns: bigint;
  readonly begin: bigint;
  readonly end: bigint;
  /** By kind: FAULT_* of a fault, MM_CP_* of a protection, the address at the other end of a move, … */
  readonly detail: bigint;
  /** Of the system call: the one that says what it asks for. */
  readonly argument: bigint;
  /** The system call that the thread was in, by its number on x86-64; undefined: none. */
  readonly syscall: number | undefined;
  readonly pid: number;
  readonly tid: number;
  /** Name of the thread. */
  readonly name: string;
  readonly byKernel: boolean;
  /** The address space is known, the pages are not: it points to a cause and does not show it. */
  readonly somewhere: boolean;
}

/** Bits of a fault's detail, as in native/bpf/causes.h. */
export const FAULT = { write: 1n, unshare: 2n, remote: 4n, execute: 8n, kernel: 16n } as const;
/** MM_CP_*, include/linux/mm.h. */
export const PROTECTION = { numa: 2n, uffdProtect: 4n, uffdResolve: 8n } as const;
/** The ioctls of userfaultfd, include/uapi/linux/userfaultfd.h. */
export const UFFD = { unregister: 1, copy: 3, zeropage: 4, move: 5, writeprotect: 6, continue: 7, poison: 8 } as const;
export const UFFD_SOURCE = 0x100n;
const BY_KERNEL = 1;
const SOMEWHERE = 2;
const NO_SYSCALL = 0xffff_ffff;

/** The records of a batch; kinds of a later version are left out. */
export function causeRecords(columns: CauseRecords): CauseRecord[] {
  return Array.from(columns.ns, (ns, i): CauseRecord[] => {
    const kind = RECORD_KINDS[columns.kind[i] as number];
    if (!kind) return [];
    const flags = columns.flags[i] as number;
    const syscall = columns.syscall[i] as number;
    return [
      {
        kind,
        ns,
        begin: columns.begin[i] as bigint,
        end: columns.end[i] as bigint,
        detail: columns.detail[i] as bigint,
        argument: columns.argument[i] as bigint,
        syscall: syscall === NO_SYSCALL ? undefined : syscall,
        pid: columns.pid[i] as number,
        tid: columns.tid[i] as number,
        name: columns.name[i] as string,
        byKernel: (flags & BY_KERNEL) !== 0,
        somewhere: (flags & SOMEWHERE) !== 0,
      },
    ];
  }).flat();
}

/** arch/x86/entry/syscalls/syscall_64.tbl: those that change page tables. */
export const SYSCALL_NAMES: Readonly<Record<number, string>> = {
  0: 'read',
  1: 'write',
  9: 'mmap',
  10: 'mprotect',
  11: 'munmap',
  12: 'brk',
  16: 'ioctl',
  25: 'mremap',
  26: 'msync',
  28: 'madvise',
  30: 'shmat',
  56: 'clone',
  57: 'fork',
  58: 'vfork',
  59: 'execve',
  67: 'shmdt',
  74: 'fsync',
  75: 'fdatasync',
  76: 'truncate',
  77: 'ftruncate',
  101: 'ptrace',
  149: 'mlock',
  151: 'mlockall',
  162: 'sync',
  168: 'swapoff',
  216: 'remap_file_pages',
  237: 'mbind',
  256: 'migrate_pages',
  277: 'sync_file_range',
  279: 'move_pages',
  285: 'fallocate',
  306: 'syncfs',
  310: 'process_vm_readv',
  311: 'process_vm_writev',
  325: 'mlock2',
  329: 'pkey_mprotect',
  435: 'clone3',
  440: 'process_madvise',
  448: 'process_mrelease',
};

/** include/uapi/asm-generic/mman-common.h */
export const ADVICE_NAMES: Readonly<Record<number, string>> = {
  3: 'MADV_WILLNEED',
  4: 'MADV_DONTNEED',
  8: 'MADV_FREE',
  9: 'MADV_REMOVE',
  12: 'MADV_MERGEABLE',
  13: 'MADV_UNMERGEABLE',
  14: 'MADV_HUGEPAGE',
  15: 'MADV_NOHUGEPAGE',
  20: 'MADV_COLD',
  21: 'MADV_PAGEOUT',
  22: 'MADV_POPULATE_READ',
  23: 'MADV_POPULATE_WRITE',
  24: 'MADV_DONTNEED_LOCKED',
  25: 'MADV_COLLAPSE',
  100: 'MADV_HWPOISON',
  101: 'MADV_SOFT_OFFLINE',
  102: 'MADV_GUARD_INSTALL',
  103: 'MADV_GUARD_REMOVE',
};

/** 1 + enum migrate_reason, include/linux/migrate_mode.h. */
const MIGRATE_REASONS: Readonly<Record<number, string>> = {
  1: 'compaction',
  2: 'a memory failure',
  3: 'memory that goes offline',
  4: 'move_pages or migrate_pages',
  5: 'mbind',
  6: 'NUMA balancing',
  7: 'an allocation of contiguous memory',
  8: 'a long-term pin',
  9: 'demotion to slower memory',
  10: 'DAMON',
};

const UFFD_NAMES: Readonly<Record<number, string>> = {
  [UFFD.unregister]: 'UFFDIO_UNREGISTER',
  [UFFD.copy]: 'UFFDIO_COPY',
  [UFFD.zeropage]: 'UFFDIO_ZEROPAGE',
  [UFFD.move]: 'UFFDIO_MOVE',
  [UFFD.writeprotect]: 'UFFDIO_WRITEPROTECT',
  [UFFD.continue]: 'UFFDIO_CONTINUE',
  [UFFD.poison]: 'UFFDIO_POISON',
};

/** Whether this system call's argument is a protection. */
export const isProtecting = (syscall: number): boolean => /mprotect$/.test(SYSCALL_NAMES[syscall] ?? '');

function protectionName(bits: bigint): string {
  const names = ['PROT_READ', 'PROT_WRITE', 'PROT_EXEC'].filter((_, i) => (bits >> BigInt(i)) & 1n);
  return names.join(' | ') || 'PROT_NONE';
}

/** "madvise(MADV_FREE)"; undefined outside any system call that is known to change page tables. */
export function sayCall({ syscall, argument }: Pick<CauseRecord, 'syscall' | 'argument'>): string | undefined {
  const name = syscall === undefined ? undefined : SYSCALL_NAMES[syscall];
  switch (name) {
    case 'madvise':
    case 'process_madvise':
      return `${name}(${ADVICE_NAMES[Number(argument & 0xffffffffn)] ?? argument})`;
    case 'mprotect':
    case 'pkey_mprotect':
      return `${name}(${protectionName(argument)})`;
    default:
      return name;
  }
}

/** Calls that ask for exactly this: their name says enough. Some ask for it with one argument only. */
const ASKS: Partial<Record<RecordKind, readonly string[]>> = {
  fault: ['mmap', 'madvise', 'process_madvise', 'mlock', 'mlock2', 'mlockall', 'shmat'],
  zapped: [
    'munmap',
    'mmap',
    'mremap',
    'brk',
    'madvise',
    'process_madvise',
    'process_mrelease',
    'truncate',
    'ftruncate',
    'fallocate',
    'shmdt',
    'shmat',
    'remap_file_pages',
  ],
  protected: ['mprotect', 'pkey_mprotect'],
  forked: ['fork', 'vfork'],
  unmapped: ['madvise(MADV_PAGEOUT)', 'process_madvise(MADV_PAGEOUT)'],
  migrated: ['move_pages', 'migrate_pages', 'mbind'],
  migrating: ['move_pages', 'migrate_pages', 'mbind'],
  collapsed: ['madvise', 'process_madvise'],
  unmerged: ['madvise'],
  freed: ['madvise'],
  cooled: ['madvise', 'process_madvise'],
  cleaned: ['msync', 'fsync', 'fdatasync', 'sync', 'syncfs', 'sync_file_range'],
  swappedOff: ['swapoff'],
  guarded: ['madvise', 'process_madvise'],
  unguarded: ['madvise', 'process_madvise'],
};

function sayFault({ detail, byKernel, syscall }: CauseRecord): string {
  const access =
    detail & FAULT.unshare
      ? 'a request for a copy of its own'
      : detail & FAULT.write
        ? 'write fault'
        : detail & FAULT.execute
          ? 'instruction fault'
          : 'read fault';
  if (!(detail & FAULT.kernel) || byKernel || detail & FAULT.unshare) return access;
  return `${access} in ${(syscall !== undefined && SYSCALL_NAMES[syscall]) || 'the kernel'}`;
}

function sayDone(record: CauseRecord): string {
  const { kind, detail } = record;
  switch (kind) {
    case 'fault':
      return sayFault(record);
    case 'mapped':
      return 'fault on a page near it';
    case 'zapped':
      return 'unmapping';
    case 'protected':
      return detail & PROTECTION.numa
        ? 'NUMA balancing set a hint'
        : detail & PROTECTION.uffdProtect
          ? 'write protection by userfaultfd'
          : detail & PROTECTION.uffdResolve
            ? 'end of write protection by userfaultfd'
            : 'a change of protection';
    case 'forked':
      return 'fork';
    case 'unmapped':
      // Only a count is known then, and more than reclaim changes it.
      return record.somewhere && !record.name.startsWith('kswapd') ? 'a change of how much is in memory' : 'reclaim';
    case 'migrating':
    case 'migrated':
      return detail ? `migration for ${MIGRATE_REASONS[Number(detail)] ?? `reason ${detail - 1n}`}` : 'migration';
    case 'split':
      return 'split of the huge page';
    case 'collapsed':
      return 'collapse into a huge page';
    case 'merged':
      return detail ? 'merge with an equal page (KSM)' : 'choice as the page that equal ones share (KSM)';
    case 'unmerged':
      return 'end of merging (KSM)';
    case 'freed':
      return 'MADV_FREE';
    case 'cooled':
      return 'MADV_COLD or MADV_PAGEOUT';
    case 'refsCleared':
      return `clear_refs${detail ? ` (${detail})` : ''}`;
    case 'aged':
      return 'a look whether it is used';
    case 'cleaned':
      return 'write-back to the file';
    case 'userfault':
      return UFFD_NAMES[Number(detail & 0xffn)] ?? 'userfaultfd';
    case 'movedAway':
      return `mremap to ${hex(detail)}`;
    case 'movedHere':
      return `mremap from ${hex(detail)}`;
    case 'swappedOff':
      return 'swapoff';
    case 'guarded':
      return 'MADV_GUARD_INSTALL';
    case 'unguarded':
      return 'MADV_GUARD_REMOVE';
  }
}

/** "madvise(MADV_FREE) by thread 4077"; `watched` is the process whose pages these are. */
export function sayRecord(record: CauseRecord, watched: number): string {
  const { kind, syscall, pid, tid, name, byKernel } = record;
  const call = sayCall(record);
  const called = syscall === undefined ? undefined : SYSCALL_NAMES[syscall];
  const asked = call !== undefined && (ASKS[kind] ?? []).some((ask) => ask === called || ask === call);
  const what = asked ? (call as string) : sayDone(record);
  const who = byKernel
    ? name
    : pid === watched
      ? `thread ${tid}`
      : pid
        ? `process ${pid} (${name})`
        : `a process of another PID namespace (${name})`;
  return `${what} by ${who}`;
}
