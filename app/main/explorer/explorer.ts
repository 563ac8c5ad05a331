// The explorer: everything cr3scope can tell, as plain TypeScript over the sources. Knows no Electron, no HTTP, no argv.
import {
  type Api,
  type Args,
  type CheckEvent,
  type Events,
  type Evidence,
  type Failure,
  METHODS,
  type Method,
  MOST_WATCHED,
  REPORT_FORMATS,
  type Runs,
  type Target,
  TRACE_KINDS,
  type Traced,
  type WatchEvent,
} from '../../contract/api.ts';
import { isCanonical, mapsFrame, physicalAddress } from '../../contract/paging.ts';
import { ENTRY_KINDS } from '../../contract/verdicts.ts';
import { Documents, type Written } from '../capture/documents.ts';
import { Snapshots } from '../capture/snapshots.ts';
import type { CheckBatch, Launch, SearchBatch, SearchSummary, TraceEvent, WatchBatch } from '../sources/addon.d.ts';
import { Failed } from '../sources/failed.ts';
import type { Sources } from '../sources/sources.ts';
import { Lab } from './lab.ts';
import type { CheckRecord } from './report.ts';
import { compareSpaces } from './shared.ts';
import { nodeOf, startOf } from './system.ts';

/** Runs and evidence that a check keeps in memory; more are counted and dropped, the counts stay exact. */
const MOST_RUNS = 200_000;
const MOST_EVIDENCE = 10_000;
const EVERY_HIT = 1n << 62n;
/** Finished checks that are kept for reports. */
const MOST_CHECKS = 8;

const NOTHING_WATCHED: Pick<WatchEvent, 'rows' | 'flags' | 'counts'> = {
  rows: {
    va: new BigUint64Array(),
    pagemap: new BigUint64Array(),
    kernel: new BigUint64Array(),
    entry: new BigUint64Array(),
    pfn: new BigUint64Array(),
    level: new Uint8Array(),
    shift: new Uint8Array(),
    kind: new Uint8Array(),
    status: new Uint8Array(),
    verdict: new Uint8Array(),
    note: new Uint8Array(),
  },
  flags: new BigUint64Array(),
  counts: new BigUint64Array(),
};

/** How a job that failed ends, as its listeners are told. */
function failedEnd(error: unknown): { error: Failure } {
  const { message, code, remedy } = Failed.from(error);
  return { error: { message, code, remedy } };
}

/** Work whose promise is true when it ended by itself, false where it was cancelled. */
interface Ending {
  promise: Promise<boolean>;
  cancel(): void;
}

function ending(job: { promise: Promise<void>; cancel(): void }): Ending {
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

type Listener = <E extends keyof Events>(event: E, payload: Events[E]) => void;

function concatRuns(parts: Runs[]): Runs {
  const length = parts.reduce((n, p) => n + p.va.length, 0);
  const runs: Runs = {
    va: new BigUint64Array(length),
    pages: new BigUint64Array(length),
    pagemap: new BigUint64Array(length),
    kernel: new BigUint64Array(length),
    entry: new BigUint64Array(length),
    verdict: new Uint8Array(length),
    note: new Uint8Array(length),
  };
  let at = 0;
  for (const part of parts) {
    for (const key of ['va', 'pages', 'pagemap', 'kernel', 'entry'] as const) runs[key].set(part[key], at);
    for (const key of ['verdict', 'note'] as const) runs[key].set(part[key], at);
    at += part.va.length;
  }
  return runs;
}

export class Explorer implements Api {
  private readonly listeners = new Set<Listener>();
  private readonly checks = new Map<string, CheckRecord>();
  private readonly running = new Map<string, () => void>();
  private readonly snapshots = new Snapshots(this);
  private readonly documents = new Documents(this);
  private readonly watches = new Map<string, () => void>();
  private readonly labs = new Map<string, Lab>();

  constructor(
    readonly sources: Sources,
    private readonly notices: readonly string[] = [],
    /** Of native/labs/labs.c; without it there are no labs. */
    private readonly labsProgram = '',
  ) {}

  /** Whether a transport may have programs started: whoever holds it is then as mighty as cr3scope, not only as curious. */
  mayLaunch = false;

  /** Subscribes to events; returns what ends the subscription. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A call from a transport: unknown arguments in, checked result out. */
  async call(method: string, args: unknown): Promise<unknown> {
    if (!Object.hasOwn(METHODS, method)) throw new Failed(`no such method: ${method}`, 'Update the user interface.');
    const name = method as Method;
    const checked = METHODS[name].args.parse(args);
    if (name === 'startTrace' && !this.mayLaunch && (checked as Args<'startTrace'>).arguments.length)
      throw new Failed(
        'this browser may not start programs',
        'Start it with `cr3scope serve --launch`, or use `cr3scope trace` in a terminal; attaching works as it is.',
        'EPERM',
      );
    return (this[name] as (a: unknown) => Promise<unknown>)(checked);
  }

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
      user: Array.from(list.uid, (uid) => this.sources.userName(uid)),
    };
    if (!roots) return result;
    for (let i = 0; i < n; i++) {
      const r = rootOf.get(list.pid[i] as number);
      // The PID may be another process by now: only the same start time is the same process.
      if (r === undefined || roots.startTicks[r] !== list.startTicks[i]) continue;
      const root = roots.rootPa[r] as bigint;
      result.rootPa[i] = root;
      result.userRootPa[i] = root && this.sources.target.pti ? root | 0x1000n : 0n;
      result.borrowedPa[i] = roots.borrowedPa[r] as bigint;
      result.space[i] = roots.space[r] as bigint;
      result.onCpu[i] = roots.onCpu[r] as number;
      result.cpu[i] = roots.cpu[r] as number;
    }
    return result;
  };

  regions: Api['regions'] = ({ pid }) => this.sources.regions(pid);

  rows: Api['rows'] = ({ pid, startTicks, vas }) => this.sources.rows(pid, startTicks, vas);

  translate: Api['translate'] = async ({ pid, startTicks, va }) => {
    const { levels } = this.sources.target;
    if (!isCanonical(va, levels))
      throw new Failed(
        `0x${va.toString(16)} is not a canonical address with ${levels} levels of tables`,
        `Bits ${levels === 5 ? 56 : 47} to 63 must all be equal.`,
      );
    return this.sources.translate(pid, startTicks, va);
  };

  frame: Api['frame'] = async ({ pfn }) => {
    const { bytes, status, role, flags, count, cgroup } = await this.sources.frames(BigUint64Array.of(pfn));
    const known = (word: bigint | undefined) => (word === undefined || word === (1n << 64n) - 1n ? null : word);
    return {
      pfn,
      status: status[0] as number,
      bytes: status[0] === 0 ? bytes : new Uint8Array(),
      role: role[0] as number,
      flags: known(flags[0]),
      count: known(count[0]),
      cgroup: known(cgroup[0]),
      cgroupPath: this.sources.cgroupPath(known(cgroup[0]) ?? 0n),
      node: nodeOf(pfn, this.sources.facts),
    };
  };

  frames: Api['frames'] = async ({ pfn, count }) => {
    const { bytes, status } = await this.sources.frames(
      BigUint64Array.from({ length: count }, (_, i) => pfn + BigInt(i)),
    );
    return { pfn, bytes, status };
  };

  shared: Api['shared'] = ({ pid, startTicks, other, otherStart }) =>
    compareSpaces(this.sources, { pid, startTicks }, { pid: other, startTicks: otherStart });

  cpus: Api['cpus'] = async () => {
    const cpus = await this.sources.cpus();
    const roots = await this.sources.roots();
    const owner = (root: bigint) => {
      const at = root && roots ? roots.rootPa.indexOf(root) : -1;
      return at < 0 ? 0 : (roots?.pid[at] as number);
    };
    return {
      ...cpus,
      registers: this.sources.status.some((s) => s.name === 'kernelWalk' && s.ready),
      at: cpus.at ?? Date.now(),
      owner: Uint32Array.from(cpus.rootPa, owner),
    };
  };

  startWatch: Api['startWatch'] = async ({ id, pid, startTicks, begin, end, intervalMs }) => {
    if (this.running.has(id)) throw new Failed(`watch ${id} exists`, 'Choose another id.', 'EEXIST');
    let reached = { ns: 0n, samples: 0n };
    const record = this.documents.recorded;
    const job = this.watch(pid, startTicks, begin, end, intervalMs, (batch) => {
      const place = { pid, begin: begin & ~4095n, end: (end + 4095n) & ~4095n };
      if (batch.rows.va.length) record((recorder) => recorder.addWatch(place, batch));
      reached = { ns: batch.ns, samples: batch.samples };
      this.emit('watch', { ...batch, id, end: null });
    });
    const last = (ended: NonNullable<WatchEvent['end']>) =>
      this.emit('watch', { id, ...reached, initial: false, ...NOTHING_WATCHED, end: ended });
    this.running.set(id, job.cancel);
    this.watches.set(id, job.sample);
    job.promise
      .then((gone) => last({ gone }))
      .catch((error: unknown) => {
        last(failedEnd(error));
      })
      .finally(() => {
        this.running.delete(id);
        this.watches.delete(id);
      });
    return null;
  };

  sampleWatch: Api['sampleWatch'] = async ({ id }) => {
    const sample = this.watches.get(id);
    sample?.();
    return sample !== undefined;
  };

  cancelWatch: Api['cancelWatch'] = (args) => this.cancelCheck(args);

  startTrace: Api['startTrace'] = async ({ id, pid, follow, ...launch }) => {
    if (this.running.has(id)) throw new Failed(`trace ${id} exists`, 'Choose another id.', 'EEXIST');
    const record = this.documents.recorded;
    const onEvents = (events: Traced[]) => {
      record((recorder) => recorder.addTrace(events));
      this.emit('trace', { id, events, end: null });
    };
    const job =
      launch.arguments.length || pid
        ? this.trace({ ...launch, quiet: true }, pid, follow, onEvents) // a window has no terminal to give
        : this.traceMachine(onEvents);
    this.running.set(id, job.cancel);
    job.promise
      .then((ended) => this.emit('trace', { id, events: [], end: { cancelled: !ended } }))
      .catch((error: unknown) => {
        this.emit('trace', { id, events: [], end: failedEnd(error) });
      })
      .finally(() => this.running.delete(id));
    return null;
  };

  cancelTrace: Api['cancelTrace'] = (args) => this.cancelCheck(args);

  /** Launches or attaches; resolves to true when all ended by itself, to false where it was cancelled. */
  trace(launch: Launch, pid: number, follow: boolean, onEvents: (events: Traced[]) => void): Ending {
    if (launch.arguments.length === 0 && pid < 1)
      throw new Failed('neither a program nor a process is given', 'Give a command line, or the PID to attach to.');
    const own = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
    const given = new Set(launch.environment.map((entry) => entry.split('=')[0]));
    const environment = [...own.filter((entry) => !given.has(entry.split('=')[0])), ...launch.environment];
    return ending(this.sources.trace({ ...launch, environment }, pid, follow, (events) => onEvents(traced(events))));
  }

  /** Tells each exec, fork and exit of the machine until it is cancelled, by the scheduler's tracepoints. */
  traceMachine(onEvents: (events: Traced[]) => void): Ending {
    return ending(this.sources.traceMachine((events) => onEvents(traced(events))));
  }

  /**
   * Watches pages until it is cancelled, resolving to false, or until their process is gone, resolving to true. Samples
   * each `intervalMs`, or with 0 at first and when asked by `sample`.
   */
  watch(
    pid: number,
    startTicks: bigint,
    begin: bigint,
    end: bigint,
    intervalMs: number,
    onBatch: (batch: WatchBatch) => void,
  ): Ending & { sample(): void } {
    const from = begin & ~4095n;
    const pages = (end - from + 4095n) >> 12n;
    if (pages < 1n || pages > BigInt(MOST_WATCHED))
      throw new Failed(`${pages} pages can’t be watched at once`, `Choose a range of 1 to ${MOST_WATCHED} pages.`);
    const until = from + (pages << 12n);
    if (until > 1n << BigInt(this.sources.target.virtualBits - 1))
      throw new Failed(`0x${end.toString(16)} is no user address`, 'Only the user half can be watched.');
    if (intervalMs > 0 && intervalMs < 5)
      throw new Failed(`${intervalMs} ms are too short an interval`, 'Give at least 5 ms, or 0 to sample when asked.');
    const job = this.sources.watch(pid, startTicks, from, until, BigInt(intervalMs) * 1_000_000n, onBatch);
    return { ...ending(job), sample: () => job.sample() };
  }

  startLab: Api['startLab'] = async ({ id, name }) => {
    if (this.running.has(id)) throw new Failed(`lab ${id} exists`, 'Choose another id.', 'EEXIST');
    const lab = new Lab(this.labsProgram, name);
    this.labs.set(id, lab);
    this.running.set(id, () => {
      lab.end();
      this.labs.delete(id);
      this.running.delete(id);
    });
    return this.nextLab({ id });
  };

  nextLab: Api['nextLab'] = async ({ id }) => {
    const lab = this.labs.get(id);
    if (!lab) throw new Failed(`lab ${id} does not run`, 'Start it again.', 'ENOENT');
    try {
      const at = await lab.next();
      if (!at) this.running.get(id)?.();
      const pages = (at?.pages ?? []).map(async ({ label, pid, va }) => {
        const startTicks = await startOf(pid);
        const page = { label, pid, startTicks, va, translation: null, error: '', flags: null, count: null };
        try {
          const translation = await this.translate({ pid, startTicks, va });
          const { leaf } = translation.path;
          if (!mapsFrame(ENTRY_KINDS[leaf.kind])) return { ...page, translation };
          const { flags, count } = await this.frame({ pfn: physicalAddress(va, leaf) >> 12n });
          return { ...page, translation, flags, count };
        } catch (error) {
          return { ...page, error: Failed.from(error).message };
        }
      });
      return { name: lab.name, step: at?.step ?? null, pages: await Promise.all(pages) };
    } catch (error) {
      this.running.get(id)?.();
      throw error;
    }
  };

  endLab: Api['endLab'] = (args) => this.cancelCheck(args);

  tables: Api['tables'] = ({ pid, startTicks }) => this.sources.tables(pid, startTicks);

  memory: Api['memory'] = async ({ begin, end, cells, flags, again }) => {
    if (begin >= end) throw new Failed('the range of frames is empty', 'Give its begin before its end.');
    return this.sources.memory(begin, end, cells, flags, again);
  };

  owners: Api['owners'] = async ({ pfn, again }) => {
    const owners = await this.sources.owners(pfn, again);
    const { flags, count: mapCount } = await this.frame({ pfn });
    return { ...owners, flags, mapCount };
  };

  startCheck: Api['startCheck'] = async ({ id, pid, startTicks, begin, end, bytes }) => {
    if (this.running.has(id) || this.checks.has(id))
      throw new Failed(`check ${id} exists`, 'Choose another id.', 'EEXIST');
    const done = this.check(pid, startTicks, begin, end, (event) => this.emit('check', { ...event, id }), { bytes });
    this.running.set(id, done.cancel);
    done.promise
      .then((record) => {
        this.checks.set(id, record);
        for (const old of [...this.checks.keys()].slice(0, -MOST_CHECKS)) this.checks.delete(old);
        this.emit('check', {
          id,
          done: record.summary.pages,
          total: record.summary.pages,
          counts: record.summary.counts,
          end: { summary: record.summary },
        });
      })
      .catch((error: unknown) => {
        this.emit('check', {
          id,
          done: 0n,
          total: 0n,
          counts: new BigUint64Array(7),
          end: failedEnd(error),
        });
      })
      .finally(() => this.running.delete(id));
    return null;
  };

  cancelCheck: Api['cancelCheck'] = async ({ id }) => {
    const cancel = this.running.get(id);
    cancel?.();
    return cancel !== undefined;
  };

  startSearch: Api['startSearch'] = async ({ id, pid, bytes, mask, limit }) => {
    if (this.running.has(id)) throw new Failed(`search ${id} exists`, 'Choose another id.', 'EEXIST');
    const nothing = {
      address: new BigUint64Array(),
      pa: new BigUint64Array(),
      context: new Uint8Array(),
      knownFrom: new Uint8Array(),
      knownTo: new Uint8Array(),
    };
    let reached = { done: 0n, total: 0n };
    const everything = (1n << 64n) - 1n;
    const job = this.search(pid, 0n, everything, { bytes, mask }, limit, (batch) => {
      reached = { done: batch.done, total: batch.total };
      this.emit('search', { ...batch, id, end: null });
    });
    this.running.set(id, job.cancel);
    job.promise
      .then((summary) => this.emit('search', { id, ...reached, ...nothing, end: summary }))
      .catch((error: unknown) => {
        this.emit('search', { id, ...reached, ...nothing, end: failedEnd(error) });
      })
      .finally(() => this.running.delete(id));
    return null;
  };

  findNext: Api['findNext'] = async ({ id, bytes, mask, from, back }) => {
    if (this.running.has(id)) throw new Failed(`search ${id} exists`, 'Choose another id.', 'EEXIST');
    let job: { cancel(): void } | undefined;
    let cancelled = false;
    this.running.set(id, () => {
      cancelled = true;
      job?.cancel();
    });
    // All hits that begin in [begin, end), or the first one.
    const hits = async (begin: bigint, end: bigint, limit: bigint) => {
      const found: bigint[] = [];
      if (cancelled) return found;
      const search = this.search(0, begin, end, { bytes, mask }, limit, (batch) => {
        found.push(...batch.pa);
      });
      job = search;
      await search.promise;
      return found;
    };
    try {
      const { ramEnd } = this.sources.target;
      const last = ramEnd.at(-1) ?? 0n;
      if (!back) return (await hits(from, last, 1n))[0] ?? null;
      // Backwards in windows that grow, so that a near hit costs little.
      for (let end = from, window = 1n << 20n; end > 0n && !cancelled; end -= window, window <<= 1n) {
        if (window > end) window = end;
        const found = (await hits(end - window, end, EVERY_HIT)).at(-1);
        if (found !== undefined) return found;
      }
      return null;
    } finally {
      this.running.delete(id);
    }
  };

  cancelSearch: Api['cancelSearch'] = (args) => this.cancelCheck(args);

  checkRows: Api['checkRows'] = async ({ id }) => {
    const { runs, evidence, runsDropped, evidenceDropped } = this.finished(id);
    return { runs, evidence: [...evidence], runsDropped, evidenceDropped };
  };

  startExport: Api['startExport'] = async ({ id, check, ...wanted }) => {
    if (this.running.has(id)) throw new Failed(`export ${id} exists`, 'Choose another id.', 'EEXIST');
    const { format } = wanted;
    const record = check ? this.finished(check) : undefined;
    const report = REPORT_FORMATS.find((f) => f === format);
    if (record && !report) throw new Failed(`${format} is no report of one check`, 'Leave the check out.');
    const abort = new AbortController();
    this.running.set(id, () => abort.abort());
    let at: Written = { processes: 0, of: 0, done: 0n, total: 0n };
    const onProgress = (next: Written) => {
      at = next;
      this.emit('export', { id, ...at, end: null });
    };
    const write = async () =>
      record && report
        ? this.documents.report(id, report, record)
        : this.documents.write(id, wanted, { onProgress, signal: abort.signal });
    write()
      .then((bytes) => this.emit('export', { id, ...at, end: { bytes } }))
      .catch((error: unknown) => {
        this.emit('export', { id, ...at, end: failedEnd(error) });
      })
      .finally(() => this.running.delete(id));
    return null;
  };

  startRecording: Api['startRecording'] = async ({ id }) => {
    await this.documents.record(id);
    return null;
  };

  stopRecording: Api['stopRecording'] = async ({ id }) => this.documents.endRecording(id);

  cancelExport: Api['cancelExport'] = (args) => this.cancelCheck(args);

  /** Where the file of a finished export, or of a comparison, lies; undefined where there is none. */
  exported(id: string): string | undefined {
    return this.documents.path(id) ?? this.snapshots.path(id);
  }

  takeSnapshot: Api['takeSnapshot'] = ({ id, pid, startTicks }) =>
    this.snapshots.take(id, pid ? [{ pid, startTicks }] : []);

  openSnapshot: Api['openSnapshot'] = async ({ id, path }) => this.snapshots.open(id, path);

  compare: Api['compare'] = ({ before, after }) => this.snapshots.compare(before, after);

  exportComparison: Api['exportComparison'] = async ({ id, format }) => {
    await this.snapshots.export(id, format);
    return null;
  };

  dropSnapshot: Api['dropSnapshot'] = async ({ id }) => this.snapshots.drop(id);

  /** Searches physical memory (PID 0), or the frames that a process maps, within [begin, end); ends after `limit` hits. */
  search(
    pid: number,
    begin: bigint,
    end: bigint,
    { bytes, mask }: { bytes: Uint8Array; mask: Uint8Array },
    limit: bigint,
    onBatch: (batch: SearchBatch) => void,
  ): { promise: Promise<SearchSummary>; cancel(): void } {
    return this.sources.search(pid, begin, end, bytes, mask, limit, onBatch);
  }

  /** Cancels whatever runs, and forgets all snapshots and files. */
  close(): void {
    for (const cancel of this.running.values()) cancel();
    this.snapshots.clear();
    this.documents.clear();
  }

  /**
   * Checks the regions of a process within [begin, end) and keeps what a report needs. `onBatch` sees all of it, also
   * beyond what is kept, and every page where it asks for `pages`; what it throws ends the check. `bytes` adds the byte
   * proof.
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
  ): { promise: Promise<CheckRecord>; cancel(): void } {
    const runs: Runs[] = [];
    const evidence: Evidence[] = [];
    let kept = 0;
    let runsDropped = 0n;
    let evidenceDropped = 0n;
    let failed: { error: unknown } | undefined;
    const startedAt = new Date();
    const onBatch = (batch: CheckBatch) => {
      if (failed) return;
      try {
        see?.(batch);
      } catch (error) {
        failed = { error }; // a file that takes no more: there is no use in going on
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
      evidence.push(...batch.evidence.slice(0, room));
      evidenceDropped += BigInt(Math.max(0, batch.evidence.length - room));
      onProgress({ done: batch.done, total: batch.total, counts: batch.counts, end: null });
    };
    const job = this.sources.check(pid, startTicks, begin, end, onBatch, bytes, pages);
    const before = Promise.all([
      this.regions({ pid, startTicks }).catch(() => null),
      this.processes({}),
      this.target(),
    ]);
    before.catch(() => undefined);
    const told = job.promise.finally(() => {
      if (failed) throw failed.error;
    });
    const promise = told.then(async (summary): Promise<CheckRecord> => {
      const [regions, processes, target] = await before;
      const index = processes.pid.indexOf(pid);
      return {
        pid,
        startTicks: index < 0 ? startTicks : (processes.startTicks[index] as bigint),
        name: processes.name[index] ?? '',
        user: processes.user[index] ?? '',
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

  private finished(id: string): CheckRecord {
    const record = this.checks.get(id);
    if (!record) throw new Failed(`check ${id} is not kept any more`, 'Run the check again.', 'ENOENT');
    return record;
  }

  private emit: Listener = (event, payload) => {
    for (const listener of this.listeners) listener(event, payload);
  };
}
