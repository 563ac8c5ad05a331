// SPDX-License-Identifier: GPL-2.0-only
// Types of C as they lie in memory on x86-64: those that every program has, those of a kernel's BTF, and structures that a
// user writes. A BTF may lie, so nothing here trusts its sizes or ends only where it says so.
import { z } from 'zod';
import type { Level } from './paging.ts';

const u32s = z.instanceof(Uint32Array);
const u64s = z.instanceof(BigUint64Array);
const u8s = z.instanceof(Uint8Array);

/** The order is that of TypeKind in native/core/type_slice.h. */
export const TYPE_KINDS = [
  'none',
  'integer',
  'floating',
  'pointer',
  'array',
  'structure',
  'union',
  'enumeration',
  'alias',
  'other',
] as const;

/** A type of the kernel and all that it consists of; empty if there is no such type. */
export const TypeSlice = z.object({
  /** The one that was asked for first. */
  id: u32s,
  /** Index into TYPE_KINDS. */
  kind: u8s,
  bytes: u32s,
  /** Of a pointer, array or alias: the id of the type behind it. */
  of: u32s,
  count: u32s,
  /** Of an integer: 1 signed, 2 a character, 4 a truth value. */
  encoding: u8s,
  name: z.array(z.string()),
  /** Members of structures and unions: id of the owner and of the type, first bit, and bits of a bit field, else 0. */
  memberOwner: u32s,
  memberType: u32s,
  memberBit: u64s,
  memberBits: u32s,
  memberName: z.array(z.string()),
  valueOwner: u32s,
  value: u64s,
  valueName: z.array(z.string()),
});
export type TypeSlice = z.infer<typeof TypeSlice>;

export interface Member {
  /** "" if it is anonymous. */
  readonly name: string;
  /** From the beginning of its structure. */
  readonly bit: number;
  /** Of a bit field; 0 otherwise. */
  readonly bits: number;
  readonly type: Type;
}

/** `bytes` is 0 if the size is not known. */
export type Type = { readonly name: string; readonly bytes: number } & (
  | { readonly kind: 'integer'; readonly signed: boolean; readonly shown: 'number' | 'character' | 'truth' }
  | { readonly kind: 'floating' }
  | { readonly kind: 'pointer' }
  /** An entry of a page table. */
  | { readonly kind: 'entry'; readonly level: Level }
  | { readonly kind: 'array'; readonly of: Type; readonly count: number }
  | { readonly kind: 'structure' | 'union'; readonly members: readonly Member[] }
  | { readonly kind: 'enumeration'; readonly values: ReadonlyMap<bigint, string> }
  | { readonly kind: 'other' }
);

const integer = (name: string, bytes: number, signed: boolean, shown: 'number' | 'character' | 'truth' = 'number') =>
  ({ kind: 'integer', name, bytes, signed, shown }) as const;

/** Entries of page tables by the names that the kernel has for them: our own decoder reads them. */
const ENTRY_TYPES: Readonly<Record<string, Level>> = { pte_t: 1, pmd_t: 2, pud_t: 3, p4d_t: 4, pgd_t: 5 };

const INTEGERS: readonly (readonly [bytes: number, signed: boolean, names: string])[] = [
  [1, false, 'u8 __u8 uint8_t'],
  [2, false, 'u16 __u16 uint16_t'],
  [4, false, 'u32 __u32 uint32_t'],
  [8, false, 'u64 __u64 uint64_t size_t uintptr_t'],
  [1, true, 's8 __s8 int8_t i8'],
  [2, true, 's16 __s16 int16_t i16'],
  [4, true, 's32 __s32 int32_t i32'],
  [8, true, 's64 __s64 int64_t i64 ssize_t'],
];

/** The words of a type of C, in every order; `long` may come twice. */
const WORDS: readonly (readonly [bytes: number, signed: boolean, words: string])[] = [
  [2, true, 'short'],
  [2, false, 'short unsigned'],
  [4, true, 'int'],
  [4, false, 'unsigned'],
  [8, true, 'long'],
  [8, false, 'long unsigned'],
  [8, true, 'long long'],
  [8, false, 'long long unsigned'],
];

/** A type that needs no dictionary, by its name; undefined if there is none. */
export function basicType(name: string): Type | undefined {
  const level = Object.hasOwn(ENTRY_TYPES, name) ? ENTRY_TYPES[name] : undefined;
  if (level) return { kind: 'entry', name, bytes: 8, level };
  for (const [bytes, signed, names] of INTEGERS)
    if (names.split(' ').includes(name)) return integer(name, bytes, signed);
  if (name === 'bool' || name === '_Bool') return integer(name, 1, false, 'truth');
  if (name === 'float') return { kind: 'floating', name, bytes: 4 };
  if (name === 'double') return { kind: 'floating', name, bytes: 8 };
  const words = name.split(' ').sort();
  const essential = words.filter((word) => word !== 'signed' && (word !== 'int' || words.length === 1));
  const text = essential.join(' ') || 'int';
  if (text === 'char') return integer(name, 1, true, 'character');
  if (text === 'char unsigned') return integer(name, 1, false);
  const found = WORDS.find((row) => row[2] === text);
  return found && integer(name, found[0], found[1]);
}

/** What it aligns to, in bytes. */
export function alignmentOf(type: Type, depth = 0): number {
  if (depth > MOST_DEPTH) return 1;
  if (type.kind === 'array') return alignmentOf(type.of, depth + 1);
  if (type.kind === 'structure' || type.kind === 'union')
    return Math.max(1, ...type.members.map((m) => alignmentOf(m.type, depth + 1)));
  return type.bytes || 1;
}

/** Structures within structures. */
export const MOST_DEPTH = 12;

export const arrayOf = (of: Type, count: number): Type => ({
  kind: 'array',
  name: `${of.name}[${count}]`,
  bytes: of.bytes * count,
  of,
  count,
});

export const pointerTo = (name: string): Type => ({
  kind: 'pointer',
  name: `${name} *`.replace('* *', '**'),
  bytes: 8,
});

/** A structure with these members, as the ABI of x86-64 lays them out. Widths are of bit fields; undefined: an ordinary member. */
export function structureOf(
  kind: 'structure' | 'union',
  declared: readonly { readonly name: string; readonly type: Type; readonly width: number | undefined }[],
): Type {
  const members: Member[] = [];
  let bit = 0;
  let end = 0;
  let alignment = 1;
  for (const { name, type, width } of declared) {
    if (kind === 'union') bit = 0;
    const bits = type.bytes * 8;
    const aligned = alignmentOf(type) * 8;
    // A bit field may not cross the unit of its type; one of no width closes the unit.
    if (width === undefined || width === 0 || Math.floor(bit / bits) !== Math.floor((bit + width - 1) / bits))
      bit = Math.ceil(bit / aligned) * aligned;
    // A bit field without a name is padding.
    if (width === undefined || (width > 0 && name)) members.push({ name, bit, bits: width ?? 0, type });
    if (width === undefined || name) alignment = Math.max(alignment, aligned / 8);
    bit += width ?? bits;
    end = Math.max(end, bit);
  }
  const bytes = Math.ceil(Math.ceil(end / 8) / alignment) * alignment;
  return { kind, name: kind === 'union' ? 'union' : 'struct', bytes, members };
}

const KEYWORDS: Readonly<Record<string, string>> = { structure: 'struct', union: 'union', enumeration: 'enum' };

/** The first type of a slice; undefined if it is empty. */
export function typeOf(slice: TypeSlice): Type | undefined {
  const at = new Map(Array.from(slice.id, (id, i) => [id, i]));
  const made = new Map<number, Type>();
  const membersOf = new Map<number, number[]>();
  slice.memberOwner.forEach((owner, i) => {
    const list = membersOf.get(owner);
    if (list) list.push(i);
    else membersOf.set(owner, [i]);
  });
  const signed = (value: bigint) => BigInt.asIntN(64, value);

  function make(id: number, depth: number): Type {
    const known = made.get(id);
    if (known) return known;
    const i = at.get(id);
    const none: Type = { kind: 'other', name: id === 0 ? 'void' : '?', bytes: 0 };
    if (i === undefined || depth > MOST_DEPTH * 4) return none;
    const type = build(id, i, depth);
    made.set(id, type);
    return type;
  }

  function build(id: number, i: number, depth: number): Type {
    const kind = TYPE_KINDS[slice.kind[i] as number] ?? 'other';
    const own = slice.name[i] ?? '';
    const bytes = slice.bytes[i] as number;
    const keyword = KEYWORDS[kind];
    const name = keyword ? `${keyword}${own && ` ${own}`}` : own;
    const encoding = slice.encoding[i] as number;
    const behind = () => make(slice.of[i] as number, depth + 1);
    switch (kind) {
      case 'integer': {
        const shown = encoding & 4 ? 'truth' : encoding & 2 || own === 'char' ? 'character' : 'number';
        return integer(name, bytes, (encoding & 1) !== 0, shown);
      }
      case 'floating':
      case 'pointer':
        return { kind, name, bytes };
      case 'array':
        return arrayOf(behind(), slice.count[i] as number);
      case 'alias': {
        const entry = basicType(name);
        return entry?.kind === 'entry' ? entry : { ...behind(), name };
      }
      case 'enumeration': {
        const values = new Map<bigint, string>();
        slice.valueOwner.forEach((owner, v) => {
          if (owner === id) values.set(signed(slice.value[v] as bigint), slice.valueName[v] as string);
        });
        return { kind, name, bytes, values };
      }
      case 'structure':
      case 'union': {
        const members: Member[] = [];
        const type: Type = { kind, name, bytes, members };
        made.set(id, type); // a structure that claims to hold itself ends by MOST_DEPTH
        for (const m of membersOf.get(id) ?? [])
          members.push({
            name: slice.memberName[m] ?? '',
            bit: Number(slice.memberBit[m]),
            bits: slice.memberBits[m] as number,
            type: make(slice.memberType[m] as number, depth + 1),
          });
        return type;
      }
      default:
        return { kind: 'other', name: name || '?', bytes };
    }
  }
  return slice.id.length ? make(slice.id[0] as number, 0) : undefined;
}
