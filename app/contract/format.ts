// SPDX-License-Identifier: GPL-2.0-only
// Numbers as every face shows them.

/** Hex without prefix, zero-padded. */
export const hex = (value: bigint | number, digits = 0): string => value.toString(16).padStart(digits, '0');

/** A virtual address: 12 digits with 4 levels, 14 or 16 with more. */
export const hexVa = (va: bigint): string => hex(va, va >> 48n ? 16 : 12);

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
/** "1.25 GiB": three significant digits, binary units. */
export function bytes(value: bigint | number): string {
  let n = Number(value);
  let unit = 0;
  while (n >= 1024 && unit < UNITS.length - 1) {
    n /= 1024;
    unit++;
  }
  return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(n >= 10 ? 1 : 2)} ${UNITS[unit]}`;
}

/** "523 902": thin groups of three. */
export const count = (value: bigint | number): string => value.toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** Nanoseconds as seconds: "0.25 s". */
export const seconds = (ns: bigint, digits: number): string => `${(Number(ns) / 1e9).toFixed(digits)} s`;

/** With a capital letter at its beginning. */
export const capitalized = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** "14:03:12", in the time zone of whoever looks. */
export const clock = (at: Date): string => at.toLocaleTimeString('en-GB');

export const KPF_NAMES: Readonly<Record<number, string>> = {
  0: 'locked',
  1: 'error',
  2: 'referenced',
  3: 'uptodate',
  4: 'dirty',
  5: 'lru',
  6: 'active',
  7: 'slab',
  8: 'writeback',
  9: 'reclaim',
  10: 'buddy',
  11: 'mmap',
  12: 'anon',
  13: 'swapcache',
  14: 'swapbacked',
  15: 'compound_head',
  16: 'compound_tail',
  17: 'huge',
  18: 'unevictable',
  19: 'hwpoison',
  20: 'nopage',
  21: 'ksm',
  22: 'thp',
  23: 'offline',
  24: 'zero_page',
  25: 'idle',
  26: 'pgtable',
  32: 'reserved',
  33: 'mlocked',
  34: 'mappedtodisk',
  35: 'private',
  36: 'private_2',
  37: 'owner_private',
  38: 'arch',
  39: 'uncached',
  40: 'softdirty',
  41: 'arch_2',
  42: 'arch_3',
};
/** The numbers of the bits that are set, from the lowest up. */
export const bitsOf = (word: bigint): number[] =>
  Array.from({ length: 64 }, (_, i) => i).filter((i) => (word >> BigInt(i)) & 1n);

/** Names of the bits of /proc/kpageflags (include/uapi/linux/kernel-page-flags.h). */
export const kpageFlagNames = (flags: bigint): string[] => bitsOf(flags).map((i) => KPF_NAMES[i] ?? `bit ${i}`);

/** The same for people. Where the kernel is known to set a flag without a reason, it is marked: "ksm?". */
export const flagLabels = (names: readonly string[], { ksmUnreliable }: { ksmUnreliable: boolean }): string[] =>
  names.map((name) => (name === 'ksm' && ksmUnreliable ? 'ksm?' : name));

export const kpageFlagLabels = (flags: bigint, target: { ksmUnreliable: boolean }): string[] =>
  flagLabels(kpageFlagNames(flags), target);

/** A 64-bit number as typed by a person: 0x-hex, decimal, or with `bareHex` also bare hex. Undefined if it is not a number. */
export function parseU64(text: string, bareHex = false): bigint | undefined {
  const clean = text.trim().replaceAll('_', '');
  const form = /^0x[0-9a-f]+$/i.test(clean)
    ? clean
    : bareHex && /^[0-9a-f]+$/i.test(clean)
      ? `0x${clean}`
      : /^\d+$/.test(clean)
        ? clean
        : '';
  if (!form) return undefined;
  const value = BigInt(form);
  return value >> 64n ? undefined : value;
}
