// SPDX-License-Identifier: GPL-2.0-only
// Patterns of bytes to search for, and the hits in words.
import { hex } from './format.ts';

export interface Pattern {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** 0xff: the byte must match; 0: any byte matches. */
  readonly mask: Uint8Array<ArrayBuffer>;
}

export const PATTERN_KINDS = ['hex', 'text', 'u64', 'u32'] as const;
export type PatternKind = (typeof PATTERN_KINDS)[number];

/** As native/core/search.h. */
export const MOST_PATTERN = 256;

const exact = (bytes: Uint8Array<ArrayBuffer>): Pattern => ({ bytes, mask: new Uint8Array(bytes.length).fill(0xff) });

function integer(text: string, size: 4 | 8): Pattern | string {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) return `"${text}" is not a number`;
  const value = BigInt(text);
  if (value >> BigInt(size * 8)) return `${text} has more than ${size * 8} bits`;
  return exact(Uint8Array.from({ length: size }, (_, i) => Number((value >> BigInt(i * 8)) & 255n)));
}

/**
 * A pattern from text: hex bytes with ?? for any ("7f 45 4c 46 ?? 01"), text as UTF-8, or a little-endian number. A string
 * says what is wrong with it.
 */
export function parsePattern(text: string, kind: PatternKind): Pattern | string {
  let pattern: Pattern | string;
  if (kind === 'u64' || kind === 'u32') pattern = integer(text.trim(), kind === 'u64' ? 8 : 4);
  else if (kind === 'text') pattern = exact(new TextEncoder().encode(text));
  else {
    const digits = text.replace(/^0x/i, '').replace(/[\s,]+/g, '');
    const pairs = digits.match(/.{1,2}/g) ?? [];
    const bad = pairs.find((pair) => !/^([0-9a-f]{2}|\?\?)$/i.test(pair));
    if (bad !== undefined) return `"${bad}" is not a byte: give two hex digits each, or ?? for any`;
    pattern = {
      bytes: Uint8Array.from(pairs, (pair) => (pair === '??' ? 0 : Number.parseInt(pair, 16))),
      mask: Uint8Array.from(pairs, (pair) => (pair === '??' ? 0 : 0xff)),
    };
  }
  if (typeof pattern === 'string') return pattern;
  if (pattern.bytes.length === 0) return 'the pattern is empty';
  if (pattern.bytes.length > MOST_PATTERN) return `the pattern has more than ${MOST_PATTERN} bytes`;
  return pattern.mask.includes(0xff) ? pattern : 'the pattern is all wildcards';
}

/** Bytes of context for each hit, of which HIT_BEFORE come before it (native/core/search.h). */
const HIT_CONTEXT = 64;
const HIT_BEFORE = 16;

/** Hit `i` of a batch for people: bytes from the hit on, text around it; what could not be read is blank, never zero. */
export function sayHit(
  { context, knownFrom, knownTo }: { context: Uint8Array; knownFrom: Uint8Array; knownTo: Uint8Array },
  i: number,
): { bytes: string; text: string } {
  const cells = Array.from(context.subarray(i * HIT_CONTEXT, (i + 1) * HIT_CONTEXT), (b, k) =>
    k >= (knownFrom[i] as number) && k < (knownTo[i] as number) ? b : undefined,
  );
  const shown = cells.slice(HIT_BEFORE, HIT_BEFORE + 16);
  return {
    bytes: shown.map((b) => (b === undefined ? '  ' : hex(b, 2))).join(' '),
    text: cells.map((b) => (b === undefined ? ' ' : b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '·')).join(''),
  };
}
