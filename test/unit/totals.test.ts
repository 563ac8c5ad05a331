// SPDX-License-Identifier: GPL-2.0-only
// Frames by their flags against the kernel's own counters.
import { expect, test } from 'vitest';
import { ROLES, type Role } from '../../app/contract/roles.ts';
import { reconcileTotals } from '../../app/contract/totals.ts';

const frames = (of: Partial<Record<Role, number>>) => BigUint64Array.from(ROLES, (role) => BigInt(of[role] ?? 0));
const counters = {
  meminfo: `MemTotal:        4000 kB
MemFree:         2000 kB
Buffers:           40 kB
Cached:           400 kB
SwapCached:         4 kB
AnonPages:        360 kB
Shmem:             80 kB
Slab:             200 kB
VmallocUsed:       24 kB
Percpu:             8 kB
PageTables:        40 kB
SecPageTables:      0 kB
HugePages_Total:       3
Hugetlb:            0 kB
`,
  vmstat: 'nr_free_pages 500\nnr_free_cma 0\n',
  zoneinfo: `Node 0, zone      DMA
  pages free     100
        present  200
        managed  180
  pagesets
    cpu: 0
              count:    3
    cpu: 1
              count:    4
Node 0, zone   Normal
        present  900
        managed  820
    cpu: 0
              count:    13
`,
};

test('a gap of what the kernel counts is a part of what is not classified', () => {
  const total = frames({
    free: 100,
    file: 90,
    anonymous: 91,
    shmem: 20,
    slab: 50,
    pageTable: 10,
    reserved: 100,
    kernel: 500,
  });
  const totals = reconcileTotals({ total, counters });
  const of = (role: Role) => totals?.reconciled.find((t) => t.role === role);
  expect(of('free')).toMatchObject({ counted: 100n, kernel: 500n, from: 'nr_free_pages of vmstat' });
  expect(of('file')?.kernel).toBe(90n);
  expect(of('anonymous')?.kernel).toBe(91n);
  expect(of('reserved')?.kernel).toBe(100n);
  expect(of('hugetlb')).toBeUndefined();
  expect(totals?.parts.map(({ what, frames }) => [what, frames])).toEqual([
    ['free frames that no flag marks', 400n],
    ['free frames that a CPU keeps at hand', 20n],
    ['vmalloc, kernel stacks among it', 6n],
    ['per-CPU data', 2n],
  ]);
  expect(totals?.notClassified).toBe(500n);
  expect(totals?.unexplained).toBe(72n);
});

test('no counters, no comparison; a counter that is larger than the frames is said', () => {
  expect(reconcileTotals({ total: frames({}), counters: { meminfo: '', vmstat: '', zoneinfo: '' } })).toBeUndefined();
  expect(reconcileTotals({ total: frames({ free: 500, kernel: 10 }), counters })?.unexplained).toBeLessThan(0n);
});
