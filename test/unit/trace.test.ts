// SPDX-License-Identifier: GPL-2.0-only
// What happened to traced processes, in words.
import { expect, test } from 'vitest';
import type { Traced } from '../../app/contract/api.ts';
import { sayTraced } from '../../app/contract/trace.ts';

const event = (kind: Traced['kind'], before: bigint, after: bigint): Traced => ({
  ns: 0n,
  pid: 1,
  child: 2,
  code: 0,
  name: '/bin/true',
  kind,
  before,
  after,
});

test.each([
  [event('fork', 0x1000n, 0x2000n), 'fork: child 2 has a root of its own, 0x2000'],
  [event('fork', 0x1000n, 0x1000n), 'fork: child 2 shares root 0x1000'],
  [event('fork', 0n, 0n), 'fork: child 2 has a root of its own, not known'],
  [event('clone', 0x1000n, 0x1000n), 'clone: process 2 shares root 0x1000'],
  [event('vfork', 0x1000n, 0x1000n), 'vfork: child 2 borrows root 0x1000 until it execs or exits'],
  [event('exec', 0x1000n, 0x2000n), 'exec /bin/true: root 0x1000 → 0x2000'],
  [event('exec', 0n, 0x1000n), 'exec /bin/true: root 0x1000; the root before it was not seen'],
])('%#: the event is described with the roots that it has', (traced, text) => {
  expect(sayTraced(traced)).toBe(text);
});
