// SPDX-License-Identifier: GPL-2.0-only
// What the box at the top takes a text for.
import { expect, test } from 'vitest';
import type { Processes, Regions } from '../../app/contract/api.ts';
import { suggest } from '../../app/renderer/lib/query.ts';
import type { Context } from '../../app/renderer/lib/suggestion.ts';

const processes = {
  pid: Uint32Array.of(1, 4077, 3608),
  startTicks: BigUint64Array.of(10n, 20n, 30n),
  rootPa: BigUint64Array.of(0n, 0x1b8f22000n, 0x4a2000n),
  userRootPa: BigUint64Array.of(0n, 0x1b8f23000n, 0n),
  name: ['systemd', 'qemu-system-x86', 'bash'],
} as unknown as Processes;
const qemu = { pid: 4077, startTicks: 20n, name: 'qemu-system-x86' };
const bash = { pid: 3608, startTicks: 30n, name: 'bash' };
const regions: Regions = {
  begin: BigUint64Array.of(0x55d000000000n, 0x55d000100000n, 0x7f5f94e00000n, 0x7f5f94e26000n, 0x7ffd00000000n),
  end: BigUint64Array.of(0x55d000001000n, 0x55d000121000n, 0x7f5f94e26000n, 0x7f5f94fa0000n, 0x7ffd00021000n),
  offset: new BigUint64Array(5),
  inode: new BigUint64Array(5),
  permissions: ['r--p', 'rw-p', 'r--p', 'r-xp', 'rw-p'],
  path: [
    '/usr/bin/bash',
    '[heap]',
    '/usr/lib/x86_64-linux-gnu/libc.so.6',
    '/usr/lib/x86_64-linux-gnu/libc.so.6',
    '[stack]',
  ],
};
const named = [
  { name: 'view-tables', title: 'Tables', words: ['tables', 'pgd'], does: 'Shows the view Tables.' },
  { name: 'view-watch', title: 'Watch', words: ['watch'], does: 'Shows the view Watch.' },
  { name: 'help', title: 'Help', words: ['?'], does: 'Shows the keys.' },
];
const context: Context = { processes, chosen: bash, regions, levels: 4, named };
const all = (text: string, over: Partial<Context> = {}) => suggest(text, { ...context, ...over });
const first = (text: string, over?: Partial<Context>) => all(text, over)[0]?.to;
const none = { chosen: undefined, regions: undefined };

test('a number lands where it means', () => {
  expect(first('4077')).toEqual({ kind: 'process', ...qemu });
  expect(first('pid 1')).toMatchObject({ kind: 'process', pid: 1 });
  expect(first('QEMU')).toMatchObject({ kind: 'process', pid: 4077 });
  expect(first('7f3a4001f000')).toEqual({ kind: 'va', va: 0x7f3a4001f000n });
  expect(first('0x7f3a4001f0c8')).toEqual({ kind: 'va', va: 0x7f3a4001f0c8n });
  expect(first('ffff888000000000')).toEqual({ kind: 'va', va: 0xffff888000000000n });
  expect(first('117274')).toEqual({ kind: 'frame', pfn: 0x117n, offset: 0x274 }); // six digits: a physical address first
  expect(first('pfn:117274')).toEqual({ kind: 'frame', pfn: 0x117274n, offset: 0 });
  expect(first('pa = 117274010')).toEqual({ kind: 'frame', pfn: 0x117274n, offset: 0x10 });
  expect(first('8000000117274067')).toEqual({ kind: 'entry', raw: 0x8000000117274067n }); // not canonical
  expect(first('entry 67')).toEqual({ kind: 'entry', raw: 0x67n });
  expect(first('va 400000')).toEqual({ kind: 'va', va: 0x400000n });
  expect(first('va 400000', none)).toBeUndefined();
  expect(first('no such thing')).toBeUndefined();
  expect(first('')).toBeUndefined();
  expect(first('  ')).toBeUndefined();
});

test('a root says whose it is', () => {
  expect(first('CR3=1b8f22000')).toEqual({ kind: 'process', ...qemu });
  expect(first('cr3: 0x80000001b8f22005')).toEqual({ kind: 'process', ...qemu }); // with PCID 5 and NOFLUSH
  expect(all('1b8f22000')[0]).toMatchObject({ label: '4077 qemu-system-x86', detail: 'its root is 1b8f22000' });
  expect(all('root 1b8f23000')[0]).toMatchObject({ detail: 'its user root is 1b8f23000' });
  expect(all('1b8f22000').map(({ to }) => to.kind)).toEqual(['process', 'table', 'frame', 'frame', 'va', 'entry']);
  expect(all('CR3=7777000')).toMatchObject([
    { detail: 'root of no process in the list', to: { kind: 'table', pa: 0x7777000n } },
  ]);
  expect(all('7777000')[0]?.to.kind).toBe('frame');
  expect(all('cr3 0')).toEqual([]);
});

test('an address of another process', () => {
  const there = { kind: 'address', process: qemu, va: 0x7f5f94e00000n };
  expect(first('4077:7f5f94e00000')).toEqual(there);
  expect(first('4077 0x7f5f94e00000')).toEqual(there);
  expect(first('4077:7f5f94e00000+0x1000')).toEqual({ ...there, va: 0x7f5f94e01000n });
  expect(first('3608:libc+10')).toMatchObject({ kind: 'address', va: 0x7f5f94e00010n });
  expect(all('4077:libc+10')).toEqual([]); // whose regions are not known
  expect(all('9999:7f5f94e00000')).toEqual([]);
  expect(all('4077:8000000000000000')).toEqual([]); // not canonical
});

test('a line of /proc/PID/maps, and a range', () => {
  const line = '7f5f94e26000-7f5f94fa0000 r-xp 00026000 08:01 131 /usr/lib/x86_64-linux-gnu/libc.so.6';
  expect(all(line)).toMatchObject([
    {
      to: { kind: 'region', va: 0x7f5f94e26000n },
      does: 'Shows this region of process 3608 bash.',
      detail: '1.48 MiB in /usr/lib/x86_64-linux-gnu/libc.so.6, r-xp',
    },
  ]);
  expect(all('0x7f5f94e27000-0x7f5f94e28000')[0]?.does).toContain('which has no region of just this range');
  expect(all('7f5f94e28000-7f5f94e27000')).toEqual([]);
  expect(all(line, none)).toEqual([]);
});

test('an offset is added to an address, or to the first one of a region', () => {
  expect(first('7f5f94e00000+0x1000')).toEqual({ kind: 'va', va: 0x7f5f94e01000n });
  expect(first('7f5f94e00000 + 10')).toEqual({ kind: 'va', va: 0x7f5f94e00010n });
  expect(first('libc.so.6+26000')).toEqual({ kind: 'va', va: 0x7f5f94e26000n });
  expect(all('libc+26000')[0]?.detail).toContain('libc.so.6, r-xp');
  expect(all('nothing+10')).toEqual([]);
  expect(all('ffffffffffffffff+1')).toEqual([]);
  expect(all('+10')).toEqual([]);
});

test('a region by its name', () => {
  expect(all('libc')[0]).toMatchObject({
    label: 'libc.so.6',
    detail: 'first of 2 regions at 7f5f94e00000, r--p',
    to: { kind: 'region', va: 0x7f5f94e00000n },
  });
  expect(first('heap')).toEqual({ kind: 'region', va: 0x55d000100000n });
  expect(all('bash').map(({ to }) => to.kind)).toEqual(['region', 'process']);
  expect(all('heap', none)).toEqual([]);
});

test('views and commands by their names, and by the beginning of them', () => {
  expect(first('tables')).toEqual({ kind: 'command', name: 'view-tables' });
  expect(first('Watch')).toEqual({ kind: 'command', name: 'view-watch' });
  expect(first('?')).toEqual({ kind: 'command', name: 'help' });
  expect(first('hel')).toEqual({ kind: 'command', name: 'help' });
  expect(first('tab')).toEqual({ kind: 'command', name: 'view-tables' });
});

test('a link lands where it leads', () => {
  expect(first('cr3scope://address/1/7f3a4001f000')).toEqual({
    kind: 'place',
    place: { view: 'address', pid: 1, va: 0x7f3a4001f000n },
  });
});

test('every suggestion says what it does, and none comes twice', () => {
  for (const text of [
    '1b8f22000',
    '4077',
    'libc',
    'bash',
    'ta',
    '7f5f94e00000',
    '8000000117274067',
    '4077:1000',
    'a+1',
  ]) {
    const list = all(text);
    expect(list.length).toBeLessThanOrEqual(8);
    expect(list.filter(({ does }) => !/^[A-Z].*[.?]$/.test(does))).toEqual([]);
    expect(new Set(list.map(({ id }) => id)).size).toBe(list.length);
  }
});
