// SPDX-License-Identifier: GPL-2.0-only
// Control registers in words (SDM vol. 3A, 2.5; arch/x86/include/uapi/asm/processor-flags.h).
import { hex } from './format.ts';

export interface RegisterBit {
  readonly bit: number;
  readonly name: string;
  readonly meaning: string;
}

const bits = (...list: [number, string, string][]): RegisterBit[] =>
  list.map(([bit, name, meaning]) => ({ bit, name, meaning }));

export const CR0_BITS = bits(
  [0, 'PE', 'protected mode'],
  [1, 'MP', 'WAIT heeds TS'],
  [2, 'EM', 'no x87: its instructions fault'],
  [3, 'TS', 'task switched: the next x87 or SSE instruction faults'],
  [4, 'ET', 'always set'],
  [5, 'NE', 'x87 errors as exceptions'],
  [16, 'WP', 'the kernel, too, may not write to read-only pages'],
  [18, 'AM', 'alignment is checked in user mode'],
  [29, 'NW', 'no write-through'],
  [30, 'CD', 'caches off'],
  [31, 'PG', 'paging is on'],
);

export const CR4_BITS = bits(
  [0, 'VME', 'virtual-8086 extensions'],
  [1, 'PVI', 'virtual interrupts in protected mode'],
  [2, 'TSD', 'RDTSC for the kernel only'],
  [3, 'DE', 'debugging extensions'],
  [4, 'PSE', 'large pages of 32-bit paging; no matter in long mode'],
  [5, 'PAE', '64-bit entries; must be set in long mode'],
  [6, 'MCE', 'machine checks'],
  [7, 'PGE', 'global pages stay in the TLB when CR3 changes'],
  [8, 'PCE', 'RDPMC in user mode'],
  [9, 'OSFXSR', 'SSE'],
  [10, 'OSXMMEXCPT', 'SSE exceptions'],
  [11, 'UMIP', 'SGDT and the like for the kernel only'],
  [12, 'LA57', 'five levels of page tables'],
  [13, 'VMXE', 'VMX: this is a hypervisor'],
  [14, 'SMXE', 'SMX'],
  [16, 'FSGSBASE', 'user mode may set FS and GS bases'],
  [17, 'PCIDE', 'TLB entries are tagged by the PCID in CR3'],
  [18, 'OSXSAVE', 'XSAVE'],
  [20, 'SMEP', 'the kernel may not run user pages'],
  [21, 'SMAP', 'the kernel may not touch user pages unasked'],
  [22, 'PKE', 'protection keys of user pages'],
  [23, 'CET', 'shadow stacks and branch tracking'],
  [24, 'PKS', 'protection keys of kernel pages'],
  [25, 'UINTR', 'user interrupts'],
  [27, 'LASS', 'user and kernel halves are kept apart by address'],
  [28, 'LAM_SUP', 'linear-address masking of kernel pointers'],
);

export const EFER_BITS = bits(
  [0, 'SCE', 'SYSCALL'],
  [8, 'LME', 'long mode enabled'],
  [10, 'LMA', 'long mode active'],
  [11, 'NXE', 'the NX bit of entries counts'],
  [12, 'SVME', 'SVM: this is a hypervisor'],
  [14, 'FFXSR', 'fast FXSAVE'],
  [15, 'TCE', 'translation cache extension'],
  [21, 'AUTOIBRS', 'automatic IBRS'],
);

/** The bits that are set, lowest first; those without a name as "bit N". */
export const setBits = (value: bigint, names: readonly RegisterBit[]): RegisterBit[] =>
  Array.from({ length: 64 }, (_, bit) => bit)
    .filter((bit) => (value >> BigInt(bit)) & 1n)
    .map((bit) => names.find((n) => n.bit === bit) ?? { bit, name: `bit ${bit}`, meaning: 'without a name here' });

export interface Cr3Parts {
  readonly rootPa: bigint;
  /** Undefined while CR4.PCIDE is off: the low bits are PWT and PCD then. */
  readonly pcid: number | undefined;
  readonly lam: '' | 'LAM_U48' | 'LAM_U57';
}

const ROOT = 0x000ffffffffff000n;

/** CR3 taken apart (SDM vol. 3A, table 4-12; LAM: 4.4). `encryptionMask` is the C-bit, which is not part of the address. */
export function cr3Parts(cr3: bigint, cr4: bigint, encryptionMask = 0n): Cr3Parts {
  return {
    rootPa: cr3 & ROOT & ~encryptionMask,
    pcid: (cr4 >> 17n) & 1n ? Number(cr3 & 0xfffn) : undefined,
    lam: (cr3 >> 61n) & 1n ? 'LAM_U57' : (cr3 >> 62n) & 1n ? 'LAM_U48' : '',
  };
}

/** The value for the CR3 filter of a hardware tracer (IA32_RTIT_CR3_MATCH, SDM vol. 3C, 33.2.7.5): bits 5..63 of CR3. */
export const cr3Filter = (rootPa: bigint): { hex: string; decimal: string } => ({
  hex: `0x${hex(rootPa)}`,
  decimal: rootPa.toString(),
});

/** Why the value differs from reading to reading. */
export const WHY_CR3_CHANGES = [
  'CR3 belongs to the CPU, not to a process: each time the scheduler switches the CPU to a task of another address space, the kernel loads the root of that one.',
  'A kernel thread has no address space. It runs on whatever root it found in CR3 and borrows it (active_mm) until a task with an address space comes.',
  'An idle CPU keeps the root of the task that ran last, or that of the kernel itself.',
  'With PCIDs the low 12 bits number the address space for the TLB; Linux assigns six of them per CPU and reuses them as needed, so the same root may have other low bits on another CPU or later.',
  'With PTI each address space has two roots, 4 KiB apart: user mode runs on the upper one. A read in the kernel always gives that of the kernel.',
] as const;
