// SPDX-License-Identifier: GPL-2.0-only
// The explorer: everything cr3scope can read, as plain TypeScript over the sources. It keeps nothing between two calls and
// does not depend on job ids, events, files, Electron, HTTP or argv.
import {
  type Api,
  CAUSE_HOWS,
  type CheckEvent,
  type CheckSummary,
  type Evidence,
  type Frame,
  type Method,
  MOST_LISTED,
  MOST_NAMES,
  MOST_WATCHED,
  type Owners,
  type Regions,
  type Runs,
  type SearchSummary,
  type Target,
  TRACE_KINDS,
  type Traced,
} from '../../contract/api.ts';
import { NO_ROOT, reasonOf } from '../../contract/noRoot.ts';
import { isCanonical, pagesBetween, pfnOf, physicalAddress, userRootOf, wholePages } from '../../contract/paging.ts';
import { ROLE } from '../../contract/roles.ts';
import { bySource, SOURCES } from '../../contract/sources.ts';
import { Failed } from '../sources/failed.ts';
import { nodeOf } from '../sources/nodes.ts';
import type {
  CheckBatch,
  Launch,
  SearchBatch,
  SourceFrames,
  SourceProcesses,
  TraceEvent,
  WatchBatch,
} from '../sources/session.ts';
import type { Sources } from '../sources/sources.ts';
import { compareSpaces } from './shared.ts';

/** The methods of the contract that only read and return the answer itself. */
const READS = [
  'target',
  'processes',
  'regions',
  'rows',
  'translate',
  'page',
  'frame',
  'frames',
  'owners',
  'shared',
  'cpus',
  'tables',
  'memory',
  'listFrames',
  'layout',
  'typeNames',
] as const satisfies Method[];
export type Reads = Pick<Api, (typeof READS)[number]>;

export const isRead = (name: Method): name is keyof Reads => (READS as readonly Method[]).includes(name);

/** Runs and evidence that a check keeps in memory; more are dropped but counted. */
const MOST_RUNS = 200_000;
const MOST_EVIDENCE = 10_000;

const ABSENT = ROLE.code('absent');

/** A reverse map that is older than this, in ns, and than OLD_WALKS walks of it, does not answer any more: all is walked again. */
const OLD_NS = 5_000_000_000n;
const OLD_WALKS = 20n;
const isOld = ({ ageNs, tookNs }: Pick<Owners, 'ageNs' | 'tookNs'>): boolean =>
  ageNs > OLD_NS && ageNs > OLD_WALKS * tookNs;

/** CAP_SYS_PTRACE and CAP_SYS_ADMIN: with them the memory of other users' processes, and frames, can be read. */
const READS_OTHERS = (1n << 19n) | (1n << 21n);

/** What a program of another user inherits of our environment: language, time zone and terminal. The core sets the rest. */
const KEPT_FOR_USERS = /^(LANG|LANGUAGE|LC_\w+|TZ|TERM|COLORTERM|NO_COLOR|DISPLAY)$/;

/** What is known of a finished check. */
export interface CheckRecord {
  readonly pid: number;
  readonly startTicks: bigint;
  readonly name: string;
  readonly user: string;
  readonly target: Target;
  readonly regions: Regions | null;
  readonly summary: CheckSummary;
  readonly runs: Runs;
  readonly evidence: readonly Evidence[];
  readonly runsDropped: bigint;
  readonly evidenceDropped: bigint;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

/** Seconds that a check took, by the monotonic clock. */
export const checkSeconds = ({ beginNs, endNs }: Pick<CheckSummary, 'beginNs' | 'endNs'>): number =>
  Number(endNs - beginNs) / 1e9;

/** What can be seen of the causes of changes. */
export interface Causes {
  readonly kinds: readonly { kind: string; how: (typeof CAUSE_HOWS)[number]; detail: string }[];
  /** Why programs can't run at functions of the kernel; "" where they can. */
  readonly functionsRefusal: string;
}

/** Work in progress. */
export interface Job<T> {
  readonly promise: Promise<T>;
  cancel(): void;
}

/** A watch or a trace. The promise resolves to true if it ended by itself, to false if it was cancelled. */
export type Observation = Job<boolean>;

function observation(job: Job<unknown>): Observation {
  const promise = job.promise.then(
    () => true,
    (error: unknown) => {
      if (Failed.from(error).code === 'ECANCELED') return false;
      throw error;
    },
  );
  return { promise, cancel: () => job.cancel() };
}

const traced = (events: TraceEvent[]): Traced[] =>
  events.map((event) => ({ ...event, kind: TRACE_KINDS[event.kind] ?? 'start' }));

function concatRuns(parts: Runs[]): Runs {
  const length = parts.reduce((n, p) => n + p.va.length, 0);
  const runs: Runs = {
    va: new BigUint64Array(length),
    pages: new BigUint64Array(length),
    words: bySource(() => new BigUint64Array(length)),
    verdict: new Uint8Array(length),
    note: new Uint8Array(length),
  };
  let at = 0;
  for (const part of parts) {
    for (const key of ['va', 'pages'] as const) runs[key].set(part[key], at);
    for (const name of SOURCES) runs.words[name].set(part.words[name], at);
    for (const key of ['verdict', 'note'] as const) runs[key].set(part[key], at);
    at += part.va.length;
  }
  return runs;
}

/** Bytes to look for; a mask byte of 0 matches any byte. */
interface Pattern {
  readonly bytes: Uint8Array;
  readonly mask: Uint8Array;
}

export class Explorer implements Reads {
  /** `sources` are replaced when privileges come (machine.ts). */
  constructor(
    public sources: Sources,
    private readonly notices: readonly string[] = [],
  ) {}

  async target(): Promise<Target> {
    const { facts } = this.sources;
    return { ...facts, notices: [...facts.notices, ...this.notices] };
  }

  processes: Api['processes'] = async () => {
    const [list, roots] = await Promise.all([this.sources.processes(), this.sources.roots()]);
    const n = list.pid.length;
    const rootOf = new Map<number, number>();
    for (const [i, pid] of roots?.pid.entries() ?? []) rootOf.set(pid, i);
    const result = {
      ...list,
      onCpu: new Uint8Array(n),
      cpu: new Uint32Array(n),
      rootPa: new BigUint64Array(n),
      userRootPa: new BigUint64Array(n),
      borrowedPa: new BigUint64Array(n),
      space: new BigUint64Array(n),
      noRoot: list.noRoot ?? new Uint8Array(n),
      user: Array.from(list.uid, (uid) => this.sources.userName(uid)),
    };
    for (let i = 0; i < n; i++) {
      const r = rootOf.get(list.pid[i] as number);
      // The PID may belong to another process by now. PID and start time together identify a process.
      const found = roots && r !== undefined && roots.startTicks[r] === list.startTicks[i];
      if (!list.noRoot && !(found && roots.rootPa[r])) result.noRoot[i] = this.whyNoRoot(list, i, roots !== null);
      if (!found) continue;
      const root = roots.rootPa[r] as bigint;
      result.rootPa[i] = root;
      result.userRootPa[i] = root && this.sources.target.pti ? userRootOf(root) : 0n;
      result.borrowedPa[i] = roots.borrowedPa[r] as bigint;
      result.space[i] = roots.space[r] as bigint;
      result.onCpu[i] = roots.onCpu[r] as number;
      result.cpu[i] = roots.cpu[r] as number;
    }
    return result;
  };

  /** Why no root of row `i` is known. */
  private whyNoRoot(list: SourceProcesses, i: number, hasSource: boolean): number {
    const own = reasonOf({
      kernelThread: list.kernelThread[i] === 1,
      state: String.fromCharCode(list.state[i] as number),
      threads: list.threads[i] as number,
    });
    if (own) return NO_ROOT.code(own);
    if (hasSource) return NO_ROOT.code('hidden');
    const { uid, target } = this.sources;
    if ((target.capabilities & READS_OTHERS) === READS_OTHERS) return NO_ROOT.code('noSource');
    return NO_ROOT.code(list.uid[i] === uid ? 'noPrivileges' : 'otherUser');
  }

  regions: Api['regions'] = ({ pid }) => this.sources.regions(pid);

  rows: Api['rows'] = ({ pid, startTicks, vas }) => this.sources.rows(pid, startTicks, vas);

  translate: Api['translate'] = async ({ pid, startTicks, va }) => {
    this.refuseOdd(va);
    return this.sources.translate(pid, startTicks, va);
  };

  page: Api['page'] = async ({ pid, startTicks, va }) => {
    this.refuseOdd(va);
    const { translation, frame, settled } = await this.sources.page(pid, startTicks, va);
    const { leaf } = translation.path;
    return { translation, frame: frame && (await this.frameOf(pfnOf(physicalAddress(va, leaf)), frame)), settled };
  };

  private refuseOdd(va: bigint): void {
    const { levels } = this.sources.target;
    if (!isCanonical(va, levels))
      throw new Failed(
        `0x${va.toString(16)} is not a canonical address with ${levels} levels of tables`,
        `Bits ${levels === 5 ? 56 : 47} to 63 must all be equal.`,
      );
  }

  frame: Api['frame'] = async ({ pfn }) => this.frameOf(pfn, await this.sources.frames(BigUint64Array.of(pfn)));

  private async frameOf(pfn: bigint, { bytes, status, role, flags, count, cgroup }: SourceFrames): Promise<Frame> {
    const known = (word: bigint | undefined) => (word === undefined || word === (1n << 64n) - 1n ? null : word);
    return {
      pfn,
      status: status[0] as number,
      bytes: status[0] === 0 ? bytes : new Uint8Array(),
      role: role[0] as number,
      flags: known(flags[0]),
      count: known(count[0]),
      cgroup: known(cgroup[0]),
      cgroupPath: await this.sources.cgroupPath(known(cgroup[0]) ?? 0n),
      // A zone also spans the holes between its frames.
      node: role[0] === ABSENT ? null : nodeOf(pfn, this.sources.facts),
    };
  }

  frames: Api['frames'] = async ({ pfn, count }) => {
    const { bytes, status } = await this.sources.frames(
      BigUint64Array.from({ length: count }, (_, i) => pfn + BigInt(i)),
    );
    return { pfn, bytes, status };
  };

  shared: Api['shared'] = ({ pid, startTicks, other, otherStart }) =>
    compareSpaces(this.sources, { pid, startTicks }, { pid: other, startTicks: otherStart });

  cpus: Api['cpus'] = async () => {
    const [cpus, roots] = await Promise.all([this.sources.cpus(), this.sources.roots()]);
    const owner = (root: bigint) => {
      const at = root && roots ? roots.rootPa.indexOf(root) : -1;
      return at < 0 ? 0 : (roots?.pid[at] as number);
    };
    return {
      ...cpus,
      registers: cpus.cr3.some((cr3) => cr3 !== 0n),
      at: cpus.at ?? Date.now(),
      owner: Uint32Array.from(cpus.rootPa, owner),
    };
  };

  /** Starts a program, or attaches to a process. */
  trace(launch: Launch, pid: number, follow: boolean, onEvents: (events: Traced[]) => void): Observation {
    if (launch.arguments.length === 0 && pid < 1)
      throw new Failed('neither a program nor a process is given', 'Give a command line, or the PID to attach to.');
    const own = Object.entries(process.env)
      .filter(([name]) => !launch.user || KEPT_FOR_USERS.test(name))
      .map(([name, value]) => `${name}=${value}`);
    const given = new Set(launch.environment.map((entry) => entry.split('=')[0]));
    const environment = [...own.filter((entry) => !given.has(entry.split('=')[0])), ...launch.environment];
    return observation(
      this.sources.trace({ ...launch, environment }, pid, follow, (events) => onEvents(traced(events))),
    );
  }

  /** Reports each exec, fork and exit of the machine until it is cancelled, through the scheduler's tracepoints. */
  traceMachine(onEvents: (events: Traced[]) => void): Observation {
    return observation(this.sources.traceMachine((events) => onEvents(traced(events))));
  }

  /**
   * Watches pages until it is cancelled or their process is gone. Takes a sample every `intervalMs`; with 0, at the start
   * and when `sample` is called.
   */
  watch(
    pid: number,
    startTicks: bigint,
    begin: bigint,
    end: bigint,
    intervalMs: number,
    onBatch: (batch: WatchBatch) => void,
  ): Observation & { sample(): void } {
    const { begin: from, end: until } = wholePages(begin, end);
    const pages = pagesBetween(from, until);
    if (pages < 1n || pages > BigInt(MOST_WATCHED))
      throw new Failed(`${pages} pages can’t be watched at once`, `Choose a range of 1 to ${MOST_WATCHED} pages.`);
    if (until > 1n << BigInt(this.sources.target.virtualBits - 1))
      throw new Failed(`0x${end.toString(16)} is not a user address`, 'Only the user half can be watched.');
    if (intervalMs > 0 && intervalMs < 5)
      throw new Failed(
        `an interval of ${intervalMs} ms is too short`,
        'Give at least 5 ms, or 0 to sample when asked.',
      );
    const job = this.sources.watch(pid, startTicks, from, until, BigInt(intervalMs) * 1_000_000n, onBatch);
    return { ...observation(job), sample: () => job.sample() };
  }

  /** Which causes of changes can be seen on this machine, and why not the others. */
  async causes(): Promise<Causes> {
    const { name, how, detail, functionsRefusal } = await this.sources.causes();
    const kinds = name.map((kind, i) => ({
      kind,
      how: CAUSE_HOWS[how[i] as number] ?? 'inferred',
      detail: detail[i] as string,
    }));
    return { kinds, functionsRefusal };
  }

  tables: Api['tables'] = ({ pid, startTicks }) => this.sources.tables(pid, startTicks);

  memory: Api['memory'] = async ({ begin, end, cells, flags, again }) => {
    if (begin >= end) throw new Failed('the range of frames is empty', 'Give a begin that is below the end.');
    return this.sources.memory(begin, end, cells, flags, again);
  };

  listFrames: Api['listFrames'] = async ({ begin, end }) => {
    if (begin >= end || end - begin > MOST_LISTED)
      throw new Failed(
        `${end - begin} frames can’t be listed at a time`,
        `Give a range of 1 to ${MOST_LISTED} frames.`,
      );
    return { begin, ...(await this.sources.listFrames(begin, end)) };
  };

  layout: Api['layout'] = ({ name }) => this.sources.layout(name);

  typeNames: Api['typeNames'] = ({ start }) => this.sources.typeNames(start, MOST_NAMES);

  owners: Api['owners'] = async ({ pfn, pid: asked, again }) => {
    const [kept, { flags, count: mapCount }, roots] = await Promise.all([
      this.sources.owners(pfn, again),
      this.frame({ pfn }),
      this.sources.roots(),
    ]);
    const owners = isOld(kept) ? await this.sources.owners(pfn, true) : kept;
    const pid = owners.pid.slice();
    const startTicks = owners.startTicks.slice();
    const sharers = Array.from(owners.pid, (owner, i) => {
      const root = roots?.rootPa[roots.pid.indexOf(owner)];
      if (!roots || !root) return [];
      const all = Array.from(roots.pid).filter((_, k) => roots.rootPa[k] === root);
      if (all.includes(asked)) {
        pid[i] = asked;
        startTicks[i] = roots.startTicks[roots.pid.indexOf(asked)] as bigint;
      }
      return all.filter((other) => other !== pid[i]);
    });
    return { ...owners, pid, startTicks, sharers, flags, mapCount };
  };

  /** Searches physical memory (PID 0), or the frames that a process maps, within [begin, end); ends after `limit` hits. */
  search(
    pid: number,
    begin: bigint,
    end: bigint,
    { bytes, mask }: Pattern,
    limit: bigint,
    onBatch: (batch: SearchBatch) => void,
  ): Job<SearchSummary> {
    return this.sources.search(pid, begin, end, bytes, mask, limit, onBatch);
  }

  /**
   * The next hit in physical memory from an address on, or with `back` the last one before it; null if there is none or the
   * search was cancelled.
   */
  findNext({ bytes, mask }: Pattern, from: bigint, back: boolean): Job<bigint | null> {
    const { ramEnd } = this.sources.target;
    const [begin, end] = back ? [0n, from] : [from, ramEnd.at(-1) ?? 0n];
    let found: bigint | undefined;
    const take = (batch: SearchBatch) => {
      found ??= batch.pa[0];
    };
    const { promise, cancel } = this.sources.search(0, begin, end, bytes, mask, 1n, take, back);
    const result = promise.then(
      () => found ?? null,
      (error: unknown) => {
        if (Failed.from(error).code === 'ECANCELED') return null;
        throw error;
      },
    );
    return { promise: result, cancel };
  }

  /**
   * Checks the regions of a process within [begin, end) and keeps the runs and the evidence. `onBatch` gets all of them,
   * also those beyond what is kept; with `pages` it gets every page, packed. If it throws, the check ends. `bytes` adds the
   * byte proof.
   */
  check(
    pid: number,
    startTicks: bigint,
    begin: bigint,
    end: bigint,
    onProgress: (event: Omit<CheckEvent, 'id'>) => void,
    {
      bytes = false,
      pages = false,
      onBatch: see,
    }: { bytes?: boolean; pages?: boolean; onBatch?: (batch: CheckBatch) => void } = {},
  ): Job<CheckRecord> {
    const runs: Runs[] = [];
    const evidence: Evidence[] = [];
    let kept = 0;
    let runsDropped = 0n;
    let evidenceDropped = 0n;
    let failed: { error: unknown } | undefined;
    const startedAt = new Date();
    const onBatch = (batch: CheckBatch) => {
      if (failed) return;
      const { done, total, counts, waiting } = batch;
      if (waiting) return onProgress({ done, total, counts, waiting, end: null });
      try {
        see?.(batch);
      } catch (error) {
        failed = { error }; // the file can't take more, so the check ends
        job.cancel();
      }
      const n = batch.runs.va.length;
      if (kept + n <= MOST_RUNS) {
        runs.push(batch.runs);
        kept += n;
      } else {
        runsDropped += BigInt(n);
      }
      const room = Math.max(0, MOST_EVIDENCE - evidence.length);
      for (const one of batch.evidence.slice(0, room)) evidence.push(one);
      evidenceDropped += BigInt(Math.max(0, batch.evidence.length - room));
      onProgress({ done, total, counts, waiting, end: null });
    };
    const job = this.sources.check(pid, startTicks, begin, end, onBatch, bytes, pages);
    const before = Promise.all([
      this.regions({ pid, startTicks }).catch(() => null),
      this.sources.processes(pid),
      this.target(),
    ]);
    before.catch(() => undefined);
    const checked = job.promise.finally(() => {
      if (failed) throw failed.error;
    });
    const promise = checked.then(async (summary): Promise<CheckRecord> => {
      const [regions, processes, target] = await before;
      const at = processes.pid.indexOf(pid);
      return {
        pid,
        startTicks: processes.startTicks[at] ?? startTicks,
        name: processes.name[at] ?? '',
        user: at < 0 ? '' : this.sources.userName(processes.uid[at] as number),
        target,
        regions,
        summary,
        runs: concatRuns(runs),
        evidence,
        runsDropped,
        evidenceDropped,
        startedAt,
        finishedAt: new Date(),
      };
    });
    return { promise, cancel: () => job.cancel() };
  }
}
