// SPDX-License-Identifier: GPL-2.0-only
// What native/calls answers, as native/calls/describe.cc describes it.
import type { CauseRecords, Evidence, Owners, Rows, Runs } from '../../contract/api.ts';
import type { SwapTypes } from '../../contract/paging.ts';
import type { Words } from '../../contract/sources.ts';

export interface SourceTarget {
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

export interface SourceProcesses {
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

export interface SourceRoots {
  pid: Uint32Array<ArrayBuffer>;
  startTicks: BigUint64Array<ArrayBuffer>;
  space: BigUint64Array<ArrayBuffer>;
  rootPa: BigUint64Array<ArrayBuffer>;
  borrowedPa: BigUint64Array<ArrayBuffer>;
  onCpu: Uint8Array<ArrayBuffer>;
  cpu: Uint32Array<ArrayBuffer>;
}

export interface SourceFrames {
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

export interface SourceCpus {
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
export interface SourceCauses {
  name: string[];
  how: Uint8Array<ArrayBuffer>;
  detail: string[];
  /** Why programs can't run at functions of the kernel; "" where they can. */
  functionsRefusal: string;
}

export interface TraceBatch {
  events: TraceEvent[];
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
export type SourceOwners = Omit<Owners, 'mapCount' | 'flags' | 'sharers'>;

/** Why something can't be done. */
export interface Refusal {
  message: string;
  /** The name of an errno, or "ERROR". */
  code: string;
  remedy: string;
}

/** The machine, its users and its kernel's command line. What could not be read is "" or 0. */
export interface SourceFacts {
  /** CLOCK_MONOTONIC. */
  ns: bigint;
  bootId: string;
  hostname: string;
  cpus: number;
  memoryBytes: bigint;
  commandLine: string;
  cpuFeatures: string;
  /** /proc/zoneinfo. */
  zones: string;
  uid: Uint32Array<ArrayBuffer>;
  user: string[];
}

/** What a session tells first. */
export interface Hello {
  version: string;
  facts: SourceFacts;
  target: SourceTarget;
  directMap: bigint;
  directMapFrom: string;
  /** By source the reason for which it is missing; null if it works. */
  refusals: Words<Refusal | null>;
}

/** All memory cgroups. */
export interface SourceCgroups {
  inode: BigUint64Array<ArrayBuffer>;
  path: string[];
}
