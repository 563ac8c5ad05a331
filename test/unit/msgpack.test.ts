// SPDX-License-Identifier: GPL-2.0-only
// The codec: what it packs comes back, and bytes from a stranger cost no more than their length justifies.
import { expect, test } from 'vitest';
import { Malformed, pack, unpack } from '../../app/contract/msgpack.ts';

const bytes = (...list: number[]) => Uint8Array.from(list);
const big = (n: number) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

test('64-bit words and typed arrays come back at any alignment', () => {
  const value = {
    big: (1n << 64n) - 1n,
    words: BigUint64Array.of(1n, 1n << 63n),
    n: Uint32Array.of(7, 0xffffffff),
    b: Uint8Array.of(1, 2, 3),
    small: 5,
    text: 'x',
  };
  for (const pad of ['', 'a', 'ab', 'abc'])
    for (const wire of [pack({ pad, ...value }), Buffer.from(pack({ pad, ...value }))])
      expect(unpack(wire)).toEqual({ pad, ...value, b: expect.objectContaining(value.b) });
});

test('a value of every size that MessagePack tells apart comes back', () => {
  const sizes = [0, 1, 4, 15, 16, 31, 32, 255, 256, 65535, 65536];
  const values: unknown[] = [null, true, false, 0.1, -1, -33, -129, -32769, -2147483649, -1n, 127, 128, 256, 65536];
  for (const n of sizes) {
    values.push('é'.repeat(n), new Uint8Array(n), new BigUint64Array(n), new Uint32Array(n), new Array(n).fill(n));
    values.push(Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, [i]])));
  }
  for (const value of values) expect(unpack(pack(value))).toEqual(value);
  expect(unpack(pack(values))).toEqual(values);
});

test('headers that claim more than there is are refused before anything is made of them', () => {
  // For each array of the nest the decoder reserved 256 MiB: together they ended the program.
  const nested = Array.from({ length: 20 }, () => [0xdd, ...big((1 << 25) - 1)]).flat();
  expect(() => unpack(bytes(...nested))).toThrow(Malformed);
  for (const head of [0xc6, 0xc9, 0xdb, 0xdd, 0xdf])
    for (const claim of [2, 1 << 26, 0x7fffffff, 0x80000000, 0xffffffff])
      expect(() => unpack(bytes(head, ...big(claim), 1)), `${head} ${claim}`).toThrow(Malformed);
  for (const cut of [bytes(), bytes(0xdd, 0, 0), bytes(0xa5, 0x61), bytes(0xcb, 1), bytes(0x81, 0xa1, 0x61)])
    expect(() => unpack(cut)).toThrow(Malformed);
});

test('values without end, nests without end, and two values are refused', () => {
  const many = new Uint8Array(1 << 23).fill(0x80);
  many.set([0xdd, ...big(many.length - 5)]);
  expect(() => unpack(many)).toThrow(/holds more than \d+ values/);
  expect(() => unpack(pack([1, 2, 3]), 3)).toThrow(/holds more than 3 values/);
  expect(unpack(pack([1, 2, 3]), 4)).toEqual([1, 2, 3]);
  expect(() => unpack(new Uint8Array(1000).fill(0x91))).toThrow(/nested too deep/);
  expect(() => unpack(bytes(1, 2))).toThrow(/follow its value/);
});

test('columns of another length, and types that nobody writes, are refused in words', () => {
  expect(() => unpack(bytes(0xd6, 1, 0, 0, 0, 0))).toThrow(/column of 64-bit words is 4 bytes long/);
  expect(() => unpack(bytes(0xc7, 3, 2, 0, 0, 0))).toThrow(/column of 32-bit words is 3 bytes long/);
  for (const unknown of [bytes(0xc1), bytes(0xd6, 3, 0, 0, 0, 0), bytes(0xd6, 0xff, 0, 0, 0, 0)])
    expect(() => unpack(unknown)).toThrow(/unknown type/);
});

test('any change of a message leaves it a value, or Malformed; never another error', () => {
  const message = pack({ id: 1, method: 'rows', args: { vas: BigUint64Array.of(1n, 2n), list: [{ a: 'b' }, [null]] } });
  for (let at = 0; at < message.length; at++)
    for (let value = 0; value < 256; value++) {
      const changed = message.slice();
      changed[at] = value;
      try {
        unpack(changed);
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
      }
    }
});
