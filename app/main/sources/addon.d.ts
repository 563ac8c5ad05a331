// SPDX-License-Identifier: GPL-2.0-only
// What native/binding exports.
import type {
  CauseRecords,
  CheckSummary,
  Evidence,
  MemoryMap,
  Owners,
  Regions,
  Rows,
  Runs,
  TableTree,
  Translation,
} from '../../contract/api.ts';
import type { SwapTypes } from '../../contract/paging.ts';
import type { Words } from '../../contract/sources.ts';

export interface AddonTarget {
  release: string;
  build: string;
  cpuModel: string;
  lockdown: string;
  configFrom: string;
  levels: number;
  pti: boolean;
  pcid: boolean;
  lam: boolean;
  maxPhysBits: number;
  virtualBits: number;
  encryptionMask: bigint;
  capabilities: bigint;
  btf: boolean;
  ksmUnreliable: boolean;
  zeroPfn: bigint;
  ramBegin: BigUint64Array<ArrayBuffer>;
  ramEnd: BigUint64Array<ArrayBuffer>;
  swap: SwapTypes;
}

export interface AddonProcesses {
  pid: Uint32Array<ArrayBuffer>;
  ppid: Uint32Array<ArrayBuffer>;
  uid: Uint32Array<ArrayBuffer>;
  threads: Uint32Array<ArrayBuffer>;
  state: Uint8Array<ArrayBuffer>;
  kernelThread: Uint8Array<ArrayBuffer>;
  startTicks: BigUint64Array<ArrayBuffer>;
  rss: BigUint64Array<ArrayBuffer>;
  pageTables: BigUint64Array<ArrayBuffer>;
  name: string[];
}

export interface AddonRoots {
  pid: Uint32Array<ArrayBuffer>;
  startTicks: BigUint64Array<ArrayBuffer>;
  space: BigUint64Array<ArrayBuffer>;
  rootPa: BigUint64Array<ArrayBuffer>;
  borrowedPa: BigUint64Array<ArrayBuffer>;
  onCpu: Uint8Array<ArrayBuffer>;
  cpu: Uint32Array<ArrayBuffer>;
}

export interface AddonFrames {
  bytes: Uint8Array<ArrayBuffer>;
  status: Uint8Array<ArrayBuffer>;
  role: Uint8Array<ArrayBuffer>;
  flags: BigUint64Array<ArrayBuffer>;
  count: BigUint64Array<ArrayBuffer>;
  cgroup: BigUint64Array<ArrayBuffer>;
}

export interface CheckBatch {
  done: bigint;
  total: bigint;
  counts: BigUint64Array<ArrayBuffer>;
  /** It waits until another job has ended: the first batch, without anything else. */
  waiting: boolean;
  runs: Runs;
  evidence: Evidence[];
  /** If requested, every page, packed as docs/capture.md describes; else empty. */
  pages: Uint8Array<ArrayBuffer>;
}

export interface AddonCpus {
  cpu: Uint32Array<ArrayBuffer>;
  /** Thread group that ran, 0: the idle task. */
  pid: Uint32Array<ArrayBuffer>;
  cr0: BigUint64Array<ArrayBuffer>;
  cr3: BigUint64Array<ArrayBuffer>;
  cr4: BigUint64Array<ArrayBuffer>;
  efer: BigUint64Array<ArrayBuffer>;
  pat: BigUint64Array<ArrayBuffer>;
  rootPa: BigUint64Array<ArrayBuffer>;
  borrowed: Uint8Array<ArrayBuffer>;
  kernelThread: Uint8Array<ArrayBuffer>;
  name: string[];
}

export interface WatchBatch {
  /** CLOCK_MONOTONIC of the sample. */
  ns: bigint;
  /** Taken so far. */
  samples: bigint;
  /** Set if these are all pages as they were found. */
  initial: boolean;
  rows: Rows;
  /** kpageflags and kpagecount of each row's frame; all ones without one. */
  flags: BigUint64Array<ArrayBuffer>;
  counts: BigUint64Array<ArrayBuffer>;
  /** Steps of the kernel that may explain these rows. */
  records: CauseRecords;
  /** Records that did not fit since the last batch. */
  lost: bigint;
  /** Why no cause can be seen; "" where they can. */
  refusal: string;
}

/** What can be seen of the causes of changes; `how` is an index into CAUSE_HOWS. */
export interface AddonCauses {
  name: string[];
  how: Uint8Array<ArrayBuffer>;
  detail: string[];
  /** Why programs can't run at functions of the kernel; "" where they can. */
  functionsRefusal: string;
}

export interface TraceEvent {
  /** CLOCK_MONOTONIC. */
  ns: bigint;
  /** Index into TRACE_KINDS. */
  kind: number;
  pid: number;
  child: number;
  before: bigint;
  after: bigint;
  code: number;
  name: string;
}

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

export interface SearchBatch {
  /** Bytes. */
  done: bigint;
  total: bigint;
  /** It waits until another job has ended: the first batch, without anything else. */
  waiting: boolean;
  address: BigUint64Array<ArrayBuffer>;
  pa: BigUint64Array<ArrayBuffer>;
  /** 64 bytes a hit, from 16 before it on, of which those in [knownFrom, knownTo) could be read. */
  context: Uint8Array<ArrayBuffer>;
  knownFrom: Uint8Array<ArrayBuffer>;
  knownTo: Uint8Array<ArrayBuffer>;
}

export interface SearchSummary {
  bytes: bigint;
  unreadable: bigint;
  hits: bigint;
  limited: boolean;
  gone: boolean;
}

/** One process for each address space. */
export type AddonOwners = Omit<Owners, 'mapCount' | 'flags' | 'sharers'>;

/** Rejections are Errors with code ("ESRCH"), errno, call and remedy. */
export interface AddonSession {
  target(): AddonTarget;
  /** By source the error for which it is missing; null if it works. */
  open(): Promise<{ directMap: bigint; directMapFrom: string; refusals: Words<Error | null> }>;
  /** Registers are 0 if the module is not loaded. */
  cpus(): Promise<AddonCpus>;
  processes(): Promise<AddonProcesses>;
  roots(): Promise<AddonRoots>;
  regions(pid: number): Promise<Regions>;
  rows(pid: number, startTicks: bigint, vas: BigUint64Array): Promise<Rows>;
  translate(pid: number, startTicks: bigint, va: bigint): Promise<Translation>;
  frames(pfns: BigUint64Array): Promise<AddonFrames>;
  owners(pfn: bigint, again: boolean): Promise<AddonOwners>;
  tables(pid: number, startTicks: bigint): Promise<TableTree>;
  memory(begin: bigint, end: bigint, cells: number, flags: bigint, again: boolean): Promise<MemoryMap>;
  /** PID 0 searches physical memory; there `back` finds the last hit, as the only one. */
  search(
    pid: number,
    begin: bigint,
    end: bigint,
    bytes: Uint8Array,
    mask: Uint8Array,
    limit: bigint,
    onBatch: (batch: SearchBatch) => void,
    back?: boolean,
  ): { promise: Promise<SearchSummary>; cancel(): void };
  /** Which causes of changes can be seen here: attaches the programs for a moment. */
  causes(): Promise<AddonCauses>;
  /**
   * At most 65536 pages; resolves when the process exited or executed another program. With intervalNs 0 only sample()
   * takes more than the first sample.
   */
  watch(
    pid: number,
    startTicks: bigint,
    begin: bigint,
    end: bigint,
    intervalNs: bigint,
    onBatch: (batch: WatchBatch) => void,
  ): { promise: Promise<void>; cancel(): void; sample(): void };
  trace(
    launch: Launch,
    pid: number,
    follow: boolean,
    onEvents: (events: TraceEvent[]) => void,
  ): { promise: Promise<void>; cancel(): void };
  /** All processes, by the scheduler's tracepoints; ends only when cancelled. */
  traceMachine(onEvents: (events: TraceEvent[]) => void): { promise: Promise<void>; cancel(): void };
  check(
    pid: number,
    startTicks: bigint,
    begin: bigint,
    end: bigint,
    onBatch: (batch: CheckBatch) => void,
    bytes?: boolean,
    pages?: boolean,
  ): { promise: Promise<CheckSummary>; cancel(): void };
}

export interface Addon {
  Session: new () => AddonSession;
}
