// SPDX-License-Identifier: GPL-2.0-only
// The interface between the explorer and the sources. It has two implementations: a session on a running machine, and a
// capture of what such a session read before (capture/captured.ts). Nothing above depends on which one it is.
import type {
  CheckSummary,
  MemoryMap,
  Processes,
  Regions,
  Rows,
  SearchSummary,
  SourceStatus,
  TableTree,
  Target,
  Translation,
} from '../../contract/api.ts';
import { SHOWN_SOURCES, SOURCE, type SourceName, type Words } from '../../contract/sources.ts';
import type { TypeSlice } from '../../contract/types.ts';
import { VERSION } from '../version.ts';
import { addonCarrier, type Carrier, type ImageFile } from './carrier.ts';
import type { Failed } from './failed.ts';
import { parseZones } from './nodes.ts';
import type {
  CheckBatch,
  Hello,
  Launch,
  Refusal,
  SearchBatch,
  SourceCauses,
  SourceCgroups,
  SourceCpus,
  SourceFrameList,
  SourceFrames,
  SourceOwners,
  SourcePage,
  SourceProcesses,
  SourceRoots,
  SourceTarget,
  SourceTypeNames,
  TraceBatch,
  TraceEvent,
  WatchBatch,
} from './session.ts';

/** Work that goes on until it ends or is cancelled; then it rejects with an Error of code ECANCELED. */
export interface Work<T> {
  readonly promise: Promise<T>;
  cancel(): void;
}

/** Rejections are Errors with code ("ESRCH") and remedy. A start time of 0 takes whatever process has the PID now. */
export interface Sources {
  readonly target: SourceTarget;
  /** The machine as the contract describes it. */
  readonly facts: Target;
  readonly status: readonly SourceStatus[];
  /** What else names the running kernel and its CPU. */
  readonly boot: { readonly commandLine: string; readonly cpuFeatures: string };
  /** The machine's CLOCK_MONOTONIC now, or a little earlier: by as long as an answer takes to come here. */
  clock(): bigint;
  userName(uid: number): string;
  /** The user who reads. */
  readonly uid: number;
  /** The path of a memory cgroup by its inode; null if there is none, or it is gone. */
  cgroupPath(inode: bigint): Promise<string | null>;
  /** Registers are 0 if the module is not loaded. `at` is in ms since the epoch; undefined: now. */
  cpus(): Promise<SourceCpus & { at?: number }>;
  /** All of them, or the one with a PID if there is such a process. A capture also has why it holds no root of one. */
  processes(pid?: number): Promise<SourceProcesses & { noRoot?: Processes['noRoot'] }>;
  /** Null if no source can read roots. */
  roots(): Promise<SourceRoots | null>;
  regions(pid: number): Promise<Regions>;
  rows(pid: number, startTicks: bigint, vas: BigUint64Array): Promise<Rows>;
  translate(pid: number, startTicks: bigint, va: bigint): Promise<Translation>;
  /** The translation, and the frame that it leads to. */
  page(pid: number, startTicks: bigint, va: bigint): Promise<SourcePage>;
  frames(pfns: BigUint64Array): Promise<SourceFrames>;
  owners(pfn: bigint, again: boolean): Promise<SourceOwners>;
  tables(pid: number, startTicks: bigint): Promise<TableTree>;
  listFrames(begin: bigint, end: bigint): Promise<SourceFrameList>;
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
  ): Work<SearchSummary>;
  /** A type of the kernel by its name, with all that it consists of; without types if there is none. */
  layout(name: string): Promise<TypeSlice>;
  /** Names of types of the kernel that begin so, at most `most`. */
  typeNames(start: string, most: number): Promise<string[]>;
  /** Which causes of changes can be seen here: attaches the programs for a moment. */
  causes(): Promise<SourceCauses>;
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
  ): Work<unknown> & { sample(): void };
  /** Launches a program, or attaches to `pid` where there are no arguments. */
  trace(launch: Launch, pid: number, follow: boolean, onEvents: (events: TraceEvent[]) => void): Work<unknown>;
  /** All processes, by the scheduler's tracepoints; ends only when cancelled. */
  traceMachine(onEvents: (events: TraceEvent[]) => void): Work<unknown>;
  check(
    pid: number,
    startTicks: bigint,
    begin: bigint,
    end: bigint,
    onBatch: (batch: CheckBatch) => void,
    bytes?: boolean,
    pages?: boolean,
  ): Work<CheckSummary>;
}

const HIDDEN: Refusal = {
  message: 'pagemap hides frame numbers from this user (they read 0)',
  remedy: 'Run as root: this needs CAP_SYS_ADMIN in the initial user namespace.',
  code: 'EPERM',
};

/** The status of a source that may be missing. `how` replaces its meaning, if more is known. */
function status(name: SourceName, refusal: Refusal | null, how?: string): SourceStatus {
  const { label, meaning } = SOURCE.word(name);
  if (!refusal) return { name, label, ready: true, detail: how ?? meaning, remedy: '' };
  return { name, label, ready: false, detail: refusal.message, remedy: refusal.remedy };
}

/** Opens the sources of this machine, or of an image, through the addon at `path`. */
export const openSources = async (path: string, image?: ImageFile): Promise<Sources> =>
  sourcesOf(addonCarrier(path, image), image);

const nameOf = ({ path, vm }: ImageFile) => (vm ? `virtual machine of QEMU ${vm.pid}` : path);

/** Sources that don't exist, for `reason`. */
export const absentSources = (reason: Failed): Sources =>
  new Proxy({} as Sources, {
    get() {
      throw reason;
    },
  });

/** Opens the sources at the other end of a carrier; `image` if it reads one. */
export async function sourcesOf(carrier: Carrier, image?: ImageFile): Promise<Sources> {
  // The answers are what native/calls describes: session.ts types them.
  const call = <T>(name: string, ...args: unknown[]) => carrier.call(name, args) as Promise<T>;
  const start = <T, B>(name: string, args: unknown[], onBatch: (batch: B) => void) => {
    const { promise, cancel, ask } = carrier.start(name, args, onBatch as (batch: unknown) => void);
    return { promise: promise as Promise<T>, cancel, ask };
  };
  const { facts, target, directMap, directMapFrom, refusals } = await call<Hello>('hello');
  const ahead = facts.ns - process.hrtime.bigint();
  const missing: Words<Refusal | null> = { ...refusals, pagemap: refusals.pagemap ?? (target.zeroPfn ? null : HIDDEN) };
  // What this kind of target can't have is not missing.
  const has = (name: SourceName) => missing[name]?.code !== 'EOPNOTSUPP';
  const reader = !has('pagemap') ? 'from the image' : missing.kernelWalk ? 'by bpf' : 'by the module';
  const at = directMapFrom && `; direct map at 0x${directMap.toString(16)} (${directMapFrom})`;
  const how: Partial<Words<string>> = { tableWalk: `${SOURCE.meaning('tableWalk')}, read ${reader}${at}` };
  const sources = SHOWN_SOURCES.filter(has).map((name) => status(name, missing[name], how[name]));
  const { capabilities: _, btf: __, ...shown } = target;
  const { bootId, hostname, cpus, memoryBytes, commandLine, cpuFeatures, zones } = facts;
  const users = new Map(Array.from(facts.uid, (uid, i) => [uid, facts.user[i] as string]));
  let cgroups = new Map<bigint, string>();
  return {
    target,
    facts: {
      ...shown,
      ...parseZones(zones),
      bootId,
      hostname,
      cpus,
      memoryBytes,
      directMap,
      directMapFrom,
      sources,
      capture: null,
      image: image
        ? {
            name: nameOf(image),
            runs: image.vm !== undefined && !image.vm.frozen,
            onHost: image.vm !== undefined,
            findings: facts.findings,
          }
        : null,
      notices: [],
      version: VERSION,
    },
    status: sources,
    boot: { commandLine, cpuFeatures },
    clock: () => process.hrtime.bigint() + ahead,
    userName: (uid) => users.get(uid) ?? String(uid),
    uid: facts.readerUid,
    async cgroupPath(inode) {
      if (inode !== 0n && !cgroups.has(inode)) {
        const all = await call<SourceCgroups>('cgroups');
        cgroups = new Map(Array.from(all.inode, (at, i) => [at, all.path[i] as string]));
      }
      return cgroups.get(inode) ?? null;
    },
    processes: (pid = 0) => call('processes', pid),
    roots: async () => (missing.tableWalk === null ? call('roots') : null),
    cpus: () => call('cpus'),
    regions: (pid) => call('regions', pid),
    rows: (pid, startTicks, vas) => call('rows', pid, startTicks, vas),
    translate: (pid, startTicks, va) => call('translate', pid, startTicks, va),
    page: (pid, startTicks, va) => call('page', pid, startTicks, va),
    frames: (pfns) => call('frames', pfns),
    owners: (pfn, again) => call('owners', pfn, again),
    tables: (pid, startTicks) => call('tables', pid, startTicks),
    memory: (begin, end, cells, flags, again) => call('memory', begin, end, cells, flags, again),
    listFrames: (begin, end) => call('listFrames', begin, end),
    layout: (name) => call('layout', new TextEncoder().encode(name)),
    typeNames: async (start, most) =>
      (await call<SourceTypeNames>('typeNames', new TextEncoder().encode(start), most)).name,
    causes: () => call('causes'),
    watch(pid, startTicks, begin, end, intervalNs, onBatch) {
      const { ask, ...work } = start('watch', [pid, startTicks, begin, end, intervalNs], onBatch);
      return { ...work, sample: ask };
    },
    trace(launch, pid, follow, onEvents) {
      const onBatch = ({ events }: TraceBatch) => onEvents(events);
      return launch.arguments.length ? carrier.launch(launch, follow, onBatch) : start('trace', [pid, follow], onBatch);
    },
    traceMachine: (onEvents) => start('traceMachine', [], ({ events }: TraceBatch) => onEvents(events)),
    search: (pid, begin, end, bytes, mask, limit, onBatch, back = false) =>
      start('search', [pid, begin, end, bytes, mask, limit, back], onBatch),
    check: (pid, startTicks, begin, end, onBatch, bytes = false, pages = false) =>
      start('check', [pid, startTicks, begin, end, bytes, pages], onBatch),
  };
}
