// SPDX-License-Identifier: GPL-2.0-only
// What native/calls answers, as native/calls/describe.cc describes it. What a helper answers is held to this: it may be a
// stranger's.
import { z } from 'zod';
import {
  CauseRecords,
  CheckSummary,
  Evidence,
  FrameList,
  MemoryMap,
  Owners,
  Regions,
  Rows,
  Runs,
  SearchEvent,
  SearchSummary,
  SwapTypes,
  TableTree,
  Traced,
  Translation,
  u8s,
  u32s,
  u64,
  u64s,
  WatchEvent,
} from '../../contract/api.ts';
import { wordsOf } from '../../contract/sources.ts';
import { TypeSlice } from '../../contract/types.ts';

const texts = z.array(z.string());

/** The lengths of a column, or of one for each source. */
const lengths = (column: unknown): number[] =>
  Array.isArray(column) || ArrayBuffer.isView(column)
    ? [(column as ArrayLike<unknown>).length]
    : Object.values(column as object).flatMap(lengths);

/** The same schema, where these columns are of one length; if none is named, all are. */
function table<T extends z.ZodObject>(schema: T, ...names: (keyof z.infer<T>)[]): T {
  const columns = names.length ? names : Object.keys(schema.shape);
  const even = (value: object) =>
    new Set(columns.flatMap((name) => lengths((value as Record<PropertyKey, unknown>)[name]))).size === 1;
  return schema.refine(even, 'columns of different lengths') as T;
}

export const SourceTarget = z.object({
  release: z.string(),
  build: z.string(),
  cpuModel: z.string(),
  lockdown: z.string(),
  configFrom: z.string(),
  levels: z.number(),
  pti: z.boolean(),
  pcid: z.boolean(),
  lam: z.boolean(),
  maxPhysBits: z.number(),
  virtualBits: z.number(),
  encryptionMask: u64,
  capabilities: u64,
  btf: z.boolean(),
  ksmUnreliable: z.boolean(),
  zeroPfn: u64,
  ramBegin: u64s,
  ramEnd: u64s,
  swap: SwapTypes,
});
export type SourceTarget = z.infer<typeof SourceTarget>;

const SourceProcesses = z.object({
  pid: u32s,
  ppid: u32s,
  uid: u32s,
  threads: u32s,
  state: u8s,
  kernelThread: u8s,
  startTicks: u64s,
  rss: u64s,
  pageTables: u64s,
  cpuTicks: u64s,
  ns: u64s,
  alone: u64s,
  shared: u64s,
  name: texts,
  command: texts,
  cgroup: texts,
  walkAgeNs: u64.nullable(),
});
export type SourceProcesses = z.infer<typeof SourceProcesses>;

const SourceRoots = z.object({
  pid: u32s,
  startTicks: u64s,
  space: u64s,
  rootPa: u64s,
  borrowedPa: u64s,
  onCpu: u8s,
  cpu: u32s,
});
export type SourceRoots = z.infer<typeof SourceRoots>;

const SourceFrames = z.object({ bytes: u8s, status: u8s, role: u8s, flags: u64s, count: u64s, cgroup: u64s });
export type SourceFrames = z.infer<typeof SourceFrames>;

const SourceFrameList = FrameList.omit({ begin: true });
export type SourceFrameList = z.infer<typeof SourceFrameList>;

const SourcePage = z.object({ translation: Translation, frame: SourceFrames.nullable(), settled: z.boolean() });
export type SourcePage = z.infer<typeof SourcePage>;

const CheckBatch = z.object({
  done: u64,
  total: u64,
  counts: u64s,
  /** It waits until another job has ended: the first batch, without anything else. */
  waiting: z.boolean(),
  runs: table(Runs),
  evidence: z.array(Evidence),
  /** If requested, every page, packed as docs/capture.md describes; else empty. */
  pages: u8s,
});
export type CheckBatch = z.infer<typeof CheckBatch>;

const SourceCpus = z.object({
  cpu: u32s,
  /** Thread group that ran, 0: the idle task. */
  pid: u32s,
  cr0: u64s,
  cr3: u64s,
  cr4: u64s,
  efer: u64s,
  pat: u64s,
  rootPa: u64s,
  borrowed: u8s,
  kernelThread: u8s,
  name: texts,
});
export type SourceCpus = z.infer<typeof SourceCpus>;

/** What changed since the last batch. */
const WatchBatch = WatchEvent.omit({ id: true, end: true }).extend({
  rows: table(Rows),
  records: table(CauseRecords),
});
export type WatchBatch = z.infer<typeof WatchBatch>;

/** What can be seen of the causes of changes; `how` is an index into CAUSE_HOWS. */
const CauseAbilities = z.object({ name: texts, how: u8s, detail: texts });
const SourceCauses = CauseAbilities.extend({
  /** Why programs can't run at functions of the kernel; "" where they can. */
  functionsRefusal: z.string(),
});
export type SourceCauses = z.infer<typeof SourceCauses>;

/** `kind` is an index into TRACE_KINDS. */
const TraceEvent = Traced.extend({ kind: z.number() });
export type TraceEvent = z.infer<typeof TraceEvent>;

const TraceBatch = z.object({ events: z.array(TraceEvent) });
export type TraceBatch = z.infer<typeof TraceBatch>;

export interface Launch {
  /** Empty: attach instead. */
  arguments: string[];
  /** "NAME=value". */
  environment: string[];
  /** "" is that of cr3scope, as for the user. */
  directory: string;
  user: string;
  /** stdin and outputs are /dev/null. */
  quiet: boolean;
}

/** If it waits, it is the first batch, without anything else. */
const SearchBatch = SearchEvent.omit({ id: true, end: true });
export type SearchBatch = z.infer<typeof SearchBatch>;

/** One process for each address space. */
const SourceOwners = Owners.omit({ mapCount: true, flags: true, sharers: true });
export type SourceOwners = z.infer<typeof SourceOwners>;

/** Why something can't be done. */
export const Refusal = z.object({
  message: z.string(),
  /** The name of an errno, or "ERROR". */
  code: z.string(),
  remedy: z.string(),
});
export type Refusal = z.infer<typeof Refusal>;

/** The machine, its users and its kernel's command line. What could not be read is "" or 0. */
const SourceFacts = z.object({
  /** CLOCK_MONOTONIC. */
  ns: u64,
  bootId: z.string(),
  hostname: z.string(),
  cpus: z.number(),
  memoryBytes: u64,
  commandLine: z.string(),
  cpuFeatures: z.string(),
  /** The user who reads. */
  readerUid: z.number(),
  /** /proc/zoneinfo. */
  zones: z.string(),
  uid: u32s,
  user: texts,
  /** Of a memory image: how its contents were found, and by what that was confirmed. */
  findings: texts,
});
export type SourceFacts = z.infer<typeof SourceFacts>;

/** What a session tells first. */
const Hello = z.object({
  version: z.string(),
  facts: table(SourceFacts, 'uid', 'user'),
  target: table(SourceTarget, 'ramBegin', 'ramEnd'),
  directMap: u64,
  directMapFrom: z.string(),
  /** By source the reason for which it is missing; null if it works. */
  refusals: wordsOf(Refusal.nullable()),
});
export type Hello = z.infer<typeof Hello>;

/** All memory cgroups. */
const SourceCgroups = z.object({ inode: u64s, path: texts });
export type SourceCgroups = z.infer<typeof SourceCgroups>;

const SourceTypeNames = z.object({ name: texts });
export type SourceTypeNames = z.infer<typeof SourceTypeNames>;

/** Three tables: types, their members, and values of enumerations. */
const SourceTypes = table(
  table(
    table(TypeSlice, 'id', 'kind', 'bytes', 'of', 'count', 'encoding', 'name'),
    'memberOwner',
    'memberType',
    'memberBit',
    'memberBits',
    'memberName',
  ),
  'valueOwner',
  'value',
  'valueName',
);

const Nothing = z.object({});

/** By the name of each call in native/calls/calls.cc. */
export const ANSWERS: Readonly<Record<string, z.ZodType>> = {
  hello: Hello,
  processes: table(
    SourceProcesses,
    ...(Object.keys(SourceProcesses.shape) as (keyof SourceProcesses)[]).filter((name) => name !== 'walkAgeNs'),
  ),
  cgroups: table(SourceCgroups),
  roots: table(SourceRoots),
  cpus: table(SourceCpus),
  regions: table(Regions),
  rows: table(Rows),
  translate: Translation,
  page: SourcePage,
  frames: table(SourceFrames, 'status', 'role', 'flags', 'count', 'cgroup'),
  owners: table(SourceOwners, 'pid', 'startTicks', 'va', 'still', 'shift', 'entry', 'access'),
  tables: table(TableTree, 'level', 'va', 'pa', 'used', 'marked', 'status'),
  memory: table(MemoryMap, 'pid', 'startTicks', 'alone'),
  listFrames: table(SourceFrameList),
  causes: table(SourceCauses, 'name', 'how', 'detail'),
  layout: SourceTypes,
  typeNames: SourceTypeNames,
  check: CheckSummary,
  search: SearchSummary,
  watch: Nothing,
  trace: Nothing,
  traceLaunched: Nothing,
  traceMachine: Nothing,
};
export const BATCHES: Readonly<Record<string, z.ZodType>> = {
  check: CheckBatch,
  search: table(SearchBatch, 'address', 'pa', 'knownFrom', 'knownTo'),
  watch: WatchBatch,
  trace: TraceBatch,
  traceLaunched: TraceBatch,
  traceMachine: TraceBatch,
};
