// SPDX-License-Identifier: GPL-2.0-only
// The fields that the filters of the tables know.

import { cgroupName } from '../../contract/cgroup.ts';
import { KPF_NAMES } from '../../contract/format.ts';
import { paOf } from '../../contract/paging.ts';
import { ROLE } from '../../contract/roles.ts';
import { ENTRY_KIND, NOTE, VERDICT, VERDICTS } from '../../contract/verdicts.ts';
import type { Vocabulary } from '../../contract/vocabulary.ts';
import type { Field } from './filter.ts';
import { REGION_TYPES, type RegionType } from './regionTypes.ts';

const meanings = <N extends string>(vocabulary: Vocabulary<N>): Readonly<Record<string, string>> =>
  Object.fromEntries(vocabulary.names.map((name) => [name, vocabulary.label(name)]));

/** Of a region, and of a page that lies in it. */
export interface RegionFacts {
  readonly path: string;
  readonly permissions: string;
  readonly type: RegionType;
}

const regionFields = <T>(of: (row: T) => RegionFacts | undefined): readonly Field<T>[] => [
  {
    name: 'rights',
    type: 'text',
    about: 'as in /proc/PID/maps, like r-xp',
    read: (row) => of(row)?.permissions,
  },
  {
    name: 'type',
    type: 'word',
    about: 'what kind of memory the region is',
    values: Object.fromEntries(Object.entries(REGION_TYPES).map(([type, { meaning }]) => [type, meaning])),
    read: (row) => of(row)?.type,
  },
];

export interface FilteredRegion extends RegionFacts {
  readonly begin: bigint;
  readonly end: bigint;
  readonly mapped: bigint | undefined;
  readonly counts: BigUint64Array | undefined;
}

export const REGION_FIELDS: readonly Field<FilteredRegion>[] = [
  {
    name: 'name',
    type: 'text',
    about: 'the path, or what stands for it, like [heap]; anonymous where there is none',
    plain: true,
    read: (r) => r.path || 'anonymous',
  },
  ...regionFields<FilteredRegion>((r) => r),
  { name: 'size', type: 'size', about: 'bytes of addresses', read: (r) => r.end - r.begin },
  { name: 'begin', type: 'hex', about: 'the first address', read: (r) => r.begin },
  { name: 'end', type: 'hex', about: 'the address after the last one', read: (r) => r.end },
  { name: 'mapped', type: 'size', about: 'bytes that are in memory; none before the check', read: (r) => r.mapped },
  ...VERDICTS.map(
    (verdict, i): Field<FilteredRegion> => ({
      name: verdict,
      type: 'number',
      about: `pages that are “${VERDICT.label(verdict)}”; none before the check`,
      read: (r) => r.counts?.[i],
    }),
  ),
];

export interface FilteredPage {
  readonly va: bigint;
  readonly region: RegionFacts | undefined;
  readonly verdict: number;
  readonly note: number;
  /** Of the entry that the table walk found; undefined: it found none, or there is no table walk. */
  readonly kind?: string | undefined;
  readonly flags?: readonly string[] | undefined;
  /** Of the page that is mapped. */
  readonly pfn?: bigint | undefined;
  readonly bytes?: bigint | undefined;
}

/** The bits that an entry may have set, by their names in flagsOf(). */
export const ENTRY_FLAGS: Readonly<Record<string, string>> = {
  P: 'present',
  RW: 'writable',
  US: 'user',
  PWT: 'write-through',
  PCD: 'cache-disabled',
  A: 'accessed',
  D: 'dirty',
  PAT: 'cache-bit',
  PS: 'huge',
  G: 'global',
  PROTNONE: 'prot-none',
  SPECIAL: 'special',
  UFFD_WP: 'uffd-wp',
  SOFT_DIRTY: 'soft-dirty',
  DEVMAP: 'device',
  SAVED_DIRTY: 'saved-dirty',
  NOPTISHADOW: 'no-pti-shadow',
  NX: 'no-execute',
  SD: 'swapped-soft-dirty',
  UFFD: 'swapped-uffd-wp',
  EXCL: 'swapped-exclusive',
};

export const PAGE_FIELDS: readonly Field<FilteredPage>[] = [
  { name: 'address', type: 'hex', about: 'the virtual address of the page', read: (p) => p.va },
  {
    name: 'verdict',
    type: 'word',
    about: 'what comparing the sources says',
    values: meanings(VERDICT),
    read: (p) => VERDICT.name(p.verdict),
  },
  {
    name: 'note',
    type: 'word',
    about: 'the rule, reason or cause of the verdict',
    values: meanings(NOTE),
    read: (p) => NOTE.name(p.note),
  },
  {
    name: 'kind',
    type: 'word',
    about: 'what the entry of the page table is',
    values: meanings(ENTRY_KIND),
    read: (p) => p.kind,
  },
  {
    name: 'flags',
    type: 'set',
    about: 'bits that are set in the entry',
    values: ENTRY_FLAGS,
    read: (p) => p.flags,
  },
  { name: 'pfn', type: 'hex', about: 'the number of the frame that is mapped', read: (p) => p.pfn },
  { name: 'size', type: 'size', about: 'bytes of the page that maps it: 4K, 2M or 1G', read: (p) => p.bytes },
  {
    name: 'name',
    type: 'text',
    about: 'the path of the region; anonymous where there is none',
    plain: true,
    read: (p) => p.region && (p.region.path || 'anonymous'),
  },
  ...regionFields<FilteredPage>((p) => p.region),
];

export interface FilteredProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly name: string;
  readonly user: string;
  readonly state: string;
  readonly threads: number;
  readonly rss: bigint;
  readonly pageTables: bigint;
  readonly root: bigint;
  readonly command: string;
  readonly cgroup: string;
  /** Of one CPU, in percent, since the reading before; undefined: not known. */
  readonly load: number | undefined;
  /** Bytes that only it maps, and that others map, too; undefined: not known. */
  readonly alone: bigint | undefined;
  readonly shared: bigint | undefined;
}

export const PROCESS_FIELDS: readonly Field<FilteredProcess>[] = [
  { name: 'name', type: 'text', about: 'the command, of at most 15 letters', plain: true, read: (p) => p.name },
  { name: 'pid', type: 'number', about: 'its number', plain: true, read: (p) => p.pid },
  { name: 'user', type: 'text', about: 'whose process it is', plain: true, read: (p) => p.user },
  { name: 'ppid', type: 'number', about: 'the PID of its parent', read: (p) => p.ppid },
  { name: 'state', type: 'text', about: 'R running, S sleeping, D waiting, Z zombie, T stopped', read: (p) => p.state },
  { name: 'threads', type: 'number', about: 'how many it has', read: (p) => p.threads },
  { name: 'rss', type: 'size', about: 'bytes in memory', read: (p) => p.rss },
  { name: 'tables', type: 'size', about: 'bytes of its page tables', read: (p) => p.pageTables },
  { name: 'root', type: 'hex', about: 'the physical address of its root', read: (p) => p.root || undefined },
  { name: 'command', type: 'text', about: 'its command line', plain: true, read: (p) => p.command },
  {
    name: 'container',
    type: 'text',
    about: 'its container, unit of systemd or cgroup',
    plain: true,
    read: (p) => cgroupName(p.cgroup),
  },
  { name: 'cpu', type: 'number', about: 'percent of one CPU; none before the second reading', read: (p) => p.load },
  { name: 'private', type: 'size', about: 'bytes that only it maps; none before the walk', read: (p) => p.alone },
  { name: 'shared', type: 'size', about: 'bytes that others map, too; none before the walk', read: (p) => p.shared },
];

export interface FilteredTable {
  readonly name: string;
  readonly va: bigint;
  readonly pa: bigint;
  readonly used: number;
  readonly slots: number;
  readonly marked: string;
}

export const TABLE_FIELDS: readonly Field<FilteredTable>[] = [
  { name: 'level', type: 'text', about: 'PGD, P4D, PUD, PMD or PTE', plain: true, read: (t) => t.name },
  { name: 'address', type: 'hex', about: 'the first virtual address that it covers', read: (t) => t.va },
  { name: 'pa', type: 'hex', about: 'its physical address', read: (t) => t.pa },
  { name: 'used', type: 'number', about: 'entries that are not 0', read: (t) => t.used },
  { name: 'filled', type: 'number', about: 'the same in percent', read: (t) => (t.used / t.slots) * 100 },
  { name: 'marked', type: 'text', about: 'what the kernel’s record of the frame says', read: (t) => t.marked },
];

export interface FilteredEntry {
  readonly index: number;
  readonly va: bigint;
  readonly raw: bigint;
  readonly kind: string;
  readonly flags: readonly string[];
  /** Of the page or table that it points to. */
  readonly pfn: bigint | undefined;
}

export const ENTRY_FIELDS: readonly Field<FilteredEntry>[] = [
  { name: 'index', type: 'hex', about: 'its place in the table, 0 to 1ff', read: (e) => e.index },
  { name: 'address', type: 'hex', about: 'the first virtual address that it covers', read: (e) => e.va },
  { name: 'entry', type: 'hex', about: 'the raw word', plain: true, read: (e) => e.raw },
  { name: 'kind', type: 'word', about: 'what it is', values: meanings(ENTRY_KIND), read: (e) => e.kind },
  { name: 'flags', type: 'set', about: 'bits that are set', values: ENTRY_FLAGS, read: (e) => e.flags },
  { name: 'pfn', type: 'hex', about: 'the number of the frame that it points to', read: (e) => e.pfn },
];

export interface FilteredFrame {
  readonly pfn: bigint;
  readonly role: string;
  /** Of kpageflags, by their names; undefined: not known. */
  readonly flags: readonly string[] | undefined;
  /** How many pages and tables of the walk it is. */
  readonly mapped: number;
  /** The process that maps it most often, of equals the lowest PID; 0: none. */
  readonly pid: number;
  readonly name: string | undefined;
}

export const FRAME_FIELDS: readonly Field<FilteredFrame>[] = [
  { name: 'pfn', type: 'hex', about: 'its number', read: (f) => f.pfn },
  { name: 'address', type: 'hex', about: 'its physical address', read: (f) => paOf(f.pfn) },
  { name: 'role', type: 'word', about: 'what it is used for', values: meanings(ROLE), read: (f) => f.role },
  {
    name: 'flags',
    type: 'set',
    about: 'flags by the kernel’s record of the frame',
    values: Object.fromEntries(Object.entries(KPF_NAMES).map(([bit, name]) => [name, `bit ${bit}`])),
    read: (f) => f.flags,
  },
  { name: 'mapped', type: 'number', about: 'pages that map it, by the walk', read: (f) => f.mapped },
  { name: 'pid', type: 'number', about: 'the process that maps it most', read: (f) => f.pid || undefined },
  { name: 'name', type: 'text', about: 'the name of that process', plain: true, read: (f) => f.name },
];

/** For the help and the documentation. */
export const FILTERED_TABLES = [
  { label: 'Processes', fields: PROCESS_FIELDS, example: 'user == root and rss > 100M' },
  { label: 'Regions', fields: REGION_FIELDS, example: 'rights contains x and type != code' },
  { label: 'Pages', fields: PAGE_FIELDS, example: 'flags has D and name ~ "libc"' },
  { label: 'Entries of a table', fields: ENTRY_FIELDS, example: 'kind == leaf and not flags has accessed' },
  { label: 'Page tables', fields: TABLE_FIELDS, example: 'level == PTE and used < 8' },
  { label: 'Frames', fields: FRAME_FIELDS, example: 'flags has anon and mapped > 1' },
] as const;
