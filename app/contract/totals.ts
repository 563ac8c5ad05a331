// SPDX-License-Identifier: GPL-2.0-only
// The frames that kpageflags tells apart, against the kernel's own counters. What no flag tells is not classified; the
// counters say of a part what it is.
import type { MemoryMap } from './api.ts';
import { pfnOf } from './paging.ts';
import { ROLE, type Role } from './roles.ts';

/** One kind of memory, in frames. */
export interface Reconciled {
  readonly role: Role;
  readonly counted: bigint;
  /** By the kernel's counters, and which they are. */
  readonly kernel: bigint;
  readonly from: string;
}

/** A part of what is not classified, in frames. */
export interface Part {
  readonly what: string;
  readonly frames: bigint;
  readonly from: string;
}

export interface Totals {
  readonly reconciled: readonly Reconciled[];
  readonly notClassified: bigint;
  /** What the counters say of it. */
  readonly parts: readonly Part[];
  /** What no counter says; negative where counters overlap, or changed meanwhile. */
  readonly unexplained: bigint;
}

const KIB = 1024n;

/** Frames by the name of the counter. */
function parseMeminfo(text: string): ReadonlyMap<string, bigint> {
  const lines = text.matchAll(/^(\S+):\s+(\d+) kB$/gm);
  return new Map(Array.from(lines, ([, name = '', kib = '0']) => [name, pfnOf(BigInt(kib) * KIB)]));
}

/** The sum of a counter over all zones, or over all of their CPUs. */
const sumOf = (zoneinfo: string, line: RegExp): bigint =>
  Array.from(zoneinfo.matchAll(line), ([, n = '0']) => BigInt(n)).reduce((a, b) => a + b, 0n);

/** Of all of memory; undefined if the counters were not read, or do not have what every kernel shows. */
export function reconcileTotals({ total, counters }: Pick<MemoryMap, 'total' | 'counters'>): Totals | undefined {
  const meminfo = parseMeminfo(counters.meminfo);
  const vmstat = new Map(
    Array.from(counters.vmstat.matchAll(/^(\S+) (\d+)$/gm), ([, name = '', n = '0']) => [name, BigInt(n)]),
  );
  const of = (...names: string[]) => names.reduce((sum, name) => sum + (meminfo.get(name) ?? 0n), 0n);
  const counted = (role: Role) => total[ROLE.code(role)] ?? 0n;
  const free = vmstat.get('nr_free_pages') ?? meminfo.get('MemFree');
  if (free === undefined || !meminfo.has('Slab')) return undefined;
  const present = sumOf(counters.zoneinfo, /^\s+present\s+(\d+)$/gm);
  const managed = sumOf(counters.zoneinfo, /^\s+managed\s+(\d+)$/gm);
  const kept = sumOf(counters.zoneinfo, /^\s+count:\s+(\d+)$/gm);
  const swapCached = meminfo.has('SwapCached') ? ' + SwapCached' : '';
  const reconciled: Reconciled[] = [
    {
      role: 'free',
      kernel: free,
      from: vmstat.has('nr_free_pages') ? 'nr_free_pages of vmstat' : 'MemFree of meminfo',
    },
    { role: 'file', kernel: of('Cached', 'Buffers') - of('Shmem'), from: 'Cached + Buffers − Shmem of meminfo' },
    { role: 'anonymous', kernel: of('AnonPages', 'SwapCached'), from: `AnonPages${swapCached} of meminfo` },
    { role: 'shmem', kernel: of('Shmem'), from: 'Shmem of meminfo' },
    { role: 'slab', kernel: of('Slab'), from: 'Slab of meminfo' },
    { role: 'pageTable', kernel: of('PageTables', 'SecPageTables'), from: 'PageTables + SecPageTables of meminfo' },
    { role: 'hugetlb', kernel: of('Hugetlb'), from: 'Hugetlb of meminfo' },
    { role: 'reserved', kernel: present - managed, from: 'present − managed of zoneinfo' },
  ].map((r) => ({ ...r, role: r.role as Role, counted: counted(r.role as Role) }));
  const missing = (role: Role) => {
    const row = reconciled.find((r) => r.role === role);
    return row && row.kernel > row.counted ? row.kernel - row.counted : 0n;
  };
  const parts: Part[] = [
    { what: 'free frames that no flag marks', frames: missing('free'), from: 'nr_free_pages of vmstat' },
    { what: 'free frames that a CPU keeps at hand', frames: kept, from: 'pagesets of zoneinfo' },
    { what: 'slab without its flag', frames: missing('slab'), from: 'Slab of meminfo' },
    { what: 'page tables without their flag', frames: missing('pageTable'), from: 'PageTables of meminfo' },
    { what: 'file pages without a flag', frames: missing('file'), from: 'Cached of meminfo' },
    { what: 'vmalloc, kernel stacks among it', frames: of('VmallocUsed'), from: 'VmallocUsed of meminfo' },
    { what: 'per-CPU data', frames: of('Percpu'), from: 'Percpu of meminfo' },
    { what: 'balloon', frames: of('Balloon'), from: 'Balloon of meminfo' },
  ].filter(({ frames }) => frames > 0n);
  const notClassified = counted('kernel');
  return {
    reconciled: reconciled.filter((r) => r.counted > 0n || r.kernel > 0n),
    notClassified,
    parts,
    unexplained: parts.reduce((rest, { frames }) => rest - frames, notClassified),
  };
}
