// SPDX-License-Identifier: GPL-2.0-only
// The list of frames and its filter, over known frames.
import { expect, test } from 'vitest';
import type { FrameList } from '../../app/contract/api.ts';
import { ROLE, type Role } from '../../app/contract/roles.ts';
import { type FilteredFrame, FRAME_FIELDS } from '../../app/renderer/lib/fields.ts';
import { type Filter, parseFilter } from '../../app/renderer/lib/filter.ts';
import { AT_ONCE, type FramesFound, filterFrames, MOST_SHOWN } from '../../app/renderer/lib/filteredFrames.ts';

const MOST = 4 * AT_ONCE;

interface Known {
  readonly role: Role;
  readonly flags: bigint;
  readonly mapped: number;
  readonly pid: number;
}
const word = (...bits: number[]) => bits.reduce((all, bit) => all | (1n << BigInt(bit)), 0n);
const FREE: Known = { role: 'free', flags: word(10), mapped: 0, pid: 0 };

/** The frames [begin, end), of which these are known, and all others are free. */
function listOf(begin: bigint, end: bigint): FrameList {
  const all = Array.from({ length: Number(end - begin) }, (_, i) => KNOWN.get(begin + BigInt(i)) ?? FREE);
  return {
    begin,
    flags: BigUint64Array.from(all, ({ flags }) => flags),
    role: Uint8Array.from(all, ({ role }) => ROLE.code(role)),
    mapped: Uint32Array.from(all, ({ mapped }) => mapped),
    owner: Uint32Array.from(all, ({ pid }) => pid),
  };
}

const KNOWN: ReadonlyMap<bigint, Known> = new Map<bigint, Known>([
  [0x100n, { role: 'anonymous', flags: word(3, 4, 12, 42, 63), mapped: 1, pid: 4077 }],
  [0x101n, { role: 'file', flags: word(3), mapped: 3, pid: 1 }],
  [0x102n, { role: 'unknown', flags: (1n << 64n) - 1n, mapped: 0, pid: 0 }],
]);

function filterOf(text: string): Filter<FilteredFrame> {
  const parsed = parseFilter(text, FRAME_FIELDS);
  if ('error' in parsed) throw new Error(`${text}: ${parsed.error.message}`);
  return parsed.filter;
}

async function find(text: string, begin = 0n, end = 0x200n): Promise<FramesFound> {
  const found = await filterFrames({
    begin,
    end,
    filter: text ? filterOf(text) : undefined,
    read: async (from, to) => listOf(from, to),
    nameOf: (pid) => `name of ${pid}`,
    most: MOST,
    goesOn: () => true,
  });
  if (!found) throw new Error('it was not to end');
  return found;
}

test('frames are found by number, role, flags, mappings and process', async () => {
  const ANON = [0x100n];
  for (const [text, pfns] of [
    ['pfn == 100', ANON],
    ['address >= 100000 and address < 101000', ANON],
    ['role == anonymous', ANON],
    ['role == file', [0x101n]],
    ['flags has anon and flags has dirty', ANON],
    ['flags has arch_3', ANON],
    ['not flags has buddy', [0x100n, 0x101n, 0x102n]],
    ['mapped > 1', [0x101n]],
    ['pid == 4077', ANON],
    ['"of 4077"', ANON],
    ['mapped == 0 and role == unknown', [0x102n]],
  ] as const)
    expect([text, (await find(text)).frames.map((f) => f.pfn)]).toEqual([text, pfns]);
  const [first] = (await find('pfn == 100')).frames;
  expect(first).toEqual({
    pfn: 0x100n,
    role: 'anonymous',
    flags: ['uptodate', 'dirty', 'anon', 'arch_3'],
    mapped: 1,
    pid: 4077,
    name: 'name of 4077',
  });
  // What can't be read matches neither a flag nor another one.
  expect((await find('pfn == 102')).frames[0]?.flags).toBeUndefined();
});

test('more frames than are listed are counted, and those that are not read, too', async () => {
  const all = BigInt(MOST + AT_ONCE);
  const found = await find('flags has buddy', 0n, all);
  expect(found.frames).toHaveLength(MOST_SHOWN);
  expect(found.matching).toBe(MOST - KNOWN.size);
  expect(found.unread).toBe(BigInt(AT_ONCE));
  const without = await find('', 0n, all);
  expect(without.frames).toHaveLength(MOST_SHOWN);
  expect(without.read + Number(without.unread)).toBe(Number(all));
});

test('frames that their number rules out are not read', async () => {
  const found = await find('pfn >= 100 and pfn < 103 and flags has uptodate', 0n, 1n << 40n);
  expect(found).toMatchObject({ matching: 2, read: 3, unread: 0n });
  expect(await find('address == 101fff or pfn == 102', 0n, 1n << 40n)).toMatchObject({ matching: 1, read: 1 });
  expect((await find('flags has uptodate or pfn == 100')).read).toBe(0x200);
});

test('a filter that is not wanted any more ends', async () => {
  let reads = 0;
  const found = await filterFrames({
    begin: 0n,
    end: BigInt(MOST),
    filter: filterOf('mapped > 1'),
    read: async (from, to) => {
      reads++;
      return listOf(from, to);
    },
    nameOf: String,
    most: MOST,
    goesOn: () => reads < 2,
  });
  expect([found, reads]).toEqual([undefined, 2]);
});
