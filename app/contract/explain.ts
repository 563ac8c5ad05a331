// SPDX-License-Identifier: GPL-2.0-only
// A raw page-table entry, bit by bit: which field each bit belongs to, what it says, and whose rule that is.
import { markers } from './entry.ts';
import { hex } from './format.ts';
import {
  addressMask,
  decode,
  type Flag,
  flagsByBit,
  flagsOf,
  type Half,
  INTEL_LEVEL,
  levelName,
  type PagingFacts,
  pageSizeName,
  paOf,
} from './paging.ts';
import { ENTRY_KIND, type EntryKind } from './verdicts.ts';

export interface Field {
  /** Bits high..low, inclusive. */
  readonly high: number;
  readonly low: number;
  readonly name: string;
  /** The field's own value: its bits shifted down. */
  readonly value: bigint;
  readonly meaning: string;
  /** Section of the SDM, or file of the kernel, that makes the rule; "" where nobody uses the bits. */
  readonly source: string;
}

export interface Explanation {
  readonly level: number;
  readonly kind: EntryKind;
  readonly summary: string;
  /** From bit 63 down to bit 0, without a gap. */
  readonly fields: readonly Field[];
}

const LAYOUT = 'arch/x86/include/asm/pgtable_types.h';
const INVERT = 'arch/x86/include/asm/pgtable-invert.h';
const SWAP = 'arch/x86/include/asm/pgtable_64.h';

/** The SDM's table (vol. 3A, 4.5) that defines a present entry. */
function manual(level: number, leaf: boolean): string {
  const tables = leaf && level <= 3 ? ['', '4-20', '4-18', '4-16'] : ['', '4-20', '4-19', '4-17', '4-15', '4-14'];
  return `SDM vol. 3A, table ${tables[level]}`;
}

const mask = (high: number, low: number) => ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);

const saysFlag = ({ set, meaning }: Flag) => (set ? meaning : `clear (set: ${meaning})`);

function summarise(raw: bigint, level: number, facts: PagingFacts, half: Half): string {
  const e = decode(raw, level, facts, half);
  const size = pageSizeName(e.shift);
  const frame = `frame 0x${hex(e.pfn)} (physical address 0x${hex(paOf(e.pfn))})`;
  const slot = `type ${e.swapType}, offset 0x${hex(e.swapOffset)}`;
  if (e.assumed)
    return `Not present: ${slot}. It is a swapped page, a frame under migration, device memory or a poisoned frame. Which one depends on options of this kernel that could not be found out; with all of them it would be ${ENTRY_KIND.label(e.kind)}, ${frame}.`;
  switch (e.kind) {
    case 'none':
      return 'Empty: nothing is mapped here. The address was never touched, was given back, or belongs to no region.';
    case 'table':
      return `Points to the next table, the ${levelName(level - 1, facts.levels)} table in ${frame}.`;
    case 'leaf':
      return `Maps a ${size} page: ${frame}.`;
    case 'protNone':
      return `Maps a ${size} page, ${frame}, that is PROT_NONE or holds a NUMA hint: the CPU faults on any access, and Linux keeps the address bits inverted against L1TF.`;
    case 'midSplit':
      return `A ${size} page, ${frame}, while the kernel splits it: P is clear, PS still marks it present to Linux.`;
    case 'swap':
      return `Swapped out: ${slot}.`;
    case 'migration':
      return `${frame} is being moved; until it has arrived the entry holds its number as a swap offset.`;
    case 'device':
      return `Lives in device memory, ${frame}.`;
    case 'hwpoison':
      return `The page was in ${frame}, which had a memory error; access raises SIGBUS.`;
    case 'marker':
      return `A marker, not a page: ${
        markers(e.swapOffset)
          .map(({ name, effect }) => `${name}, ${effect}`)
          .join('; ') || `0x${hex(e.swapOffset)}`
      }.`;
    case 'swapinError':
      return 'Reading this page back from swap failed; access raises SIGBUS.';
    case 'presentCleared':
      return level >= 4
        ? 'Not present, and not empty: Linux has no such entry at this level. Most likely this is not a page-table entry, or it was overwritten.'
        : 'Not present: the kernel cleared P and kept the rest, as for secretmem, debug_pagealloc and KFENCE. Tables of the kernel half hold no swap entries.';
    case 'reserved':
      return `Present with reserved bits 0x${hex(e.violation)} set: using it would fault. Most likely this is not a page-table entry, or it belongs to another level.`;
  }
}

/** Fields of a present entry, or of one that keeps the layout of a present one. */
function presentFields(raw: bigint, level: number, facts: PagingFacts, flags: readonly Flag[]): Field[] {
  const { kind, violation } = decode(raw, level, facts);
  const leaf = kind !== 'table';
  const address = addressMask(raw, level, facts);
  const hardware = manual(level, leaf);
  const byBit = flagsByBit(flags);
  const inverted = kind === 'protNone' || kind === 'midSplit';
  // What a bit belongs to; neighbours that belong to the same are one field.
  const owner = (n: number): Omit<Field, 'high' | 'low' | 'value'> => {
    const flag = byBit.get(n);
    if ((facts.encryptionMask >> BigInt(n)) & 1n)
      return { name: 'C-bit', meaning: 'set where the frame is encrypted', source: 'AMD APM vol. 2, 7.10' };
    if ((violation >> BigInt(n)) & 1n)
      return { name: 'reserved', meaning: 'must be 0; the CPU faults', source: hardware };
    if (flag && flag.high > flag.bit) return { name: 'PKEY', meaning: flag.meaning, source: 'SDM vol. 3A, 4.6.2' };
    if (flag) {
      const software = flag.bit >= 9 && flag.bit < 63 && flag.name !== 'PAT';
      return {
        name: flag.name,
        meaning: saysFlag(flag),
        source: flag.name === 'PROTNONE' ? INVERT : software ? LAYOUT : hardware,
      };
    }
    if (n >= facts.maxPhysBits && n < 52 && !inverted)
      return {
        name: 'must be 0',
        meaning: `beyond the ${facts.maxPhysBits} physical bits of this CPU`,
        source: 'SDM vol. 3A, 4.1.4',
      };
    if ((address >> BigInt(n)) & 1n) {
      const what = kind === 'table' ? 'of the next table' : kind === 'reserved' ? 'that is not used' : 'of the page';
      return {
        name: 'address',
        meaning: inverted ? `physical address ${what}, inverted` : `physical address ${what}`,
        source: inverted ? INVERT : hardware,
      };
    }
    if (n >= 12 && n < 52) return { name: 'must be 0', meaning: 'reserved for this size or width', source: hardware };
    return { name: 'ignored', meaning: 'the CPU ignores it and Linux does not use it here', source: '' };
  };
  return group(raw, owner);
}

function group(raw: bigint, owner: (n: number) => Omit<Field, 'high' | 'low' | 'value'>): Field[] {
  const fields: Field[] = [];
  for (let high = 63; high >= 0; ) {
    const { name, meaning, source } = owner(high);
    let low = high;
    while (low > 0 && owner(low - 1).name === name && owner(low - 1).meaning === meaning) low--;
    fields.push({ high, low, name, meaning, source, value: (raw & mask(high, low)) >> BigInt(low) });
    high = low - 1;
  }
  return fields;
}

function absentFields(raw: bigint, level: number, facts: PagingFacts, flags: readonly Flag[]): Field[] {
  const { kind, swapType, swapOffset, assumed } = decode(raw, level, facts);
  const byBit = flagsByBit(flags);
  const holds = assumed
    ? 'slot, or frame number with A and D above it since 6.2'
    : kind === 'swap'
      ? 'slot in the swap file or partition'
      : kind === 'marker'
        ? 'the marker’s bits'
        : kind === 'swapinError'
          ? 'not used'
          : 'frame number, with A and D above it since 6.2';
  return group(raw, (n) => {
    const flag = byBit.get(n);
    if (n >= 59)
      return {
        name: 'type',
        meaning: `swap type ${swapType}: ${assumed ? 'not known for this kernel' : kind === 'swap' ? 'a swap device' : ENTRY_KIND.label(kind)}`,
        source: 'include/linux/swap.h',
      };
    if (n >= 9)
      return { name: 'offset', meaning: `0x${hex(swapOffset)}, stored inverted against L1TF: ${holds}`, source: SWAP };
    if (flag) return { name: flag.name, meaning: saysFlag(flag), source: SWAP };
    if (n === 8) return { name: 'must be 0', meaning: 'set, it would mean PROT_NONE', source: SWAP };
    if (n === 7) return { name: 'must be 0', meaning: 'set, it would mean a huge page in mid-split', source: SWAP };
    if (n === 0) return NOT_PRESENT;
    return { name: 'unused', meaning: 'kept 0: the CPU may set A and D here by an erratum', source: SWAP };
  });
}

const NOT_PRESENT = {
  name: 'P',
  meaning: 'clear: the CPU faults and looks at nothing else',
  source: 'SDM vol. 3A, 4.5',
};

function clearedFields(raw: bigint, level: number): Field[] {
  const kept =
    level >= 4
      ? {
          name: 'unused',
          meaning: 'neither the CPU nor Linux reads it',
          source: 'p4d_bad(), arch/x86/include/asm/pgtable.h',
        }
      : {
          name: 'kept',
          meaning:
            'as it was while the page was mapped, with the address bits inverted against L1TF (by KFENCE not on every kernel)',
          source: 'arch/x86/mm/pat/set_memory.c',
        };
  return group(raw, (n) => (n === 0 ? NOT_PRESENT : kept));
}

/**
 * What a raw entry says at a level (1 = PTE .. `facts.levels` = PGD) on a kernel of this release, in a table for this half
 * of the address space. Throws nothing.
 */
export function explain(
  raw: bigint,
  level: number,
  facts: PagingFacts,
  release: string,
  half: Half = 'user',
): Explanation {
  const { kind } = decode(raw, level, facts, half);
  const flags = flagsOf(raw, level, facts, release, half);
  const summary = summarise(raw, level, facts, half);
  if (kind === 'presentCleared') return { level, kind, summary, fields: clearedFields(raw, level) };
  if (kind === 'none')
    return { level, kind, summary, fields: group(raw, () => ({ name: 'empty', meaning: 'all zero', source: LAYOUT })) };
  const present = (raw & 1n) !== 0n || kind === 'protNone' || kind === 'midSplit';
  const fields = present ? presentFields(raw, level, facts, flags) : absentFields(raw, level, facts, flags);
  return { level, kind, summary, fields };
}

/** The levels that an entry may be of, the likeliest first. */
export function plausibleLevels(raw: bigint, facts: PagingFacts): number[] {
  const levels = Array.from({ length: facts.levels }, (_, i) => i + 1);
  const fits = levels.filter((level) => decode(raw, level, facts).kind !== 'reserved');
  if (!(raw & 1n)) return raw === 0n ? fits : [1, 2]; // only PTEs and PMDs hold what is not present
  // A table above the last level has no D, no G and mostly no soft bits; PS or PAT, G and D speak for a page.
  const page = raw & 0x1c0n;
  const likely = page
    ? [...fits].sort((a, b) => score(b) - score(a))
    : [...fits.filter((l) => l > 1), ...fits.filter((l) => l === 1)];
  function score(level: number): number {
    const huge = decode(raw, level, facts).kind === 'leaf' && level > 1;
    return huge ? 2 : level === 1 ? 1 : 0;
  }
  return likely;
}

/** "PTE (Intel: PT)". */
export const levelTitle = (level: number, levels: number): string =>
  `${levelName(level, levels)} (Intel: ${INTEL_LEVEL[level]} entry)`;

/** The level that a name means on this target; undefined where it has none such. */
export function parseLevel(name: string, levels: number): number | undefined {
  const wanted = name.toLowerCase();
  for (let level = 1; level <= levels; level++)
    if ([levelName(level, levels), INTEL_LEVEL[level], String(level)].some((n) => n?.toLowerCase() === wanted))
      return level;
  return undefined;
}
