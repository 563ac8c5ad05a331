// SPDX-License-Identifier: GPL-2.0-only
// Values as bytes: MessagePack, with columns of 64 and 32 bits as extensions 1 and 2. Bytes from a stranger are measured
// before they are decoded: the decoder allocates whatever length it reads, and nested arrays multiply that.
import { Decoder, Encoder, ExtensionCodec } from '@msgpack/msgpack';

const U64S = 1;
const U32S = 2;
const WIDTH: Readonly<Record<number, number>> = { [U64S]: 8, [U32S]: 4 };

/** Values in one message, map keys included; each costs up to a hundred bytes of memory, and one byte of the message. */
const MOST_VALUES = 1 << 22;
/** Values within values; the contract has less than ten. */
const MOST_DEPTH = 32;

/** Thrown for bytes that are not one value, or more than may be decoded. */
export class Malformed extends Error {
  readonly code = 'EBADMSG';
  readonly remedy = 'It does not come from cr3scope: do not trust it.';
}

const extensionCodec = new ExtensionCodec();
const bytesOf = (a: ArrayBufferView) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
// The copy aligns: a message starts its arrays at any byte. (slice() would not: a Node Buffer's shares the memory.)
extensionCodec.register({
  type: U64S,
  encode: (value) => (value instanceof BigUint64Array ? bytesOf(value) : null),
  decode: (data) => new BigUint64Array(new Uint8Array(data).buffer),
});
extensionCodec.register({
  type: U32S,
  encode: (value) => (value instanceof Uint32Array ? bytesOf(value) : null),
  decode: (data) => new Uint32Array(new Uint8Array(data).buffer),
});
const options = { extensionCodec, useBigInt64: true };
const encoder = new Encoder(options);
const decoder = new Decoder(options);

export const pack = (value: unknown): Uint8Array => encoder.encode(value);

/** Throws Malformed if the bytes are not one value of at most `most` values. */
export const unpack = (bytes: Uint8Array, most = MOST_VALUES): unknown => unpackCounted(bytes, most).value;

/** The same, with the number of values. */
export function unpackCounted(bytes: Uint8Array, most = MOST_VALUES): { value: unknown; values: number } {
  const values = measure(bytes, most);
  try {
    return { value: decoder.decode(bytes), values };
  } catch (error) {
    // What is left to refuse are keys: those that are neither text nor a number, and __proto__.
    throw new Malformed(`the message is malformed: ${(error as Error).message}`);
  }
}

/** Bytes of a scalar after its head byte, from 0xca on: floats, unsigned, signed. */
const SCALARS = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];
const NIL = 0xc0;
const NEVER = 0xc1;
const BIN = 0xc4;
const EXT = 0xc7;
const SCALAR = 0xca;
const FIXED_EXT = 0xd4;
const STR = 0xd9;
const ARRAY = 0xdc;
const MAP = 0xde;
const NEGATIVE = 0xe0;

/**
 * Goes through the structure without building any value. Every length must fit into the bytes that are left, of which each
 * value takes at least one.
 */
function measure(bytes: Uint8Array, most: number): number {
  const { length } = bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  /** Values that are still to come, of each open array or map. */
  const open: number[] = [1];
  let values = 1;
  let at = 0;
  const fail = (what: string): never => {
    throw new Malformed(`the message is malformed at byte ${at} of ${length}: ${what}`);
  };
  const ensure = (n: number) => n <= length - at || fail('it is shorter than it says');
  /** A length of 1, 2 or 4 bytes. */
  const size = (log: number): number => {
    ensure(1 << log);
    const n = log === 0 ? view.getUint8(at) : log === 1 ? view.getUint16(at) : view.getUint32(at);
    at += 1 << log;
    return n;
  };
  const skip = (n: number) => {
    ensure(n);
    at += n;
  };
  const enter = (n: number) => {
    if (n === 0) return;
    ensure(n);
    values += n;
    if (values > most) fail(`it holds more than ${most} values`);
    if (open.length > MOST_DEPTH) fail('it is nested too deep');
    open.push(n);
  };
  const extension = (n: number) => {
    ensure(n + 1);
    const width = WIDTH[view.getInt8(at)];
    if (!width) return fail('it holds a value of an unknown type');
    if (n % width) return fail(`a column of ${width * 8}-bit words is ${n} bytes long`);
    skip(n + 1);
  };
  while (open.length > 0) {
    const top = open.length - 1;
    if (open[top] === 0) {
      open.pop();
      continue;
    }
    (open[top] as number)--;
    const head = size(0);
    if (head < 0x80 || head >= NEGATIVE) continue;
    if (head < 0x90) enter(2 * (head & 15));
    else if (head < 0xa0) enter(head & 15);
    else if (head < NIL) skip(head & 31);
    else if (head === NEVER) fail('it holds a value of an unknown type');
    else if (head < BIN) continue;
    else if (head < EXT) skip(size(head - BIN));
    else if (head < SCALAR) extension(size(head - EXT));
    else if (head < FIXED_EXT) skip(SCALARS[head - SCALAR] as number);
    else if (head < STR) extension(1 << (head - FIXED_EXT));
    else if (head < ARRAY) skip(size(head - STR));
    else if (head < MAP) enter(size(head - ARRAY + 1));
    else enter(2 * size(head - MAP + 1));
  }
  if (at < length) fail('bytes follow its value');
  return values;
}
