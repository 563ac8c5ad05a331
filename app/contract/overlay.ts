// SPDX-License-Identifier: GPL-2.0-only
// Patterns that are laid over bytes, as docs/structures.md describes them, and the fields that they give.
import { entryText } from './entry.ts';
import { hex } from './format.ts';
import { decode, type PagingFacts } from './paging.ts';
import { arrayOf, basicType, MOST_DEPTH, pointerTo, structureOf, type Type } from './types.ts';

/** What is wrong with a pattern, and where. */
export class PatternError extends Error {
  constructor(
    /** Index of the character. */
    readonly at: number,
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}

/** The most bytes that a pattern may cover. */
export const MOST_OVERLAY = 1 << 20;
export const MOST_PATTERN_TEXT = 2000;

/** Finds a type that is not among the basic ones: "struct page". Undefined if there is none. */
export type Lookup = (name: string) => Promise<Type | undefined>;

const TOKEN = /\s*([A-Za-z_]\w*|0[xX][0-9a-fA-F]+|\d+|[{}[\];:*,])/y;
const BASIC_WORDS = new Set(['unsigned', 'signed', 'long', 'short', 'int', 'char', 'float', 'double']);
const TAGS = new Set(['struct', 'union', 'enum']);
const QUALIFIERS = new Set(['const', 'volatile']);

class Parser {
  private readonly tokens: { readonly text: string; readonly at: number }[] = [];
  private next = 0;

  constructor(
    private readonly text: string,
    private readonly lookup: Lookup,
  ) {
    if (text.length > MOST_PATTERN_TEXT)
      throw new PatternError(
        MOST_PATTERN_TEXT,
        'the pattern is too long',
        `Use at most ${MOST_PATTERN_TEXT} characters.`,
      );
    for (let at = 0; text.slice(at).trim() !== ''; ) {
      TOKEN.lastIndex = at;
      const found = TOKEN.exec(text);
      if (!found) {
        const wrong = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
        throw new PatternError(
          wrong,
          `“${text[wrong]}” has no meaning here`,
          'Write a type as in C: struct page, u64[8].',
        );
      }
      const [, token = ''] = found;
      at = TOKEN.lastIndex;
      this.tokens.push({ text: token, at: at - token.length });
    }
  }

  private get token(): string {
    return this.tokens[this.next]?.text ?? '';
  }
  private get at(): number {
    return this.tokens[this.next]?.at ?? this.text.length;
  }
  private take(text: string): boolean {
    if (this.token !== text) return false;
    this.next++;
    return true;
  }
  private expect(text: string, where: string): void {
    if (!this.take(text)) throw new PatternError(this.at, `“${text}” is missing ${where}`, `Write “${text}” here.`);
  }

  async whole(): Promise<Type> {
    if (this.tokens.length === 0)
      throw new PatternError(0, 'there is no pattern', 'Write a type: struct page, pte_t[512], u64[8].');
    const type = this.counts(this.stars(await this.base(0)));
    this.take(';');
    if (this.next < this.tokens.length)
      throw new PatternError(this.at, `“${this.token}” is too much`, 'A pattern is one type. Put several into { }.');
    if (type.bytes === 0)
      throw new PatternError(0, `the size of ${type.name} is not known`, 'Name a type that has a size.');
    if (type.bytes > MOST_OVERLAY)
      throw new PatternError(0, `${type.name} covers more than 1 MiB`, 'Use a smaller count.');
    return type;
  }

  private async base(depth: number): Promise<Type> {
    const at = this.at;
    while (QUALIFIERS.has(this.token)) this.next++;
    if (this.token === '{') return this.members('structure', depth);
    if (TAGS.has(this.token)) {
      const tag = this.token;
      this.next++;
      if (this.token === '{' && tag !== 'enum') return this.members(tag === 'union' ? 'union' : 'structure', depth);
      return this.named(`${tag} ${this.name(`after ${tag}`)}`, at);
    }
    if (BASIC_WORDS.has(this.token)) {
      const words: string[] = [];
      for (; BASIC_WORDS.has(this.token); this.next++) words.push(this.token);
      return this.named(words.join(' '), at);
    }
    return this.named(this.name('for a type'), at);
  }

  private name(where: string): string {
    const { token } = this;
    if (!/^[A-Za-z_]/.test(token))
      throw new PatternError(this.at, `a name is missing ${where}`, 'Write a type as in C: struct page, u64[8].');
    this.next++;
    return token;
  }

  private async named(name: string, at: number): Promise<Type> {
    // What a pointer leads to is not laid out, so that it need not be known.
    if (this.token === '*') return { kind: 'other', name, bytes: 0 };
    const type = basicType(name) ?? (await this.lookup(name));
    if (type) return type;
    const tagged = /^(struct|union|enum) /.test(name);
    throw new PatternError(
      at,
      `there is no type ${name}`,
      tagged ? 'Check its name; the input completes names.' : `Check its name, or write struct ${name}.`,
    );
  }

  private stars(type: Type): Type {
    let result = type;
    while (this.take('*')) result = pointerTo(result.name);
    return result;
  }

  private counts(type: Type): Type {
    const counts: number[] = [];
    while (this.take('[')) {
      const at = this.at;
      const count = Number(this.token);
      if (!/^\d/.test(this.token) || count < 1 || count > MOST_OVERLAY)
        throw new PatternError(at, 'a count is missing', 'Write a number of elements from 1 on: u64[8].');
      this.next++;
      this.expect(']', 'after the count');
      counts.push(count);
    }
    return counts.reduceRight((of, count) => arrayOf(of, count), type);
  }

  private async members(kind: 'structure' | 'union', depth: number): Promise<Type> {
    if (depth > MOST_DEPTH)
      throw new PatternError(this.at, 'structures are nested too deeply', `Nest at most ${MOST_DEPTH} of them.`);
    this.expect('{', 'before the members');
    const declared: { name: string; type: Type; width: number | undefined }[] = [];
    while (!this.take('}')) {
      const base = await this.base(depth + 1);
      do {
        const starred = this.stars(base);
        const name = /^[A-Za-z_]/.test(this.token) ? this.name('of the member') : '';
        const type = this.counts(starred);
        const width = this.width(type);
        const nested = type.kind === 'structure' || type.kind === 'union';
        if (!name && width === undefined && !nested)
          throw new PatternError(this.at, 'a member has no name', `Write a name: ${type.name} x;`);
        if (type.bytes === 0)
          throw new PatternError(this.at, `the size of ${type.name} is not known`, 'Name a type that has a size.');
        declared.push({ name, type, width });
      } while (this.take(','));
      this.expect(';', 'after the member');
    }
    if (declared.length === 0) throw new PatternError(this.at, 'the structure is empty', 'Write a member: u64 x;');
    return structureOf(kind, declared);
  }

  private width(type: Type): number | undefined {
    if (!this.take(':')) return undefined;
    const width = Number(this.token);
    if (!/^\d/.test(this.token) || width > type.bytes * 8 || (type.kind !== 'integer' && type.kind !== 'enumeration'))
      throw new PatternError(
        this.at,
        `a bit field of ${type.name} is not as wide as this`,
        `Write at most ${type.bytes * 8}.`,
      );
    this.next++;
    return width;
  }
}

/** The type that a pattern stands for. Rejects with PatternError. */
export const parseOverlay = async (text: string, lookup: Lookup): Promise<Type> => new Parser(text, lookup).whole();

/** One field of an overlay, in the order of the bytes. */
export interface Field {
  /** Names of it and of what it lies in: "flags", "lru.next", "[3].pgd". */
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly type: Type;
  /** In bytes from the beginning of the overlay, and bits within them; `bits` is 0 unless it is a bit field. */
  readonly offset: number;
  readonly bit: number;
  readonly bits: number;
  /** That it covers. */
  readonly bytes: number;
  readonly hasFields: boolean;
}

const isText = (type: Type): boolean =>
  type.kind === 'array' && type.of.kind === 'integer' && type.of.shown === 'character';

const hasFields = (type: Type): boolean =>
  ((type.kind === 'structure' || type.kind === 'union') && type.members.length > 0) ||
  (type.kind === 'array' && type.count > 0 && !isText(type));

/**
 * The fields of a type; those within a field only if `isOpen`. At most `most`: of a pattern with more, the first. What lies
 * beyond the end of its structure, as in a type that lies, is left out.
 */
export function fieldsOf(type: Type, isOpen: (path: string, depth: number) => boolean, most: number): Field[] {
  const fields: Field[] = [];
  const add = (of: Type, path: string, offset: number, depth: number, end: number): void => {
    if (depth > MOST_DEPTH) return;
    if (of.kind === 'array') {
      for (let i = 0; i < of.count && fields.length < most; i++)
        one(`[${i}]`, `${path}[${i}]`, of.of, (offset + i * of.of.bytes) * 8, 0, depth, end);
    } else if (of.kind === 'structure' || of.kind === 'union')
      for (const m of of.members) {
        if (fields.length >= most) return;
        const inner = m.name ? `${path}${path && '.'}${m.name}` : `${path}${path && '.'}<${m.type.name}@${m.bit}>`;
        one(m.name, inner, m.type, offset * 8 + m.bit, m.bits, depth, end);
      }
  };
  const one = (name: string, path: string, of: Type, bit: number, bits: number, depth: number, end: number): void => {
    const first = Math.floor(bit / 8);
    const inside = bit - first * 8;
    const bytes = bits ? Math.ceil((inside + bits) / 8) : of.bytes;
    if (first + bytes > end) return;
    const nested = bits === 0 && hasFields(of);
    fields.push({ path, name, depth, type: of, offset: first, bit: inside, bits, bytes, hasFields: nested });
    if (nested && isOpen(path, depth)) add(of, path, first, depth + 1, first + bytes);
  };
  if (hasFields(type)) add(type, '', 0, 0, type.bytes);
  else one(type.name, '', type, 0, 0, 0, type.bytes);
  return fields;
}

export interface Value {
  readonly text: string;
  /** The virtual address that a pointer holds; undefined for anything else, and for null. */
  readonly pointer?: bigint;
  /** The frame that an entry of a page table maps, or the table that it leads to. */
  readonly pfn?: bigint;
}

const NO_VALUE: Value = { text: '' };

function number(bytes: Uint8Array, { bit, bits }: Pick<Field, 'bit' | 'bits'>, signed: boolean): bigint {
  let raw = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) raw = (raw << 8n) | BigInt(bytes[i] as number);
  if (bits === 0) return signed ? BigInt.asIntN(bytes.length * 8, raw) : raw;
  raw >>= BigInt(bit);
  return signed ? BigInt.asIntN(bits, raw) : BigInt.asUintN(bits, raw);
}

const shownNumber = (value: bigint): string =>
  value < 0n || value < 10n ? String(value) : `0x${hex(value)}${value < 1n << 32n ? ` (${value})` : ''}`;

const printable = (code: number): string =>
  code >= 0x20 && code < 0x7f ? `'${String.fromCharCode(code)}'` : `\\x${hex(code, 2)}`;

/** The text up to the first zero. */
function textIn(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = Array.from(end < 0 ? bytes : bytes.subarray(0, end), (b) =>
    b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : `\\x${hex(b, 2)}`,
  ).join('');
  return `"${text}"`;
}

/** What the bytes of a field say. `target` decodes entries of page tables. */
export function fieldValue(field: Field, bytes: Uint8Array, target: PagingFacts): Value {
  const { type } = field;
  switch (type.kind) {
    case 'integer': {
      const value = number(bytes, field, type.signed);
      if (type.shown === 'truth') return { text: value === 0n ? 'false' : value === 1n ? 'true' : shownNumber(value) };
      if (type.shown === 'character') return { text: `${printable(Number(BigInt.asUintN(8, value)))} (${value})` };
      return { text: shownNumber(value) };
    }
    case 'floating': {
      const view = new DataView(bytes.slice().buffer);
      return { text: String(bytes.length === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)) };
    }
    case 'pointer': {
      const value = number(bytes, field, false);
      return value === 0n ? { text: 'null' } : { text: `0x${hex(value, 16)}`, pointer: value };
    }
    case 'entry': {
      const value = number(bytes, field, false);
      const entry = decode(value, type.level, target);
      return { text: `${entryText(entry)} · ${hex(value, 16)}`, ...(entry.pfn && { pfn: entry.pfn }) };
    }
    case 'enumeration': {
      const value = number(bytes, field, true);
      const name = type.values.get(value) ?? type.values.get(BigInt.asUintN(bytes.length * 8, value));
      return { text: name ? `${name} (${value})` : shownNumber(value) };
    }
    case 'array':
      return isText(type) ? { text: textIn(bytes) } : NO_VALUE;
    default:
      return NO_VALUE;
  }
}
