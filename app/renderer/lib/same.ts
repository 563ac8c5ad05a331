// SPDX-License-Identifier: GPL-2.0-only
import { pack } from '../../contract/msgpack.ts';

/** Whether two answers say the same. What was read again and is the same need not be drawn again. */
export function isSame(a: unknown, b: unknown): boolean {
  const [one, other] = [pack(a), pack(b)];
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
