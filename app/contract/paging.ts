// SPDX-License-Identifier: GPL-2.0-only
// Bit layout of x86-64 page-table entries as Linux uses them, which no other TypeScript file contains.
// native/core/paging.cc does the same in C++; both are tested with test/corpus/entries.json.
import type { EntryKind } from './verdicts.ts';

export const PAGE_SIZE = 4096n;
export const PAGE_SHIFT = 12n;
/** PAGE_SIZE as a number, for offsets into bytes. */
export const PAGE_BYTES = Number(PAGE_SIZE);

/** The frame that holds a physical address. */
export const pfnOf = (pa: bigint): bigint => pa >> PAGE_SHIFT;
/** The first physical address of a frame. */
export const paOf = (pfn: bigint): bigint => pfn << PAGE_SHIFT;
/** The first address of the page that holds an address, virtual or physical. */
export const pageOf = (address: bigint): bigint => address & -PAGE_SIZE;
/** Offset of an address in its page. */
export const pageOffset = (address: bigint): number => Number(address & (PAGE_SIZE - 1n));
/** [begin, end), extended to complete pages. */
export const wholePages = (begin: bigint, end: bigint) => ({ begin: pageOf(begin), end: pageOf(end + PAGE_SIZE - 1n) });
/** Number of pages in [begin, end). */
export const pagesBetween = (begin: bigint, end: bigint): bigint => (end - begin) >> PAGE_SHIFT;
/** The bytes of one page of several, by its index. */
export const pageAt = (bytes: Uint8Array, index: number): Uint8Array =>
  bytes.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES);
/** Bytes in a number of pages. */
export const pageBytes = (pages: bigint): bigint => pages << PAGE_SHIFT;
/** Under PTI: the user root that belongs to a root, the frame after it (PTI_USER_PGTABLE_BIT). */
export const userRootOf = (rootPa: bigint): bigint => rootPa | PAGE_SIZE;
/** The first physical address beyond those of any x86-64. */
export const PA_END = 1n << 52n;
export const PFN_END = pfnOf(PA_END);
/** Bytes of a page-table entry. */
export const ENTRY_BYTES = 8;
export const TABLE_ENTRIES = PAGE_BYTES / ENTRY_BYTES;

/** 1 = PTE .. 5 = PGD, as in the walk of a 5-level target. */
export type Level = 1 | 2 | 3 | 4 | 5;

export interface SwapTypes {
  /** Whether the numbers are those of this kernel; if not, those of a kernel with all options are assumed. */
  readonly known: boolean;
  readonly pfnBits: number;
  /** First type number of each kind, 255 if this kernel has none (include/linux/swap.h). */
  readonly hwpoison: number;
  readonly migration: number;
  readonly migrations: number;
  readonly device: number;
  readonly devices: number;
  readonly marker: number;
  readonly swapinError: number;
}

export interface PagingFacts {
  readonly levels: number;
  readonly maxPhysBits: number;
  readonly encryptionMask: bigint;
  readonly swap: SwapTypes;
}

export interface Entry {
  readonly kind: EntryKind;
  /** Page size of a leaf as a shift: 12, 21 or 30. */
  readonly shift: number;
  readonly swapType: number;
  /** First frame of the page, of the next table, or under migration. */
  readonly pfn: bigint;
  readonly swapOffset: bigint;
  /** Reserved bits that are set. */
  readonly violation: bigint;
  /** The kind rests on swap type numbers that are assumed: it may be a swapped page, or another that holds a frame number. */
  readonly assumed: boolean;
}

const bit = (n: number) => 1n << BigInt(n);
const P = bit(0);
export const WRITE = bit(1);
const USER = bit(2);
export const ACCESSED = bit(5);
export const DIRTY = bit(6);
const PS = bit(7);
const GLOBAL = bit(8); // PROT_NONE if P is clear
export const UFFD_WP = bit(10);
export const SOFT_DIRTY = bit(11);
export const SAVED_DIRTY = bit(58);
const ADDRESS_BITS = 0x000f_ffff_ffff_f000n;
const ALL = (1n << 64n) - 1n;

export const NX = bit(63);

/** Whether the CPU uses an entry: its P bit. */
export const isPresent = (raw: bigint): boolean => (raw & P) !== 0n;

/** Whether this level allows writing. */
export const isWritable = (raw: bigint): boolean => (raw & WRITE) !== 0n;

/** Bytes that one entry of a level covers, as a shift: 12, 21, 30, 39, 48. */
export const levelShift = (level: number): number => 12 + 9 * (level - 1);

/** Index into the table of `level` for an address. */
export const tableIndex = (va: bigint, level: number): number => Number((va >> BigInt(levelShift(level))) & 511n);

/** The name Linux gives a table of this level; with 4 levels the P4D is folded into the PGD. */
export function levelName(level: number, levels: number): string {
  if (level === levels) return 'PGD';
  return ['', 'PTE', 'PMD', 'PUD', 'P4D', 'PGD'][level] ?? `level ${level}`;
}
export const INTEL_LEVEL = ['', 'PT', 'PD', 'PDPT', 'PML4', 'PML5'] as const;

/** Whether an address is canonical with this many levels. */
export function isCanonical(va: bigint, levels: number): boolean {
  const bits = levelShift(levels) + 9;
  return BigInt.asUintN(64, BigInt.asIntN(bits, va)) === va;
}
/** The half of the address space that an entry translates for: only the user half holds swap entries and PROT_NONE pages. */
export type Half = 'user' | 'kernel';
export const halfOf = (va: bigint): Half => (va >> 63n ? 'kernel' : 'user');
/** Whether an address is in the vsyscall page, VSYSCALL_ADDR of arch/x86/include/uapi/asm/vsyscall.h. */
export const isVsyscall = (va: bigint): boolean => pageOf(va) === 0xffff_ffff_ff60_0000n;
export const userEnd = (levels: number): bigint => 1n << BigInt(levelShift(levels) + 8);

/** Swap type numbers of a kernel; `version` is major << 8 | minor. */
export function swapTypes(
  levels: number,
  version: number,
  config: { migration: boolean; memoryFailure: boolean; devicePrivate: boolean; assumed?: boolean },
): SwapTypes {
  let next = 32;
  const swapinError = version === 0x601 ? --next : 255;
  const marker = version >= 0x513 ? --next : 255;
  const devices = !config.devicePrivate ? 0 : version >= 0x60f ? 3 : version >= 0x50e ? 4 : 2;
  next -= devices;
  const device = devices ? next : 255;
  const migrations = !config.migration ? 0 : version >= 0x513 ? 3 : 2;
  next -= migrations;
  const migration = migrations ? next : 255;
  const hwpoison = config.memoryFailure ? --next : 255;
  const known = !config.assumed;
  const pfnBits = levels === 5 ? 40 : 34;
  return { known, pfnBits, hwpoison, migration, migrations, device, devices, marker, swapinError };
}

const NOTHING: Entry = { kind: 'none', shift: 0, swapType: 0, pfn: 0n, swapOffset: 0n, violation: 0n, assumed: false };

/**
 * Whether a huge page without P keeps the bits below its size inverted as well: pte_modify(), which hugetlb uses, inverts
 * bits 12 to 51; pmd_modify(), for transparent huge pages, leaves those below 21 (arch/x86/include/asm/pgtable.h).
 */
function invertsLowBits(raw: bigint, level: number): boolean {
  const low = (bit(levelShift(level)) - 1n) & ~0x1fffn;
  return level > 1 && !isPresent(raw) && (raw & low) === low;
}

function reservedBits(raw: bigint, level: number, facts: PagingFacts): bigint {
  let reserved = ADDRESS_BITS & ~(bit(facts.maxPhysBits) - 1n) & ~facts.encryptionMask;
  if (level >= 4) reserved |= PS;
  // Bits 13..20 of a 2M leaf and 13..29 of a 1G leaf are reserved, 12 is PAT (SDM vol. 3A, tables 4-16 and 4-18).
  else if (level >= 2 && raw & PS) reserved |= (bit(levelShift(level)) - 1n) & ~0x1fffn;
  return raw & reserved;
}

function leafPfn(raw: bigint, level: number, facts: PagingFacts): bigint {
  return (raw & ADDRESS_BITS & ~facts.encryptionMask & ~(bit(levelShift(level)) - 1n)) >> PAGE_SHIFT;
}

/** Decodes a raw entry of a level. */
export function decode(raw: bigint, level: number, facts: PagingFacts, half: Half = 'user'): Entry {
  if (raw === 0n) return NOTHING;
  const shift = levelShift(level);
  if (raw & P) {
    const violation = reservedBits(raw, level, facts);
    if (violation) return { ...NOTHING, kind: 'reserved', violation };
    if (level === 1 || (level <= 3 && raw & PS))
      return { ...NOTHING, kind: 'leaf', shift, pfn: leafPfn(raw, level, facts) };
    return { ...NOTHING, kind: 'table', pfn: (raw & ADDRESS_BITS & ~facts.encryptionMask) >> PAGE_SHIFT };
  }
  // __set_pages_np(), arch/x86/mm/pat/set_memory.c, inverts the frame number; KFENCE's did not always. So none is named.
  // Linux has no pages and no swap entries above the PUD: p4d_bad().
  if (half === 'kernel' || level >= 4) return { ...NOTHING, kind: 'presentCleared', shift };
  // protnone_mask(), arch/x86/include/asm/pgtable-invert.h: the address bits are stored inverted.
  if (raw & GLOBAL) return { ...NOTHING, kind: 'protNone', shift, pfn: leafPfn(raw ^ ALL, level, facts) };
  // pmd_present() tests PSE too: __split_huge_pmd clears P only.
  if (level === 2 && raw & PS) return { ...NOTHING, kind: 'midSplit', shift, pfn: leafPfn(raw ^ ALL, level, facts) };
  const swapType = Number(raw >> 59n);
  const swapOffset = (((raw ^ ALL) << 5n) & ALL) >> 14n; // bits 9..58, inverted
  const t = facts.swap;
  const within = (first: number, count: number) => first !== 255 && swapType >= first && swapType < first + count;
  const kind: EntryKind = within(t.marker, 1)
    ? 'marker'
    : within(t.migration, t.migrations)
      ? 'migration'
      : within(t.device, t.devices)
        ? 'device'
        : within(t.hwpoison, 1)
          ? 'hwpoison'
          : within(t.swapinError, 1)
            ? 'swapinError'
            : 'swap';
  const holdsPfn = kind === 'migration' || kind === 'device' || kind === 'hwpoison';
  const pfn = holdsPfn ? swapOffset & (bit(t.pfnBits) - 1n) : 0n;
  return { kind, shift, swapType, swapOffset, pfn, violation: 0n, assumed: holdsPfn && !t.known };
}

/** Whether an entry of this kind maps a frame, present to the CPU or not; maps_frame() of native/core/paging.h. */
export const mapsFrame = (kind: EntryKind | undefined): boolean =>
  kind === 'leaf' || kind === 'protNone' || kind === 'midSplit';

/** Physical address of `va` in the page that an entry maps. */
export const physicalAddress = (va: bigint, { pfn, shift }: Pick<Entry, 'pfn' | 'shift'>): bigint =>
  (pfn << PAGE_SHIFT) + (va & (bit(shift) - 1n));

/** One bit of an entry, or the bits `bit` to `high` of the protection key. */
export interface Flag {
  readonly bit: number;
  readonly high: number;
  readonly name: string;
  readonly meaning: string;
  readonly set: boolean;
}

/** "6.12.41-amd64" as major << 8 | minor. */
export function kernelVersion(release: string): number {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(release) ?? ['', '0', '0'];
  return (Number(major) << 8) | Number(minor);
}

/** The flag bits that an entry of this level has on this kernel, set or not, from bit 0 up. */
export function flagsOf(raw: bigint, level: number, facts: PagingFacts, release: string, half: Half = 'user'): Flag[] {
  const version = kernelVersion(release);
  const { kind } = decode(raw, level, facts, half);
  if (kind === 'presentCleared') return [{ bit: 0, high: 0, name: 'P', meaning: 'not present to the CPU', set: false }];
  const present = (raw & P) !== 0n;
  const leaf = mapsFrame(kind) || (kind === 'reserved' && level === 1);
  const inverted = invertsLowBits(raw, level);
  const list: [bit: number, name: string, meaning: string, high?: number][] = [];
  if (!present && !leaf) {
    if (raw === 0n) return [];
    // arch/x86/include/asm/pgtable_64.h, "Encode and de-code a swap entry"
    list.push([1, 'SD', 'soft-dirty, kept for the swapped page'], [2, 'UFFD', 'userfaultfd write protection, kept']);
    if (version >= 0x513) list.push([3, 'EXCL', 'the anonymous page is exclusive to this process']);
  } else {
    list.push(
      [0, 'P', present ? 'present' : 'not present to the CPU'],
      [1, 'RW', 'writes allowed (where every level allows them)'],
      [2, 'US', 'user mode may use it (where every level allows it)'],
      [3, 'PWT', 'cache selection: write-through'],
      [4, 'PCD', 'cache selection: cache disabled'],
      [5, 'A', 'accessed since the bit was last cleared'],
    );
    if (leaf) list.push([6, 'D', 'written since the bit was last cleared']);
    if (level === 1) list.push([7, 'PAT', 'cache selection: third bit']);
    else list.push([7, 'PS', level <= 3 ? 'maps a huge page' : 'reserved at this level']);
    if (leaf && present) list.push([8, 'G', 'global: stays in the TLB when CR3 changes']);
    if (leaf && !present) list.push([8, 'PROTNONE', 'mapped PROT_NONE or NUMA hint; the address bits are inverted']);
    if (leaf) {
      list.push([9, 'SPECIAL', 'the kernel uses no struct page for it (zero page, raw frame)']);
      list.push([10, 'UFFD_WP', 'write-protected by userfaultfd']);
      list.push([11, 'SOFT_DIRTY', 'written since soft-dirty was cleared']);
      if (level > 1) {
        const stored = inverted ? ', stored inverted' : '';
        list.push([12, 'PAT', `cache selection: third bit of a huge page${stored}`]);
      }
      if (version && version < 0x611) list.push([57, 'DEVMAP', 'memory of a device (ZONE_DEVICE)']);
      if (version >= 0x606) list.push([58, 'SAVED_DIRTY', 'dirty while read-only, kept apart from shadow stacks']);
      list.push([59, `PKEY ${(raw >> 59n) & 15n}`, 'protection key, used where CR4.PKE is set', 62]);
    } else if (level === facts.levels && version >= 0x60c) {
      list.push([58, 'NOPTISHADOW', 'not copied to the user root']);
    }
    list.push([63, 'NX', 'no execute']);
  }
  const word = inverted ? raw ^ bit(12) : raw;
  return list.map(([n, name, meaning, high = n]) => ({
    bit: n,
    high,
    name,
    meaning,
    set: ((word >> BigInt(n)) & (bit(high - n + 1) - 1n)) !== 0n,
  }));
}

/** Flags by each of their bits. */
export const flagsByBit = (flags: readonly Flag[]): Map<number, Flag> =>
  new Map(flags.flatMap((f) => Array.from({ length: f.high - f.bit + 1 }, (_, i): [number, Flag] => [f.bit + i, f])));

/** Bits 12..51 or the part of them that is this entry's address, for the bit cells. */
export function addressMask(raw: bigint, level: number, facts: PagingFacts, half: Half = 'user'): bigint {
  const { kind, shift } = decode(raw, level, facts, half);
  if (kind === 'presentCleared') return 0n;
  if (kind === 'none' || kind === 'swap' || kind === 'marker' || kind === 'swapinError') return 0n;
  if (kind === 'migration' || kind === 'device' || kind === 'hwpoison') return ((1n << 59n) - 1n) & ~0x1ffn;
  const low = kind === 'table' || kind === 'reserved' ? 12 : invertsLowBits(raw, level) ? 13 : shift;
  return ADDRESS_BITS & ~(bit(low) - 1n) & ~facts.encryptionMask;
}

/** "2 MiB page" and the like. */
export const pageSizeName = (shift: number): string => ({ 12: '4K', 21: '2M', 30: '1G' })[shift] ?? '';

const PAGEMAP_FLAGS: readonly (readonly [number, string])[] = [
  [63, 'present'],
  [62, 'swapped'],
  [61, 'file or shared'],
  [58, 'guard'],
  [57, 'uffd-wp'],
  [56, 'exclusive'],
  [55, 'soft-dirty'],
];

/** The flags of a /proc/PID/pagemap word by name (Documentation/admin-guide/mm/pagemap.rst). */
export const pagemapFlags = (word: bigint): string[] =>
  PAGEMAP_FLAGS.filter(([n]) => (word >> BigInt(n)) & 1n).map(([, name]) => name);

/** What a pagemap word names: a frame, a swap slot, or nothing. */
export function pagemapPlace(word: bigint): { pfn: bigint } | { swapType: number; swapOffset: bigint } | undefined {
  const low = word & (bit(55) - 1n);
  if (word & bit(63)) return { pfn: low };
  return word & bit(62) ? { swapType: Number(low & 31n), swapOffset: low >> 5n } : undefined;
}

/** What a page may be used for, and the level that denied each right (0: none did). */
export interface Permission {
  readonly user: number;
  readonly write: number;
  readonly execute: number;
}

/**
 * Writing and user access must be allowed by every level; NX at any level denies execution (SDM vol. 3A, 4.6). `entry` is by
 * level, down to `last`. Under PTI the NX of the kernel root's user half does not deny execution; it is poison
 * (__pti_set_user_pgtbl()): `ignoreRootNx`.
 */
export function permission(entry: ArrayLike<bigint>, last: number, levels: number, ignoreRootNx: boolean): Permission {
  const denied = { user: 0, write: 0, execute: 0 };
  for (let level = levels; level >= last && level > 0; level--) {
    const raw = entry[level] ?? 0n;
    if (!isWritable(raw)) denied.write ||= level;
    if (!(raw & USER)) denied.user ||= level;
    if (raw & NX && !(ignoreRootNx && level === levels)) denied.execute ||= level;
  }
  return denied;
}

export const MAY_WRITE = 1;
export const MAY_USER = 2;
export const MAY_EXECUTE = 4;
export const MAY_READ = 8;

/** What every level allows, as MAY_*; 0 if the last entry is not present. As Path::access() in native/core. */
export function accessOf(entry: ArrayLike<bigint>, last: number, levels: number, ignoreRootNx: boolean): number {
  if (!((entry[last] ?? 0n) & 1n)) return 0;
  const { user, write, execute } = permission(entry, last, levels, ignoreRootNx);
  return MAY_READ | (write ? 0 : MAY_WRITE) | (user ? 0 : MAY_USER) | (execute ? 0 : MAY_EXECUTE);
}

/** "user · read · write". */
export function permissionWords({ user, write, execute }: Permission): string {
  return [user ? 'kernel only' : 'user', 'read', ...(write ? [] : ['write']), ...(execute ? [] : ['execute'])].join(
    ' · ',
  );
}
