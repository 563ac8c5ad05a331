// A table frame as its 512 entries.
import { decode, type Entry, levelShift, type PagingFacts } from './paging.ts';
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

/** The entries of a table frame (4096 bytes) of `level` whose first slot covers `base`. */
export function tableEntries(bytes: Uint8Array, level: number, base: bigint, facts: PagingFacts): TableEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 8 }, (_, index) => {
    const raw = view.getBigUint64(index * 8, true);
    // In the root of the whole address space the upper half of the slots is the kernel's: sign-extended.
    const low = base + (BigInt(index) << BigInt(levelShift(level)));
    const bits = levelShift(facts.levels) + 9;
    const va = level === facts.levels ? BigInt.asUintN(64, BigInt.asIntN(bits, low)) : low;
    return { ...decode(raw, level, facts), index, raw, va };
  });
}

/** How many entries there are of each kind, the empty ones included. */
export function kindCounts(entries: readonly TableEntry[]): [EntryKind, number][] {
  return ENTRY_KINDS.map((kind): [EntryKind, number] => [kind, entries.filter((e) => e.kind === kind).length]).filter(
    ([, n]) => n > 0,
  );
}
