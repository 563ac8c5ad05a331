// SPDX-License-Identifier: GPL-2.0-only
// What a capture holds: the values of its chunks, checked when they are written and when they are read.
// A capture may come from a stranger: nothing in it is used before these schemas have accepted it.

import { z } from 'zod';
import {
  BUCKETS,
  CauseRecords,
  CheckSummary,
  Cpus,
  Evidence,
  FRAMES_KEPT,
  MemoryMap,
  MOST_NOTES,
  NO_RECORDS,
  Note,
  Processes,
  pid,
  Regions,
  Rows,
  TableTree,
  Target,
  Traced,
  u8s,
  u64,
  u64s,
} from '../../contract/api.ts';
import { bitsOf } from '../../contract/format.ts';
import { isVsyscall, PAGE_BYTES, PAGE_SIZE, PFN_END, pageOffset } from '../../contract/paging.ts';
import { ROLE, ROLES } from '../../contract/roles.ts';
import { VERDICTS } from '../../contract/verdicts.ts';
import { newerEvidence, newerProcesses, newerRows, newerSummary } from './older.ts';

/** The longest argument that Linux passes to a program. No other text of a capture is longer. */
const MOST_TEXT = 1 << 17;
const text = z.string().max(MOST_TEXT);

/** A code is one byte. */
const MOST_CODES = 256;

const UNKNOWN_ROLE = ROLE.code('unknown');

type Counts = BigUint64Array | Uint32Array;

/**
 * Rows of counts by code, one for each code that this version knows. An earlier version knew fewer: it counted nothing by
 * the others. What a later version counts by other codes is added to column `rest`, or left out.
 */
function known<C extends Counts>(column: C, width: number, codes: number, rest?: number): C {
  if (width === codes) return column;
  const rows = new (column.constructor as new (n: number) => C)((column.length / width) * codes);
  for (const [i, n] of column.entries()) {
    const code = i % width < codes ? i % width : rest;
    if (code !== undefined)
      rows[Math.floor(i / width) * codes + code] = (rows[Math.floor(i / width) * codes + code] as never) + (n as never);
  }
  return rows;
}

type Columns = Record<string, unknown>;

/** Columns of one table, and of words in it, must have one length; `per` gives those that hold several values a row. */
function table<T extends z.ZodType<Columns>>(schema: T, rows: string, per: Readonly<Record<string, number>> = {}): T {
  return schema.refine((value) => {
    const n = (value[rows] as ArrayLike<unknown>).length;
    return Object.entries({ ...value, ...(value.words as Columns | undefined) }).every(([name, column]) => {
      if (!Array.isArray(column) && !ArrayBuffer.isView(column)) return true;
      const width = per[name] ?? 1;
      return width === 0 || (column as unknown as ArrayLike<unknown>).length === n * width;
    });
  }, 'columns of different lengths') as T;
}

/** Half-open ranges of complete pages of the user half, or [vsyscall], ascending. */
const ascending = (begin: BigUint64Array, end: BigUint64Array) =>
  begin.every((b, i) => {
    const e = end[i] ?? 0n;
    return b < e && (e <= 1n << 57n || (isVsyscall(b) && e - b === PAGE_SIZE)) && !pageOffset(b | e);
  }) && begin.every((b, i) => i === 0 || (end[i - 1] as bigint) <= b);

const SafeRegions = table(Regions, 'begin').refine((r) => ascending(r.begin, r.end), 'regions out of order');
/** What a summary says of each region. */
const RegionColumns = CheckSummary.pick({
  regionBegin: true,
  regionEnd: true,
  regionCounts: true,
  regionBuckets: true,
});
export type RegionColumns = z.infer<typeof RegionColumns>;
/** Verdicts that each region is counted by: those that the version which wrote the capture knew. */
const width = (s: RegionColumns) =>
  s.regionBegin.length ? s.regionCounts.length / s.regionBegin.length : VERDICTS.length;
const regionsFit = (s: RegionColumns) =>
  s.regionEnd.length === s.regionBegin.length &&
  Number.isInteger(width(s)) &&
  width(s) >= 1 &&
  width(s) <= MOST_CODES &&
  s.regionCounts.length === s.regionBegin.length * width(s) &&
  s.regionBuckets.length === s.regionCounts.length * BUCKETS &&
  ascending(s.regionBegin, s.regionEnd);
/** The counts of regions by the verdicts that are known. */
const knownVerdicts = <T extends RegionColumns>(s: T): T => ({
  ...s,
  regionCounts: known(s.regionCounts, width(s), VERDICTS.length),
  regionBuckets: known(s.regionBuckets, width(s), VERDICTS.length),
});
const UNFIT = 'a summary that contradicts itself';
const SafeSummary = z.preprocess(
  newerSummary,
  CheckSummary.refine(
    (s) => s.counts.length <= MOST_CODES && s.sourceNs.length <= MOST_CODES && s.tables.length >= 6 && regionsFit(s),
    UNFIT,
  ).transform(knownVerdicts),
);
const SafeTree = table(TableTree, 'level', { mapped: 0 });
const SafeMap = MemoryMap.refine(
  (m) =>
    m.framesPerCell > 0n &&
    m.end > m.begin &&
    m.end <= PFN_END &&
    BigInt(m.owner.length) === (m.end - m.begin + m.framesPerCell - 1n) / m.framesPerCell &&
    m.total.length >= 1 &&
    m.total.length <= MOST_CODES &&
    m.roles.length === m.owner.length * m.total.length &&
    m.sizes.length === m.owner.length * 3 &&
    m.ownerMappings.length === m.owner.length &&
    m.flagged.length === m.owner.length * bitsOf(m.flags).length &&
    m.startTicks.length === m.pid.length &&
    m.alone.length === m.pid.length &&
    m.mapped.length === m.pid.length * m.total.length &&
    m.unmapped.length === m.total.length,
  'a map of memory that contradicts itself',
).transform((m) => {
  const fold = <C extends Counts>(column: C) => known(column, m.total.length, ROLES.length, UNKNOWN_ROLE);
  return { ...m, roles: fold(m.roles), mapped: fold(m.mapped), total: fold(m.total), unmapped: fold(m.unmapped) };
});

/** Frames in a chunk: one is read to look at one of them. */
export const MOST_FRAMES_AT_ONCE = 256;
const frameNumbers = (pfn: BigUint64Array) => pfn.length <= MOST_FRAMES_AT_ONCE && pfn.every((n) => n < PFN_END);
/** Of a SHA-256. */
const DIGEST_BYTES = 32;
const NOT_FRAMES = 'frame numbers that no machine has, or too many of them';

const CapturedFrames = z
  .object({
    kind: z.literal('frames'),
    /** What was kept of them. */
    contents: z.enum(FRAMES_KEPT).exclude(['none']),
    pfn: u64s,
    /** Index into FRAME_STATUS. */
    status: u8s,
    role: u8s,
    /** Words of kpageflags, kpagecount and kpagecgroup; all ones if they could not be read. */
    flags: u64s,
    count: u64s,
    cgroup: u64s,
    /** Names of cgroups that come here for the first time. */
    cgroups: z.array(z.object({ inode: u64, path: text })),
    /** Of each frame its bytes or its SHA-256. */
    data: u8s,
  })
  .refine(
    (f) =>
      [f.status, f.role, f.flags, f.count, f.cgroup].every((c) => c.length === f.pfn.length) &&
      f.data.length === f.pfn.length * (f.contents === 'bytes' ? PAGE_BYTES : DIGEST_BYTES),
    'columns of different lengths',
  )
  .refine((f) => frameNumbers(f.pfn), NOT_FRAMES);

const WatchBatch = z
  .object({
    ns: u64,
    samples: u64,
    initial: z.boolean(),
    rows: z.preprocess(newerRows, table(Rows, 'va')),
    flags: u64s,
    counts: u64s,
    /** Captures of version 0.3 have none. */
    records: table(CauseRecords.extend({ name: z.array(text) }), 'ns').default(NO_RECORDS),
    lost: u64.default(0n),
    refusal: text.default(''),
  })
  .refine((b) => b.flags.length === b.rows.va.length && b.counts.length === b.rows.va.length, 'columns differ');

/** One chunk; the first is `begin`, the last of a complete capture `end`. docs/capture.md has the order. */
export const Chunk = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('begin'),
    arguments: z.array(text),
    startedAt: z.iso.datetime(),
    /** CLOCK_MONOTONIC. */
    startNs: u64,
    kernelCommandLine: text,
    cpuFeatures: text,
    /** Effective capabilities of cr3scope, as in /proc/self/status. */
    capabilities: u64,
    options: z.object({
      bytes: z.boolean(),
      frames: z.enum(FRAMES_KEPT),
      /** Null: all pages. */
      range: z.object({ begin: u64, end: u64 }).nullable(),
    }),
    target: Target,
    processes: z.preprocess(newerProcesses, table(Processes, 'pid')),
  }),
  /** A process; the chunks up to the next one are about it. */
  z.object({
    kind: z.literal('process'),
    pid,
    startTicks: u64,
    name: text,
    user: text,
    at: z.iso.datetime(),
    regions: SafeRegions,
  }),
  /** More regions of the process, above those before: version 2. */
  z.object({ kind: z.literal('regions'), regions: SafeRegions }),
  /** Stretches of pages, packed by native/core/page_record.cc. */
  z.object({ kind: z.literal('pages'), packed: u8s }),
  z.object({ kind: z.literal('evidence'), evidence: z.array(z.preprocess(newerEvidence, Evidence)) }),
  /** All tables of the process, or some more of them: version 2. */
  z.object({ kind: z.literal('tree'), tree: SafeTree }),
  /** The upper tables, whose entries lead to the pages; in version 1 each with the complete tree. */
  z
    .object({ kind: z.literal('tables'), tree: SafeTree.nullable(), pfn: u64s, bytes: u8s })
    .refine((t) => t.bytes.length === t.pfn.length * PAGE_BYTES, 'columns of different lengths')
    .refine((t) => frameNumbers(t.pfn), NOT_FRAMES),
  /** The first regions of a summary that follows: version 2. */
  z.object({
    kind: z.literal('checkedRegions'),
    regions: RegionColumns.refine(regionsFit, UNFIT).transform(knownVerdicts),
  }),
  z.object({ kind: z.literal('checked'), summary: SafeSummary }),
  /** A process that could not be captured, or ended before. */
  z.object({ kind: z.literal('skipped'), pid, startTicks: u64, name: text, code: text, message: text }),
  CapturedFrames,
  z.object({ kind: z.literal('memory'), map: SafeMap }),
  z.object({ kind: z.literal('cpus'), cpus: table(Cpus, 'cpu') }),
  z.object({ kind: z.literal('trace'), events: z.array(Traced) }),
  z.object({
    kind: z.literal('watch'),
    pid,
    startTicks: u64,
    begin: u64,
    end: u64,
    batch: WatchBatch,
  }),
  /** What somebody has noted at pages and frames. */
  z.object({ kind: z.literal('notes'), notes: z.array(Note).max(MOST_NOTES) }),
  /** In place of what a later version wrote: only its kind is known. */
  z.object({ kind: z.literal('unknown'), name: text }),
  z.object({
    kind: z.literal('end'),
    finishedAt: z.iso.datetime(),
    endNs: u64,
    processes: z.number(),
    skipped: z.number(),
  }),
]);
export type Chunk = z.infer<typeof Chunk>;

const KINDS: ReadonlySet<string> = new Set(Chunk.options.map((option) => option.shape.kind.value));
/** The longest name of a kind that is shown. */
const MOST_KIND = 32;

/** A value of a file, where one of a kind that this version does not know is replaced. */
export function knownChunk(value: unknown): unknown {
  const { kind } = (value ?? {}) as { kind?: unknown };
  if (typeof kind !== 'string' || (KINDS.has(kind) && kind !== 'unknown')) return value;
  return { kind: 'unknown', name: kind.slice(0, MOST_KIND) };
}
export type ChunkOf<K extends Chunk['kind']> = Extract<Chunk, { kind: K }>;
