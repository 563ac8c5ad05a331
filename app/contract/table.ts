// SPDX-License-Identifier: GPL-2.0-only
// A table frame as its 512 entries, the two roots of PTI slot by slot, and the whole tree in numbers.
import type { TableTree, Target } from './api.ts';
import {
  ACCESSED,
  DIRTY,
  decode,
  ENTRY_BYTES,
  type Entry,
  halfOf,
  kernelVersion,
  levelShift,
  NX,
  type PagingFacts,
} from './paging.ts';
import { frameRecordOf } from './said.ts';
import { ENTRY_KINDS, type EntryKind } from './verdicts.ts';

export interface TableEntry extends Entry {
  readonly index: number;
  readonly raw: bigint;
  /** First address that the slot covers. */
  readonly va: bigint;
}

/** First address that the table of `level` on the way to `va` covers. */
export const tableBase = (va: bigint, level: number): bigint =>
  BigInt.asUintN(64, BigInt.asIntN(64, va) & ~((1n << BigInt(levelShift(level) + 9)) - 1n));

/** The entries of a table frame (PAGE_BYTES) of `level` whose first slot covers `base`. */
export function tableEntries(bytes: Uint8Array, level: number, base: bigint, facts: PagingFacts): TableEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / ENTRY_BYTES }, (_, index) => {
    const raw = view.getBigUint64(index * ENTRY_BYTES, true);
    // In the root of the whole address space the upper half of the slots is the kernel's: sign-extended.
    const low = base + (BigInt(index) << BigInt(levelShift(level)));
    const bits = levelShift(facts.levels) + 9;
    const va = level === facts.levels ? BigInt.asUintN(64, BigInt.asIntN(bits, low)) : low;
    return { ...decode(raw, level, facts, halfOf(va)), index, raw, va };
  });
}

/** How many entries there are of each kind, the empty ones included. */
export function kindCounts(entries: readonly TableEntry[]): [EntryKind, number][] {
  return ENTRY_KINDS.map((kind): [EntryKind, number] => [kind, entries.filter((e) => e.kind === kind).length]).filter(
    ([, n]) => n > 0,
  );
}

/** What a slot of the kernel root and the same slot of the user root say of each other. */
export const SLOT_RELATIONS = {
  same: 'the same table in both roots',
  poisoned: 'the same table; NX in the kernel root keeps the kernel from running user code by mistake',
  hidden: 'kernel memory that user mode can’t see: no entry in the user root',
  own: 'the user root has a small table of its own here: what entering the kernel takes',
  kernelOnly: 'user addresses that only the kernel root maps',
  userOnly: 'only in the user root',
} as const;
export type SlotRelation = keyof typeof SLOT_RELATIONS;

export interface Slot {
  readonly index: number;
  readonly va: bigint;
  readonly kernel: bigint;
  readonly user: bigint;
  readonly relation: SlotRelation;
}

/** How the entries of slot `index` of the two roots stand to each other; one of them is not 0. */
export function slotRelation(index: number, kernel: bigint, user: bigint): SlotRelation {
  const differing = (kernel ^ user) & ~(ACCESSED | DIRTY);
  if (differing === 0n) return 'same';
  if (user === 0n) return index < 256 ? 'kernelOnly' : 'hidden';
  if (kernel === 0n) return 'userOnly';
  return differing === NX && kernel & NX ? 'poisoned' : 'own';
}

/** The slots that either root uses, from the two frames of a PGD pair (arch/x86/include/asm/pgtable.h, kernel_to_user_pgdp()). */
export function compareRoots(kernelRoot: Uint8Array, userRoot: Uint8Array, facts: PagingFacts): Slot[] {
  const kernel = tableEntries(kernelRoot, facts.levels, 0n, facts);
  const user = tableEntries(userRoot, facts.levels, 0n, facts);
  return kernel.flatMap(({ index, va, raw }): Slot[] => {
    const other = user[index]?.raw ?? 0n;
    if (raw === 0n && other === 0n) return [];
    return [{ index, va, kernel: raw, user: other, relation: slotRelation(index, raw, other) }];
  });
}

export interface LevelTotals {
  readonly level: number;
  readonly tables: number;
  readonly used: number;
  /** Entries that there are; of the root, those of the user half. */
  readonly slots: number;
  readonly unreadable: number;
  /** Tables that the kernel's record of their frames marks as such, does not mark, or says nothing of. */
  readonly marked: number;
  readonly unmarked: number;
  readonly unknown: number;
}

/** The tables of a tree by level, the root first. */
export function levelTotals(tree: TableTree, levels: number): LevelTotals[] {
  return Array.from({ length: levels }, (_, i): LevelTotals => {
    const level = levels - i;
    const at = [...tree.level.keys()].filter((k) => tree.level[k] === level);
    const marked = (wanted: number) => at.filter((k) => tree.marked[k] === wanted).length;
    return {
      level,
      tables: at.length,
      used: at.reduce((n, k) => n + (tree.used[k] as number), 0),
      slots: at.length * (level === levels ? 256 : 512),
      unreadable: at.filter((k) => tree.status[k] !== 0).length,
      marked: marked(1),
      unmarked: marked(0),
      unknown: marked(2),
    };
  });
}

/** What it means that the kernel's record of their frames marks these tables, or does not. */
export function sayMarked(
  { level, tables, unmarked, unknown }: LevelTotals,
  target: Pick<Target, 'sources' | 'release'>,
): string {
  if (unknown === tables) return `${frameRecordOf(target).flags} can’t be read`;
  if (unmarked === 0) return 'all marked as page tables';
  // Up to 6.13 only PTE and PMD tables are constructed as such (pagetable_pte_ctor(), pagetable_pmd_ctor()).
  if (level > 2 && kernelVersion(target.release) < 0x60e)
    return 'not marked: this kernel marks PTE and PMD tables only';
  return `${unmarked} NOT marked as page tables`;
}
