// SPDX-License-Identifier: GPL-2.0-only
// The contract between the user interface and the explorer: the only thing that main and renderer share.
// A transport (Electron IPC, WebSocket, or none in the command line) carries it and adds nothing to it.
//
// Tables cross as columns (typed arrays), 64-bit values as bigint, never as number.
import { z } from 'zod';
import { Difference, DiffTotals } from './changes.ts';
import { type FileFormat, FORMATS } from './formats.ts';
import { visible } from './inert.ts';
import { LAB_NAMES } from './labs.ts';
import { PFN_END } from './paging.ts';
import { MOST_PATTERN } from './pattern.ts';
import { bySource, wordsOf } from './sources.ts';
import { TypeSlice } from './types.ts';

/** Words and columns, as every schema of the contract and of captures has them. */
export const u64 = z
  .bigint()
  .min(0n)
  .max((1n << 64n) - 1n);
export const u64s = z.instanceof(BigUint64Array);
export const u32s = z.instanceof(Uint32Array);
export const u8s = z.instanceof(Uint8Array);
export const pid = z.number().int().min(1).max(0x7fffffff);

const checkId = z.string().min(1).max(64);

/** An address space: a PID alone is reused, so its start time (clock ticks since boot) goes with it; 0 takes any. */
const space = { pid, startTicks: u64 };

/** Letters of a note. */
export const MOST_NOTE = 500;
/** Notes that a file takes. */
export const MOST_NOTES = 1000;

/** What somebody has noted at a page, with the verdict that it had then, or at a frame. */
export const Note = z.object({
  id: checkId,
  /** ISO 8601. */
  at: z.iso.datetime(),
  /** On one line: the same in every document. */
  text: z
    .string()
    .min(1)
    .max(MOST_NOTE)
    .refine((text) => visible(text) === text, 'a note can’t have control characters'),
  /** Frame numbers and processes mean nothing after the next boot. */
  bootId: z.string().max(64),
  on: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('page'),
      ...space,
      name: z.string().max(255),
      va: u64,
      /** By its code; null: none was read. */
      verdict: z.number().int().min(0).max(255).nullable(),
    }),
    z.object({ kind: z.literal('frame'), pfn: u64.max(PFN_END - 1n) }),
  ]),
});
export type Note = z.infer<typeof Note>;
const notes = z.array(Note).max(MOST_NOTES);

export const SwapTypes = z.object({
  /** False: assumed. Captures of version 0.3 did not say. */
  known: z.boolean().default(true),
  pfnBits: z.number(),
  hwpoison: z.number(),
  migration: z.number(),
  migrations: z.number(),
  device: z.number(),
  devices: z.number(),
  marker: z.number(),
  swapinError: z.number(),
});

export const SourceStatus = z.object({
  /** Of SOURCES; in a capture of a later version also another one. */
  name: z.string(),
  label: z.string(),
  ready: z.boolean(),
  /** If it is ready, what it reads through; else why it is missing. */
  detail: z.string(),
  /** What to do about it; "" if it is ready. */
  remedy: z.string(),
});
export type SourceStatus = z.infer<typeof SourceStatus>;

export const Target = z.object({
  hostname: z.string(),
  release: z.string(),
  build: z.string(),
  /** Of /proc/sys/kernel/random/boot_id: frame numbers mean nothing after the next boot. */
  bootId: z.string(),
  cpuModel: z.string(),
  cpus: z.number(),
  memoryBytes: u64,
  levels: z.number(),
  virtualBits: z.number(),
  maxPhysBits: z.number(),
  pti: z.boolean(),
  pcid: z.boolean(),
  lam: z.boolean(),
  encryptionMask: u64,
  lockdown: z.string(),
  configFrom: z.string(),
  /** kpageflags calls every anonymous page KSM, as some kernels since 6.10 do. Captures of version 0.3 did not say. */
  ksmUnreliable: z.boolean().default(false),
  zeroPfn: u64,
  /** System RAM, physical, end exclusive. */
  ramBegin: u64s,
  ramEnd: u64s,
  /** NUMA nodes by /proc/zoneinfo: frame ranges, end exclusive; those of different nodes may overlap. */
  nodeBegin: u64s,
  nodeEnd: u64s,
  node: u32s,
  directMap: u64,
  directMapFrom: z.string(),
  swap: SwapTypes,
  sources: z.array(SourceStatus),
  /** Null: the machine itself, now. Else the capture that everything is read from. */
  capture: z
    .object({
      path: z.string(),
      /** ISO 8601. */
      startedAt: z.string(),
      finishedAt: z.string().nullable(),
      /** SHA-256 of all that was read of it. */
      digest: z.string(),
      /** The processes whose pages it holds, and why it does not hold those of others that were to be captured. */
      held: z.array(z.object({ pid, startTicks: u64 })),
      skipped: z.array(z.object({ pid, message: z.string() })),
      /** Notes of whoever made it. */
      notes,
      /** Kinds of parts that it has, and that this version does not know. */
      unknown: z.array(z.string()),
      /** Events of traces. */
      traced: z.number(),
      /** Pages that were watched. */
      watched: z.array(z.object({ pid, startTicks: u64, name: z.string(), begin: u64, end: u64 })),
      /** Why something is missing or not to be trusted; "" if all is there and as it was written. */
      problem: z.string(),
    })
    .nullable(),
  /** The memory of another machine that everything is read from; null: that of the machine itself. */
  image: z
    .object({
      /** The path of a memory image, or the virtual machine. */
      name: z.string(),
      /** Whether it changes while it is read. */
      runs: z.boolean(),
      /** Whether it is that of a virtual machine of this host, so that each walk goes on there. */
      onHost: z.boolean(),
      /** How Linux was found in it, and by what each step was confirmed. */
      findings: z.array(z.string()),
    })
    .nullable()
    .default(null),
  /** What the user should know of how this face runs, like a sandbox that is off. */
  notices: z.array(z.string()),
  version: z.string(),
});
export type Target = z.infer<typeof Target>;

/** How Privileges calls those of an ordinary user. */
export const NO_PRIVILEGES = 'no privileges';

/** How cr3scope reads the machine. */
export const Privileges = z.object({
  /** The machine as ssh knows it, like "vera@lab1"; "" for this one and for captures. */
  host: z.string(),
  /** For the status line: "root", "helper by sudo", NO_PRIVILEGES. */
  how: z.string(),
  /** Why it can't read what it could with privileges; null if it can. */
  problem: z.object({ message: z.string(), code: z.string(), remedy: z.string() }).nullable(),
  /** Whether the user may be asked for a password now. */
  mayAsk: z.boolean(),
  /** Where the user is being asked; "" while they are not. */
  asking: z.string(),
});
export type Privileges = z.infer<typeof Privileges>;

export const Processes = z.object({
  pid: u32s,
  ppid: u32s,
  uid: u32s,
  threads: u32s,
  /** ASCII letter of /proc/PID/stat. */
  state: u8s,
  kernelThread: u8s,
  onCpu: u8s,
  cpu: u32s,
  startTicks: u64s,
  rss: u64s,
  pageTables: u64s,
  /** Physical address of mm->pgd; 0: no address space, or no source that could read it. */
  rootPa: u64s,
  /** Under PTI the user root, else 0. */
  userRootPa: u64s,
  /** The root a kernel thread borrows at this moment, else 0. */
  borrowedPa: u64s,
  /** Equal for processes that share one address space; 0 if unknown. */
  space: u64s,
  /** Why the root is not known, by NO_ROOT. */
  noRoot: u8s,
  /** Clock ticks that it has run, and when that was read, by CLOCK_MONOTONIC. All ones: not known. */
  cpuTicks: u64s,
  ns: u64s,
  /**
   * Frames that only its address space maps, and frames that others map, too, each once, by the last walk of all address
   * spaces. All ones: not known.
   */
  alone: u64s,
  shared: u64s,
  /** Of that walk; null: none was made yet. */
  walkAgeNs: u64.nullable(),
  /** With a blank between arguments, cut off after some hundred bytes. */
  command: z.array(z.string()),
  /** A path of /proc/PID/cgroup; "" if it is not known. */
  cgroup: z.array(z.string()),
  name: z.array(z.string()),
  user: z.array(z.string()),
});
export type Processes = z.infer<typeof Processes>;
/** A number of Processes that is not known. */
export const NOT_KNOWN = (1n << 64n) - 1n;

export const Regions = z.object({
  begin: u64s,
  end: u64s,
  offset: u64s,
  inode: u64s,
  permissions: z.array(z.string()),
  path: z.array(z.string()),
});
export type Regions = z.infer<typeof Regions>;

export const Rows = z.object({
  va: u64s,
  words: wordsOf(u64s),
  pfn: u64s,
  level: u8s,
  shift: u8s,
  kind: u8s,
  status: u8s,
  verdict: u8s,
  note: u8s,
});
export type Rows = z.infer<typeof Rows>;
/** Rows of `n` pages of which nothing is known. */
export const blankRows = (n: number): Rows => ({
  va: new BigUint64Array(n),
  words: bySource(() => new BigUint64Array(n)),
  pfn: new BigUint64Array(n),
  level: new Uint8Array(n),
  shift: new Uint8Array(n),
  kind: new Uint8Array(n),
  status: new Uint8Array(n),
  verdict: new Uint8Array(n),
  note: new Uint8Array(n),
});

export const Entry = z.object({
  kind: z.number(),
  shift: z.number(),
  swapType: z.number(),
  pfn: u64,
  swapOffset: u64,
  violation: u64,
});
export const Path = z.object({
  /** Of the last table: index into FRAME_STATUS. */
  status: z.number(),
  /** Level of the last entry read, 0 if not even the root could be. */
  last: z.number(),
  /** By level, index 1..5: the table's physical address and its raw entry. */
  table: u64s,
  entry: u64s,
  leaf: Entry,
});
export type Path = z.infer<typeof Path>;

/** The kernel's own walk, by the module. */
export const KernelPath = z.object({
  rootPa: u64,
  /** Level of the last entry read, 0 if no region covers the address. */
  last: z.number(),
  table: u64s,
  entry: u64s,
  /** What the last entry means, see kernel.ts. */
  word: u64,
});
export type KernelPath = z.infer<typeof KernelPath>;

export const Translation = z.object({
  rootPa: u64,
  path: Path,
  /** From the user root, under PTI. */
  userPath: Path.nullable(),
  /** Null if the module is not loaded. */
  kernel: KernelPath.nullable(),
  userKernel: KernelPath.nullable(),
  /** The cross-checked page; null in the kernel half, which pagemap does not cover. */
  row: Rows.nullable(),
});
export type Translation = z.infer<typeof Translation>;

export const Frame = z.object({
  pfn: u64,
  /** Index into FRAME_STATUS; `bytes` is empty unless it is ok. */
  status: z.number(),
  bytes: u8s,
  /** Raw words of /proc/kpageflags, kpagecount and kpagecgroup; null if they can't be read. */
  flags: u64.nullable(),
  count: u64.nullable(),
  cgroup: u64.nullable(),
  /** Of that cgroup below its mount; null if there is none, or it is gone. */
  cgroupPath: z.string().nullable(),
  /** Index into ROLES. */
  role: z.number(),
  /** NUMA node; null if it is not known. */
  node: z.number().nullable(),
});
export type Frame = z.infer<typeof Frame>;

/** A page in one reading: its translation, and the frame that it leads to. */
export const PageReading = z.object({
  translation: Translation,
  /** Null if it maps none. */
  frame: Frame.nullable(),
  /** Whether the page still mapped that frame after the frame was read. */
  settled: z.boolean(),
});
export type PageReading = z.infer<typeof PageReading>;

/** Where the host has a page of a virtual machine. */
export const HostWalk = z.object({
  /** QEMU, and the address there. */
  pid: z.number(),
  va: u64,
  /** Null: the host has no frame there now. */
  pa: u64.nullable(),
  /** Like "2M"; null without a frame. */
  guestPageSize: z.string(),
  pageSize: z.string().nullable(),
  /** Whether the host's page is smaller than the guest's. */
  isSmaller: z.boolean(),
  /** Whether the guest's frame, QEMU's memory and the host's frame hold the same; null where one could not be read. */
  sameBytes: z.boolean().nullable(),
  /** The host's walk in words, level by level. */
  story: z.array(z.string()),
});
export type HostWalk = z.infer<typeof HostWalk>;

/** The bytes of frames that follow each other. */
export const Frames = z.object({
  pfn: u64,
  /** Index into FRAME_STATUS each; its bytes, a page, mean nothing unless it is ok. */
  status: u8s,
  bytes: u8s,
});
export type Frames = z.infer<typeof Frames>;
/** At most so many at a time. */
export const MOST_FRAMES = 64;

/** The reverse map that an answer is from: a picture of the moment it was made. */
const reverseMap = {
  ageNs: u64,
  tookNs: u64,
  spaces: z.number(),
  entries: u64,
  pages: u64,
  bytes: u64,
  /** Address spaces and page tables that changed while they were walked, and are left out. */
  gone: u64,
  raced: u64,
};

/** Who maps a frame, by the reverse map. */
export const Owners = z.object({
  /** One process for each address space: the one that was asked for, or else the one with the lowest PID. */
  pid: u32s,
  /** The other processes that share that address space (vfork, CLONE_VM). */
  sharers: z.array(z.array(z.number())),
  startTicks: u64s,
  /** Of the 4 KiB page that maps the frame. */
  va: u64s,
  /** 1 if a walk just now still led to the frame. */
  still: u8s,
  /** By that walk: page size, raw entry, and what every level allows (MAY_* of paging.ts). */
  shift: u8s,
  entry: u64s,
  access: u8s,
  /** Mappings by /proc/kpagecount at the moment of the question; null if it can't be read. */
  mapCount: u64.nullable(),
  /** kpageflags of the frame; null if they can't be read. */
  flags: u64.nullable(),
  /** Whose page table it is: process, level, and the first address that it covers. */
  tablePid: u32s,
  tableStart: u64s,
  tableLevel: u8s,
  tableVa: u64s,
  ...reverseMap,
});
export type Owners = z.infer<typeof Owners>;

/** All page tables of the user half of an address space, by address, the upper levels first. */
export const TableTree = z.object({
  rootPa: u64,
  level: u8s,
  va: u64s,
  pa: u64s,
  /** Entries that are not 0. */
  used: u32s,
  /** Whether kpageflags marks the frame as a page table: 0 no, 1 yes, 2 unknown. */
  marked: u8s,
  /** Index into FRAME_STATUS. */
  status: u8s,
  /** Bytes mapped by pages of 4K, 2M and 1G. */
  mapped: u64s,
  /** PTE tables that changed while they were read: their entries are not counted. */
  raced: u64,
});
export type TableTree = z.infer<typeof TableTree>;

/** What two processes have in common, in stretches of pages. */
export const Shared = z.object({
  /** 0: the same frames; 1: both map the addresses, each with frames of its own. */
  copy: u8s,
  vaA: u64s,
  vaB: u64s,
  pages: u64s,
  /** Pages that each maps, that lead to the same frames, and of copies. */
  mappedA: u64,
  mappedB: u64,
  shared: u64,
  copies: u64,
});
export type Shared = z.infer<typeof Shared>;

/** Physical memory as a picture, and as a table of role and process. All counts are frames. */
export const MemoryMap = z.object({
  /** Frame numbers; cells of `framesPerCell` cover them, the last may be shorter. */
  begin: u64,
  end: u64,
  framesPerCell: u64,
  /** ROLES.length a cell. */
  roles: u32s,
  /** 3 for each cell: frames that pages of 4K, 2M and 1G map; each mapping counts. */
  sizes: u32s,
  /** PID with the most mappings in the cell, 0: none. */
  owner: u32s,
  ownerMappings: u32s,
  /** Bits of kpageflags, and the frames of each cell with each of them, lowest bit first. */
  flags: u64,
  flagged: u32s,
  /** One for each process with an address space. */
  pid: u32s,
  startTicks: u64s,
  /** Frames that nothing else maps. */
  alone: u64s,
  /** ROLES.length for each process: what it maps, where each mapping counts, and its page tables. */
  mapped: u64s,
  /** By role: all frames, and those that no process maps. */
  total: u64s,
  unmapped: u64s,
  /** /proc/meminfo, vmstat and zoneinfo, read right after the frames. Captures of version 0.3 do not have them. */
  counters: z
    .object({ meminfo: z.string(), vmstat: z.string(), zoneinfo: z.string() })
    .default({ meminfo: '', vmstat: '', zoneinfo: '' }),
  ...reverseMap,
});
export type MemoryMap = z.infer<typeof MemoryMap>;
export const MOST_CELLS = 1 << 16;

/** Frames one by one, from `begin` on. */
export const FrameList = z.object({
  begin: u64,
  /** As kpageflags has them; all ones: they can't be read. */
  flags: u64s,
  /** Index into ROLES. */
  role: u8s,
  /** Pages that map it, by the walk that is kept, and the process with most of them, of equals the lowest PID; 0: none. */
  mapped: u32s,
  owner: u32s,
});
export type FrameList = z.infer<typeof FrameList>;
/** At most so many at a time. */
export const MOST_LISTED = 1 << 16;

/** Frame bytes against those of /proc/PID/mem, in pages. */
export const ByteProof = z.object({
  pages: u64,
  same: u64,
  /** The frame changed between two readings around that of the address. */
  changing: u64,
  /** The address came to map another frame, or none. */
  moved: u64,
  noFrame: u64,
  /** /proc/PID/mem refused. */
  noMemory: u64,
  /** Stable on both sides over re-reads. */
  differ: u64,
  differences: z.array(z.object({ va: u64, pfn: u64, offset: z.number(), frame: u8s, memory: u8s })),
  ns: u64,
});
export type ByteProof = z.infer<typeof ByteProof>;

/** A lab at one of its steps: what it did, as pages that were just translated. */
export const LabStep = z.object({
  name: z.enum(LAB_NAMES),
  /** From 1; null after the last one. */
  step: z.number().nullable(),
  pages: z.array(
    z.object({
      label: z.string(),
      pid: z.number(),
      startTicks: u64,
      va: u64,
      /** Null if it could not be read, for the reason in `error`. */
      translation: Translation.nullable(),
      error: z.string(),
      /** kpageflags and kpagecount of the frame; null without one. */
      flags: u64.nullable(),
      count: u64.nullable(),
      /** Why it is not as it was at the last step, in the words of a watch; empty if it is, or was not named then. */
      cause: z.string(),
    }),
  ),
});
export type LabStep = z.infer<typeof LabStep>;

/** What every CPU that is online runs, and under which root. */
export const Cpus = z.object({
  /**
   * Whether the registers are known: the module has read them on the CPU itself, or QEMU or the notes of an image say them. Else
   * they are 0, and only the task is known.
   */
  registers: z.boolean(),
  /** ms since the epoch. */
  at: z.number(),
  cpu: u32s,
  /** Thread group that runs there; 0: the idle task, or one that this PID namespace does not show. */
  pid: u32s,
  name: z.array(z.string()),
  kernelThread: u8s,
  /** Physical address of the root that is in force; 0 if it is not known. */
  rootPa: u64s,
  /** 1 if a kernel thread runs on the root of a process. */
  borrowed: u8s,
  /** PID whose root it is; 0 if no process of the list has it. */
  owner: u32s,
  cr0: u64s,
  cr3: u64s,
  cr4: u64s,
  /** 0 if it is not known: the notes of an image leave it out. */
  efer: u64s,
  /** 0 if it is not known: the module alone reads it. */
  pat: u64s,
});
export type Cpus = z.infer<typeof Cpus>;

export const Runs = z.object({
  va: u64s,
  pages: u64s,
  /** Of the first page. */
  words: wordsOf(u64s),
  verdict: u8s,
  note: u8s,
});
export type Runs = z.infer<typeof Runs>;

export const Evidence = z.object({
  va: u64,
  verdict: z.number(),
  note: z.number(),
  rounds: z.number(),
  /** CLOCK_MONOTONIC, ns. */
  firstNs: u64,
  lastNs: u64,
  first: wordsOf(u64),
  last: wordsOf(u64),
  lastPath: Path,
});
export type Evidence = z.infer<typeof Evidence>;

export const CheckSummary = z.object({
  /** 0 complete, 1 exited, 2 executed another program. */
  outcome: z.number(),
  rootPa: u64,
  pages: u64,
  counts: u64s,
  outside: u64,
  rechecked: u64,
  /** Table frames by level, index 2..5. */
  tables: u64s,
  beginNs: u64,
  endNs: u64,
  /** Spent in each source, by the codes of SOURCES. */
  sourceNs: u64s,
  regionBegin: u64s,
  regionEnd: u64s,
  /** For each region its counts, in the order of VERDICTS. */
  regionCounts: u64s,
  /** For each region BUCKETS times such counts: its picture from left to right. */
  regionBuckets: u32s,
  /** Null if bytes were not asked for, or the process went away before. */
  proof: ByteProof.nullable(),
});
export type CheckSummary = z.infer<typeof CheckSummary>;
export const BUCKETS = 32;
export const OUTCOMES = ['complete', 'exited', 'execed'] as const;

/** The same for a window, which draws the pictures of regions but does not count in them. */
export const CheckResult = CheckSummary.omit({ regionBuckets: true }).extend({
  /** BUCKETS bytes a region: the most frequent verdict there, and in the upper four bits the gravest one. */
  regionPicture: u8s,
});
export type CheckResult = z.infer<typeof CheckResult>;

/** How work ends that failed. */
const FailedEnd = z.object({ error: z.object({ message: z.string(), code: z.string(), remedy: z.string() }) });

export const CheckEvent = z.object({
  id: checkId,
  /** Pages; once `counts` add up to all of them, those whose bytes were compared. */
  done: u64,
  total: u64,
  counts: u64s,
  /** It waits until another job has ended. */
  waiting: z.boolean(),
  /** Set once, with the last event. */
  end: z.union([z.object({ summary: CheckResult }), FailedEnd]).nullable(),
});
export type CheckEvent = z.infer<typeof CheckEvent>;

/** What a finished check kept: every run that does not plainly agree, and the evidence, up to a limit. */
export const CheckRows = z.object({ runs: Runs, evidence: z.array(Evidence), runsDropped: u64, evidenceDropped: u64 });
export type CheckRows = z.infer<typeof CheckRows>;

/** What the kernel was seen to do to watched pages, see records.ts. */
export const CauseRecords = z.object({
  ns: u64s,
  begin: u64s,
  end: u64s,
  detail: u64s,
  argument: u64s,
  /** Index into RECORD_KINDS. */
  kind: u8s,
  flags: u8s,
  /** All ones: none. */
  syscall: u32s,
  pid: u32s,
  tid: u32s,
  name: z.array(z.string()),
});
export type CauseRecords = z.infer<typeof CauseRecords>;
export const NO_RECORDS: CauseRecords = {
  ns: new BigUint64Array(),
  begin: new BigUint64Array(),
  end: new BigUint64Array(),
  detail: new BigUint64Array(),
  argument: new BigUint64Array(),
  kind: new Uint8Array(),
  flags: new Uint8Array(),
  syscall: new Uint32Array(),
  pid: new Uint32Array(),
  tid: new Uint32Array(),
  name: [],
};

/** How well a kind of cause can be seen here; the order is that of CauseAbility::How in native/core/causes.h. */
export const CAUSE_HOWS = ['seen', 'partly', 'inferred'] as const;

/** What changed since the last event of a watch. */
export const WatchEvent = z.object({
  id: checkId,
  /** CLOCK_MONOTONIC of the sample, and samples taken so far. */
  ns: u64,
  samples: u64,
  /** Set if these are all pages as they were found. */
  initial: z.boolean(),
  rows: Rows,
  /** kpageflags and kpagecount of each row's frame; all ones without one. */
  flags: u64s,
  counts: u64s,
  /** What the kernel was seen to do to these pages since the last event, and how many records did not fit. */
  records: CauseRecords,
  lost: u64,
  /** Why no cause can be seen; "" where they can. */
  refusal: z.string(),
  /** Set once, with the last event: the process exited or executed another program, it was cancelled, or it failed. */
  end: z.union([z.object({ gone: z.boolean() }), FailedEnd]).nullable(),
});
export type WatchEvent = z.infer<typeof WatchEvent>;
/** Pages that one watch may have. */
export const MOST_WATCHED = 1 << 16;

/** The order is that of TraceKind in native/core/trace.h; what each means is in trace.ts. */
export const TRACE_KINDS = [
  'start',
  'attach',
  'exec',
  'fork',
  'vfork',
  'clone',
  'thread',
  'exit',
  'detach',
  'lost',
] as const;
export type TraceKind = (typeof TRACE_KINDS)[number];

/** One thing that happened to the processes that are traced. */
export const Traced = z.object({
  /** CLOCK_MONOTONIC. */
  ns: u64,
  kind: z.enum(TRACE_KINDS),
  pid: z.number(),
  /** The process, or of a thread the thread, that was born. */
  child: z.number(),
  /** Roots: of an exec before and after; else of the process, and of its child. 0: not known. */
  before: u64,
  after: u64,
  /** Of an exit: its code, or the signal that killed it, negative. Of `lost`: how many events. */
  code: z.number(),
  name: z.string(),
});
export type Traced = z.infer<typeof Traced>;

export const TraceEvent = z.object({
  id: checkId,
  events: z.array(Traced),
  /** Set once, with the last event. */
  end: z.union([z.object({ cancelled: z.boolean() }), FailedEnd]).nullable(),
});
export type TraceEvent = z.infer<typeof TraceEvent>;

export const SearchSummary = z.object({
  bytes: u64,
  unreadable: u64,
  hits: u64,
  limited: z.boolean(),
  gone: z.boolean(),
});
export type SearchSummary = z.infer<typeof SearchSummary>;

/** Hits since the last event, 64 bytes of context each: from 16 before it on, known in [knownFrom, knownTo). */
export const SearchEvent = z.object({
  id: checkId,
  /** Bytes. */
  done: u64,
  total: u64,
  /** It waits until another job has ended. */
  waiting: z.boolean(),
  address: u64s,
  pa: u64s,
  context: u8s,
  knownFrom: u8s,
  knownTo: u8s,
  /** Set once, with the last event. */
  end: z.union([SearchSummary, FailedEnd]).nullable(),
});
export type SearchEvent = z.infer<typeof SearchEvent>;

/** What a capture keeps of the bytes of frames: nothing, a SHA-256 of each frame, or the bytes. */
export const FRAMES_KEPT = ['none', 'digests', 'bytes'] as const;
export type FramesKept = (typeof FRAMES_KEPT)[number];

/** Below the window's own origin, where files are offered. */
export const EXPORT_PATH = '/export/';

/** A file that the window may download once. */
export const Download = z.object({
  /** Begins with EXPORT_PATH; nobody else can guess it. */
  path: z.string(),
  bytes: z.number(),
  /** Of these bytes, in hex. */
  sha256: z.string(),
});
export type Download = z.infer<typeof Download>;

export const ExportEvent = z.object({
  id: checkId,
  /** Finished, of how many. */
  processes: z.number(),
  of: z.number(),
  /** Pages of the one at work. */
  done: u64,
  total: u64,
  /** Set once, with the last event. */
  end: z.union([Download, FailedEnd]).nullable(),
});
export type ExportEvent = z.infer<typeof ExportEvent>;

/** A capture that is kept while the program runs, to compare with. */
export const Snapshot = z.object({
  id: checkId,
  /** ISO 8601. */
  at: z.string(),
  processes: z.number(),
  skipped: z.number(),
  pages: u64,
  bytes: z.number(),
  /** SHA-256. */
  digest: z.string(),
  /** Why it is not complete; "" if it is. */
  problem: z.string(),
});
export type Snapshot = z.infer<typeof Snapshot>;

export const Comparison = z.object({
  differences: z.array(Difference),
  /** Differences beyond those; the totals are exact. */
  dropped: z.number(),
  totals: DiffTotals,
  /** Of the second capture, ISO 8601. */
  at: z.string(),
});
export type Comparison = z.infer<typeof Comparison>;
export const COMPARISON_FORMATS = ['csv', 'jsonl'] as const;
/** Differences that a comparison gives one by one. */
export const MOST_DIFFERENCES = 20_000;

const pattern = {
  bytes: u8s.refine((a) => a.length > 0 && a.length <= MOST_PATTERN, `must be 1 to ${MOST_PATTERN} bytes`),
  mask: u8s,
};

/** The longest path, argument or variable, in characters. */
const MOST_TEXT = 4 * 1024;
/** The most bytes of a file that a page sends at a time. */
export const MOST_CHUNK = 512 * 1024;
/** The most names of types that one call gives. */
export const MOST_NAMES = 50;
const typeName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\w ]+$/);

/** The most pages that one call reads. */
export const MOST_ROWS = 4 * 1024;

const method = <A extends z.ZodType, R extends z.ZodType>(args: A, result: R) => ({ args, result });

export const METHODS = {
  /** Facts of the machine and the status of every source. */
  target: method(z.object({}), Target),
  privileges: method(z.object({}), Privileges),
  /** The programs that cr3scope consists of and runs in, with their versions. */
  about: method(z.object({}), z.array(z.object({ name: z.string(), version: z.string() }))),
  /** Asks the user for privileges, or starts the helper again; a `privileges` event says what came of it. */
  askPrivileges: method(z.object({}), z.null()),
  /** Machines to connect to, and where ssh asks for a password; "" if it can't. */
  hosts: method(
    z.object({}),
    z.object({ recent: z.array(z.string()), configured: z.array(z.string()), asks: z.string() }),
  ),
  /**
   * Connects to another machine, which is then shown: by the desktop in a window of its own; else to a page that greets with
   * its name. Fails with ENOHELPER and a question for the user if the helper had to be copied there.
   */
  connect: method(z.object({ host: z.string().max(255), mayCopy: z.boolean(), privileges: z.boolean() }), z.null()),
  /** The captures that were opened last, and whether they are still there. */
  captures: method(z.object({}), z.object({ recent: z.array(z.object({ path: z.string(), missing: z.boolean() })) })),
  /** The path of the capture that the user chooses in a dialog of the desktop; "" if they choose none. */
  chooseCapture: method(z.object({}), z.string()),
  /** Adds a chunk to a file that the page sends; the file's path after the last one, else "". */
  upload: method(
    z.object({
      id: checkId,
      name: z.string().max(255),
      bytes: u8s.refine((a) => a.length <= MOST_CHUNK, 'too many bytes'),
      last: z.boolean(),
    }),
    z.string(),
  ),
  /**
   * Opens a capture in a file of the machine that cr3scope runs on: the desktop in a window of its own, and then answers "";
   * else it answers the name that a page greets with to be shown it.
   */
  openCapture: method(z.object({ path: z.string().min(1).max(MOST_TEXT) }), z.string()),
  processes: method(z.object({}), Processes),
  regions: method(z.object(space), Regions),
  /** Cross-checked pages, at most MOST_ROWS at a time. */
  rows: method(
    z.object({ ...space, vas: u64s.refine((a) => a.length <= MOST_ROWS, `at most ${MOST_ROWS} pages at a time`) }),
    Rows,
  ),
  translate: method(z.object({ ...space, va: u64 }), Translation),
  page: method(z.object({ ...space, va: u64 }), PageReading),
  /** Where the host has a physical address of a virtual machine; `shift` is that of the guest's page. */
  hostWalk: method(z.object({ pa: u64, shift: z.union([z.literal(12), z.literal(21), z.literal(30)]) }), HostWalk),
  frame: method(z.object({ pfn: u64.max(PFN_END - 1n) }), Frame),
  frames: method(z.object({ pfn: u64.max(PFN_END - 1n), count: z.number().int().min(1).max(MOST_FRAMES) }), Frames),
  /**
   * Who maps a frame. `pid` is named first of those that share an address space (0: any). `again`, or a walk that is some
   * seconds old, has them all walked first.
   */
  owners: method(z.object({ pid: pid.or(z.literal(0)), pfn: u64.max(PFN_END - 1n), again: z.boolean() }), Owners),
  /** What a process shares with another one. */
  shared: method(z.object({ ...space, other: pid, otherStart: u64 }), Shared),
  cpus: method(z.object({}), Cpus),
  /**
   * Samples the pages of [begin, end) each `intervalMs`, or with 0 once and then when `sampleWatch` asks; what changes
   * comes as `watch` events.
   */
  startWatch: method(
    z.object({ id: checkId, ...space, begin: u64, end: u64, intervalMs: z.number().int().min(0).max(3_600_000) }),
    z.null(),
  ),
  /**
   * Starts a program and follows it. Without arguments it attaches to a process and its descendants; without a process, too,
   * it follows all processes of the machine. Sends `trace` events. What is traced continues to run afterwards.
   */
  startTrace: method(
    z.object({
      id: checkId,
      arguments: z.array(z.string().max(MOST_TEXT)).max(256),
      pid: z.number().int().min(0).max(0x7fffffff),
      directory: z.string().max(MOST_TEXT),
      user: z.string().max(64),
      /** "NAME=value", besides those of cr3scope. */
      environment: z
        .array(
          z
            .string()
            .regex(/^[^=\0]+=[^\0]*$/)
            .max(MOST_TEXT),
        )
        .max(256),
      /** Also after the first exec, with all descendants. */
      follow: z.boolean(),
    }),
    z.null(),
  ),
  /** Starts a lab, at its first step. */
  startLab: method(z.object({ id: checkId, name: z.enum(LAB_NAMES) }), LabStep),
  /** Goes on to its next step. */
  nextLab: method(z.object({ id: checkId }), LabStep),
  endLab: method(z.object({ id: checkId }), z.boolean()),
  /** False if no such watch runs. */
  sampleWatch: method(z.object({ id: checkId }), z.boolean()),
  /** A type of the kernel by its name in C ("struct page"), and all that it consists of; without types if there is none. */
  layout: method(z.object({ name: typeName }), TypeSlice),
  /** Names of the kernel's types that begin so, at most MOST_NAMES, the shortest first. */
  typeNames: method(z.object({ start: typeName }), z.array(z.string())),
  tables: method(z.object(space), TableTree),
  /** Frames [begin, end) in at most `cells` cells, each of a power of two frames; `flags` of kpageflags are counted. `again` walks every address space anew. */
  memory: method(
    z.object({
      begin: u64.max(PFN_END),
      end: u64.max(PFN_END),
      cells: z.number().int().min(1).max(MOST_CELLS),
      flags: u64,
      again: z.boolean(),
    }),
    MemoryMap,
  ),
  /** Frames [begin, end), at most MOST_LISTED. */
  listFrames: method(z.object({ begin: u64.max(PFN_END), end: u64.max(PFN_END) }), FrameList),
  /**
   * Starts a check of the regions within [begin, end); its progress comes as `check` events. The caller chooses the id.
   * `bytes` compares the bytes of the mapped pages, too, which reads the process's memory and sets accessed bits.
   */
  startCheck: method(z.object({ id: checkId, ...space, begin: u64, end: u64, bytes: z.boolean() }), z.null()),
  /** Starts a search of what a process maps, or of physical memory (PID 0); hits come as `search` events. */
  startSearch: method(
    z.object({ id: checkId, pid: z.number().int().min(0).max(0x7fffffff), ...pattern, limit: u64 }),
    z.null(),
  ),
  /** The next hit in physical memory from an address on, or with `back` the last one before it; null if there is none. */
  findNext: method(z.object({ id: checkId, ...pattern, from: u64, back: z.boolean() }), u64.nullable()),
  /** The rows of one of the last finished checks. */
  checkRows: method(z.object({ id: checkId }), CheckRows),
  /**
   * Starts to write a file for the window to fetch. `export` events report the progress and where the file is. With the id
   * of a finished check it holds what that found, unless it is a capture; else a process, or every one (PID 0), is read
   * anew, every page.
   */
  startExport: method(
    z.object({
      id: checkId,
      check: z.string().max(64),
      pid: z.number().int().min(0).max(0x7fffffff),
      startTicks: u64,
      format: z.enum(Object.keys(FORMATS) as FileFormat[]),
      frames: z.enum(FRAMES_KEPT),
      notes,
    }),
    z.null(),
  ),
  /** Begins to record the traces and watches that begin from now on, into a capture. */
  startRecording: method(z.object({ id: checkId }), z.null()),
  /** Where the recording is; `problem` says why it ends early, "" if it does not. */
  stopRecording: method(z.object({ id: checkId, notes }), Download.extend({ problem: z.string() })),
  /** Cancels a check, search, watch, trace or export; false if none runs under that id. */
  cancel: method(z.object({ id: checkId }), z.boolean()),
  /** Captures a process, or every one (PID 0), to compare with; the caller chooses the id. */
  takeSnapshot: method(
    z.object({ id: checkId, pid: z.number().int().min(0).max(0x7fffffff), startTicks: u64 }),
    Snapshot,
  ),
  /** What changed from one snapshot to another, or to now ("") for the same processes. */
  compare: method(z.object({ before: checkId, after: z.string().max(64) }), Comparison),
  /** A capture in a file of the machine that cr3scope runs on, to compare with. */
  openSnapshot: method(z.object({ id: checkId, path: z.string().min(1).max(MOST_TEXT) }), Snapshot),
  /** Writes all differences of the last comparison into a file for the window to fetch. */
  exportComparison: method(z.object({ format: z.enum(COMPARISON_FORMATS) }), Download),
  dropSnapshot: method(z.object({ id: checkId }), z.boolean()),
  /** Shows a file in its folder: of the desktop, and only one that this window has saved. */
  showSaved: method(z.object({ path: z.string().min(1).max(MOST_TEXT) }), z.null()),
} as const;

export type Method = keyof typeof METHODS;
export type Args<M extends Method> = z.infer<(typeof METHODS)[M]['args']>;
export type Result<M extends Method> = z.infer<(typeof METHODS)[M]['result']>;
export type Api = { [M in Method]: (args: Args<M>) => Promise<Result<M>> };

/** What the explorer sends without a request. */
export interface Events {
  check: CheckEvent;
  search: SearchEvent;
  export: ExportEvent;
  watch: WatchEvent;
  trace: TraceEvent;
  /** They came, or went. */
  privileges: Privileges;
  /** The desktop has saved what was offered at `path`; `file` is null if the user did not want it, or it failed. */
  saved: { path: string; file: string | null };
  /** A link (link.ts) was opened outside the window. */
  visit: { link: string };
  /** One of commands.ts was chosen in the desktop's menu. */
  command: { name: string };
}

/** Whether an event only reports progress, so that it may be left out if another one follows. */
export function isProgress<E extends keyof Events>(event: E, payload: Events[E]): boolean {
  if (event === 'search') {
    const { end, address } = payload as SearchEvent;
    return end === null && address.length === 0;
  }
  return (event === 'check' || event === 'export') && (payload as CheckEvent | ExportEvent).end === null;
}

/** The user interface's end of a transport. */
export interface Client {
  call<M extends Method>(method: M, args: Args<M>): Promise<Result<M>>;
  /** Returns what ends the subscription. */
  on<E extends keyof Events>(event: E, listener: (payload: Events[E]) => void): () => void;
}

/** A failed call: `message` says what, `remedy` what to do. */
export interface Failure {
  message: string;
  code: string;
  remedy: string;
}
