// SPDX-License-Identifier: GPL-2.0-only
// The language of the filters: `rights contains x and (size > 1M or name ~ "libc")`. Each table declares its fields.
//
//   expression  and-part { "or" and-part }
//   and-part    not-part { "and" not-part }
//   not-part    "not" not-part | "(" expression ")" | comparison | value
//   comparison  field operator value
//
// `and` binds more strongly than `or`, `not` most. && || ! stand for them. A value by itself is looked for in the fields that
// are marked so, as in a search.

/** What a field holds. `hex` numbers are written in hex without 0x; `word` is one of a few; `set` holds several of a few. */
export type FieldType = 'text' | 'number' | 'size' | 'hex' | 'word' | 'set';

/** Undefined: the row has no such value. No comparison with it holds. */
export type FieldValue = string | bigint | number | readonly string[] | undefined;

export interface Field<T> {
  readonly name: string;
  readonly type: FieldType;
  readonly about: string;
  /** Of a word or set: what may be written, with what each means. */
  readonly values?: Readonly<Record<string, string>>;
  /** A value by itself is looked for here, too. */
  readonly plain?: true;
  read(row: T): FieldValue;
}

/** An error names the place [from, to) in the text. */
export interface FilterError {
  readonly from: number;
  readonly to: number;
  readonly message: string;
  /** What may come at the end of the text. Undefined: it is wrong however it goes on. */
  readonly expects?: Expected | undefined;
}

export type Expected =
  | { readonly kind: 'field' }
  | { readonly kind: 'operator'; readonly field: string }
  | { readonly kind: 'value'; readonly field: string }
  | { readonly kind: 'connective' };

/** Undefined where a field is not known (yet). */
export type Ternary = boolean | undefined;

export interface Filter<T> {
  /** `read` gives the value of a field, or `null` if it is not known; then the result may be undefined. */
  evaluate(read: (field: Field<T>) => FieldValue | null): Ternary;
  matches(row: T): boolean;
  /** What a field is compared with. */
  constantsOf(field: string): readonly bigint[];
}

export type Parsed<T> = { readonly filter: Filter<T> } | { readonly error: FilterError };

export const OPERATORS: Readonly<Record<string, { readonly types: readonly FieldType[]; readonly means: string }>> = {
  '==': { types: ['text', 'number', 'size', 'hex', 'word'], means: 'is' },
  '!=': { types: ['text', 'number', 'size', 'hex', 'word'], means: 'is not' },
  '>': { types: ['number', 'size', 'hex'], means: 'is more than' },
  '>=': { types: ['number', 'size', 'hex'], means: 'is at least' },
  '<': { types: ['number', 'size', 'hex'], means: 'is less than' },
  '<=': { types: ['number', 'size', 'hex'], means: 'is at most' },
  contains: { types: ['text', 'word'], means: 'has these letters in it' },
  '~': { types: ['text', 'word'], means: 'matches this regular expression' },
  has: { types: ['set'], means: 'has this one among them' },
};

export const TYPE_WORDS: Readonly<Record<FieldType, string>> = {
  text: 'text',
  number: 'a number like 12 or 0x1f',
  size: 'a size like 512, 64K, 1.5M or 2G',
  hex: 'a number in hex like 7f3a4001f000',
  word: 'one of its words',
  set: 'one of its words',
};

interface Token {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  readonly quoted: boolean;
}

class Failure extends Error {
  constructor(readonly error: FilterError) {
    super(error.message);
  }
}

/** At one place: blanks; a quoted text, whose end may be missing; an operator or parenthesis; a word. */
const PIECE = /(\s+)|"((?:[^"\\]|\\.)*)("?)|(==|!=|>=|<=|&&|\|\||[()<>~!=&|])|([^\s()<>~!=&|"]+)/y;

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < text.length) {
    const from = PIECE.lastIndex;
    const [whole, blank, quoted, end, operator, word] = PIECE.exec(text) as RegExpExecArray;
    const to = from + whole.length;
    if (quoted !== undefined && !end)
      throw new Failure({ from, to, message: 'this text has no closing quote: add "', expects: undefined });
    if (blank === undefined)
      tokens.push({
        text: operator ?? word ?? (quoted ?? '').replace(/\\(.)/g, '$1'),
        from,
        to,
        quoted: quoted !== undefined,
      });
  }
  return tokens;
}

const CONNECTIVES: Readonly<Record<string, 'and' | 'or' | 'not'>> = {
  and: 'and',
  '&&': 'and',
  or: 'or',
  '||': 'or',
  not: 'not',
  '!': 'not',
};
const connectiveOf = (token: Token | undefined) =>
  token && !token.quoted ? CONNECTIVES[token.text.toLowerCase()] : undefined;

const UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** A number as it is written for a field of this type; undefined: it is none. */
export function numberOf(text: string, type: 'number' | 'size' | 'hex'): bigint | number | undefined {
  const clean = text.replaceAll('_', '').toLowerCase();
  if (/^0x[0-9a-f]+$/.test(clean)) return BigInt(clean);
  if (type === 'hex') return /^[0-9a-f]+$/.test(clean) ? BigInt(`0x${clean}`) : undefined;
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([kmgtp]?)(?:i?b)?$/.exec(clean) ?? [];
  if (digits === undefined || (type === 'number' && !/^[\d.]+$/.test(clean))) return undefined;
  const factor = 1024 ** UNITS.indexOf(unit);
  if (!digits.includes('.')) return BigInt(digits) * BigInt(factor);
  const value = Number(digits) * factor;
  return type === 'size' ? BigInt(Math.round(value)) : value;
}

interface Test<T> {
  readonly field: Field<T>;
  readonly constant?: bigint;
  holds(value: Exclude<FieldValue, undefined>): boolean;
}
type Node<T> =
  | { readonly all: readonly Node<T>[] }
  | { readonly any: readonly Node<T>[] }
  | { readonly not: Node<T> }
  | { readonly test: Test<T> };

function evaluate<T>(node: Node<T>, read: (field: Field<T>) => FieldValue | null): Ternary {
  if ('test' in node) {
    const value = read(node.test.field);
    return value === null ? undefined : value !== undefined && node.test.holds(value);
  }
  if ('not' in node) {
    const inner = evaluate(node.not, read);
    return inner === undefined ? undefined : !inner;
  }
  const decides = 'any' in node;
  let result: Ternary = !decides;
  for (const part of 'any' in node ? node.any : node.all) {
    const one = evaluate(part, read);
    if (one === decides) return decides;
    if (one === undefined) result = undefined;
  }
  return result;
}

const testsOf = <T>(node: Node<T>): readonly Test<T>[] =>
  'test' in node
    ? [node.test]
    : 'not' in node
      ? testsOf(node.not)
      : ('any' in node ? node.any : node.all).flatMap(testsOf);

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
const isBegin = (text: string, word: string) => word.toLowerCase().startsWith(text.toLowerCase());
const isIn = (text: string, part: string) => text.toLowerCase().includes(part.toLowerCase());

/** The closest thing to say about what may be written. */
const list = (words: readonly string[]) => words.join(', ');

class Parser<T> {
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly end: number,
    private readonly fields: readonly Field<T>[],
  ) {}

  whole(): Node<T> {
    const node = this.alternatives();
    const rest = this.tokens[this.at];
    if (rest)
      this.fail(
        rest,
        rest.text === ')' ? 'this ) closes nothing: remove it' : `“and” or “or” is missing before “${rest.text}”`,
        { kind: 'connective' },
        Object.keys(CONNECTIVES),
      );
    return node;
  }

  /** A word at the end of the text that may become one of `words` is not wrong yet. */
  private fail(token: Token, message: string, expects?: Expected, words: readonly string[] = []): never {
    const begun = !token.quoted && token.to === this.end && words.some((w) => isBegin(token.text, w));
    throw new Failure({ from: token.from, to: token.to, message, expects: begun ? expects : undefined });
  }

  /** The text ends where more is needed. */
  private ends(message: string, expects: Expected): never {
    throw new Failure({ from: this.end, to: this.end, message, expects });
  }

  private alternatives(): Node<T> {
    const parts = [this.conjunction()];
    while (connectiveOf(this.tokens[this.at]) === 'or') {
      this.at++;
      parts.push(this.conjunction());
    }
    return parts.length === 1 ? (parts[0] as Node<T>) : { any: parts };
  }

  private conjunction(): Node<T> {
    const parts = [this.negation()];
    while (connectiveOf(this.tokens[this.at]) === 'and') {
      this.at++;
      parts.push(this.negation());
    }
    return parts.length === 1 ? (parts[0] as Node<T>) : { all: parts };
  }

  private negation(): Node<T> {
    const token = this.tokens[this.at];
    if (!token) this.ends('the expression goes on: write a field', { kind: 'field' });
    if (connectiveOf(token) === 'not') {
      this.at++;
      return { not: this.negation() };
    }
    if (token.text === '(' && !token.quoted) {
      this.at++;
      const inner = this.alternatives();
      const close = this.tokens[this.at];
      if (!close) this.ends('a ( is not closed: write )', { kind: 'connective' });
      if (close.text !== ')' || close.quoted) this.fail(close, `“and”, “or” or ) is missing before “${close.text}”`);
      this.at++;
      return inner;
    }
    return this.comparison(token);
  }

  private comparison(token: Token): Node<T> {
    this.at++;
    const field = token.quoted ? undefined : this.fields.find((f) => same(f.name, token.text));
    const next = this.tokens[this.at];
    const isOperator = next !== undefined && !next.quoted && (next.text in OPERATORS || /^[=&|]$/.test(next.text));
    const names = this.fields.map((f) => f.name);
    if (!field) {
      // By itself a word is looked for; after something else it may be a field that is still being written.
      if (!next && this.at > 1 && names.some((name) => isBegin(token.text, name)))
        this.fail(token, `there is no field “${token.text}”`, { kind: 'field' }, names);
      if (isOperator) this.fail(token, `there is no field “${token.text}”. Fields are ${list(names)}`);
      if (connectiveOf(token) || (!token.quoted && /^[()<>~!=&|]+$/.test(token.text)))
        this.fail(token, `a field or a text is missing before “${token.text}”`);
      return this.search(token);
    }
    const operators = Object.keys(OPERATORS).filter((o) => OPERATORS[o]?.types.includes(field.type));
    if (!next)
      this.ends(`write how “${field.name}” is compared: ${list(operators)}`, { kind: 'operator', field: field.name });
    if (!isOperator || !operators.includes(next.text))
      this.fail(
        next,
        next.text === '='
          ? 'write == to compare'
          : `“${next.text}” can’t compare “${field.name}”. Write one of ${list(operators)}`,
        { kind: 'operator', field: field.name },
        operators,
      );
    this.at++;
    const value = this.tokens[this.at];
    if (!value)
      this.ends(`write what “${field.name}” is compared with: ${TYPE_WORDS[field.type]}`, {
        kind: 'value',
        field: field.name,
      });
    if (!value.quoted && (/^[()<>~!=&|]+$/.test(value.text) || connectiveOf(value)))
      this.fail(value, `a value is missing before “${value.text}”; a text can be quoted`);
    this.at++;
    return { test: this.test(field, next.text, value) };
  }

  /** A value by itself. */
  private search(token: Token): Node<T> {
    const searched = this.fields.filter((f) => f.plain);
    if (searched.length === 0)
      this.fail(token, `there is no field “${token.text}”. Fields are ${list(this.fields.map((f) => f.name))}`);
    return {
      any: searched.map((field) => ({
        test: {
          field,
          holds: (value) => (typeof value === 'string' ? isIn(value, token.text) : String(value) === token.text),
        },
      })),
    };
  }

  private test(field: Field<T>, operator: string, token: Token): Test<T> {
    const { text } = token;
    const { type } = field;
    if (type === 'number' || type === 'size' || type === 'hex') {
      const wanted = numberOf(text, type);
      if (wanted === undefined) this.fail(token, `“${text}” is not ${TYPE_WORDS[type]}`);
      const compare: Readonly<Record<string, (value: bigint | number) => boolean>> = {
        // A number and a bigint may be equal, and are not identical.
        '==': (value) => !(value < wanted || value > wanted),
        '!=': (value) => value < wanted || value > wanted,
        '>': (value) => value > wanted,
        '>=': (value) => value >= wanted,
        '<': (value) => value < wanted,
        '<=': (value) => value <= wanted,
      };
      const holds = compare[operator] as (value: bigint | number) => boolean;
      return {
        field,
        ...(typeof wanted === 'bigint' && { constant: wanted }),
        holds: (value) => holds(value as bigint | number),
      };
    }
    if (operator === '~') {
      let pattern: RegExp;
      try {
        pattern = new RegExp(text, 'i');
      } catch (error) {
        this.fail(token, `this is not a regular expression: ${(error as Error).message.replace(/^.*: /, '')}`);
      }
      return { field, holds: (value) => pattern.test(String(value)) };
    }
    if (operator === 'contains') return { field, holds: (value) => isIn(String(value), text) };
    const wanted = this.word(field, token);
    if (operator === 'has')
      return { field, holds: (value) => (value as readonly string[]).some((one) => same(one, wanted)) };
    const equal = operator === '==';
    return { field, holds: (value) => same(String(value), wanted) === equal };
  }

  /** A word that the field may have; of a text, any. */
  private word({ values, name }: Field<T>, token: Token): string {
    if (!values) return token.text;
    const found = Object.keys(values).find((v) => same(v, token.text) || same(values[v] ?? '', token.text));
    if (found) return found;
    const words = Object.keys(values);
    return this.fail(
      token,
      `“${name}” is never “${token.text}”. It is one of ${list(words)}`,
      { kind: 'value', field: name },
      words,
    );
  }
}

/** Reads a filter. An empty text is no filter: give it none. */
export function parseFilter<T>(text: string, fields: readonly Field<T>[]): Parsed<T> {
  try {
    const node = new Parser(tokensOf(text), text.length, fields).whole();
    return {
      filter: {
        evaluate: (read) => evaluate(node, read),
        matches: (row) => evaluate(node, (field) => field.read(row)) === true,
        constantsOf: (name) =>
          testsOf(node).flatMap(({ field, constant }) =>
            field.name === name && constant !== undefined ? [constant] : [],
          ),
      },
    };
  } catch (error) {
    if (error instanceof Failure) return { error: error.error };
    throw error;
  }
}

/** What can be written in place of [from, to). */
export interface Completion {
  readonly text: string;
  readonly about: string;
  readonly from: number;
  readonly to: number;
}

/** At the end of what is written, what the word that is begun there may become. */
export function completionsOf<T>(text: string, fields: readonly Field<T>[]): readonly Completion[] {
  const begun = /[^\s()<>~!=&|"]*$/.exec(text)?.[0] ?? '';
  const before = text.slice(0, text.length - begun.length);
  const parsed = before.trim() ? parseFilter(before, fields) : undefined;
  const expects: Expected | undefined = !parsed
    ? { kind: 'field' }
    : 'filter' in parsed
      ? { kind: 'connective' }
      : parsed.error.expects;
  if (!expects) return [];
  const field = 'field' in expects ? fields.find((f) => f.name === expects.field) : undefined;
  const words: Readonly<Record<string, string>> = {
    field: () => Object.fromEntries([...fields.map((f) => [f.name, f.about]), ['not', 'the opposite of what follows']]),
    operator: () =>
      Object.fromEntries(
        Object.entries(OPERATORS).flatMap(([o, { types, means }]) =>
          field && types.includes(field.type) ? [[o, means]] : [],
        ),
      ),
    value: () => field?.values ?? {},
    connective: () => ({ and: 'both hold', or: 'one of them holds' }),
  }[expects.kind]();
  return Object.entries(words)
    .filter(([word]) => isBegin(begun, word) && !same(word, begun))
    .map(([word, about]) => ({ text: word, about, from: before.length, to: text.length }));
}
