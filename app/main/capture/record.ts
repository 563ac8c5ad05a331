// SPDX-License-Identifier: GPL-2.0-only
// Writes captures: what the explorer reads of processes, frames and CPUs, and events over time, while it reads them.
import { createHash } from 'node:crypto';
import {
  BUCKETS,
  type CheckSummary,
  type Evidence,
  type FramesKept,
  type Note,
  type Processes,
  type Regions,
  type TableTree,
  type Target,
  type Traced,
} from '../../contract/api.ts';
import { KPF_NAMES } from '../../contract/format.ts';
import { decode, mapsFrame, pageAt, pfnOf, userRootOf } from '../../contract/paging.ts';
import { VERDICTS } from '../../contract/verdicts.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';
import type { WatchBatch } from '../sources/session.ts';
import { type ChunkOf, MOST_FRAMES_AT_ONCE, type RegionColumns } from './chunks.ts';
import { CaptureWriter } from './container.ts';
import { type Stretch, unpackStretches } from './pages.ts';

const MEMORY_CELLS = 1 << 12;
/** The most that one chunk holds of what may have any length: regions, characters of their paths, and rows. */
const REGIONS_AT_ONCE = 8192;
const PATHS_AT_ONCE = 1 << 22;
const ROWS_AT_ONCE = 1 << 14;
/** The flags that a recorded map of memory counts: all that have a name. */
const MEMORY_FLAGS = Object.keys(KPF_NAMES).reduce((flags, bit) => flags | (1n << BigInt(bit)), 0n);

export interface CaptureOptions {
  /** What to keep of the frames that processes map. */
  readonly frames: FramesKept;
  /** Compare the bytes of mapped pages with /proc/PID/mem, too. */
  readonly bytes: boolean;
  /** Only the pages in [begin, end). */
  readonly range?: { readonly begin: bigint; readonly end: bigint };
}

/** What identifies a process. */
export interface Wanted {
  readonly pid: number;
  readonly startTicks: bigint;
}

/** How far the capture of one process is, in pages. */
export interface Progress {
  readonly done: bigint;
  readonly total: bigint;
}

/** Processes written so far, and pages of the current one. */
export interface Written extends Progress {
  readonly processes: number;
  readonly of: number;
}

/** Gets the progress of a capture while it is written, and can cancel it. */
export interface Follower<T> {
  readonly onProgress?: (at: T) => void;
  readonly signal?: AbortSignal;
}

const EVERYTHING = { begin: 0n, end: 1n << 63n };

/** By which command and on which machine something is captured or checked. */
export const origin = (explorer: Explorer, target: Target) => ({
  arguments: process.argv.slice(2),
  kernelCommandLine: explorer.sources.boot.commandLine,
  cpuFeatures: explorer.sources.boot.cpuFeatures,
  capabilities: explorer.sources.target.capabilities,
  target,
});

const now = () => new Date().toISOString();
const cancelled = () => new Failed('cancelled', 'It was cancelled.', 'ECANCELED');

/** Regions in pieces that a chunk can hold; at least one. */
function* regionsAtOnce(all: Regions): Generator<Regions> {
  const { begin, path } = all;
  let from = 0;
  do {
    let to = from;
    for (let length = 0; to < begin.length && to - from < REGIONS_AT_ONCE && length < PATHS_AT_ONCE; to++)
      length += path[to]?.length ?? 0;
    yield rowsOf(all, from, to);
    from = to;
  } while (from < begin.length);
}

/** Rows [from, to) of columns. */
function rowsOf<T extends object>(columns: T, from: number, to: number): T {
  const cut = (column: unknown) =>
    Array.isArray(column) ||
    column instanceof BigUint64Array ||
    column instanceof Uint32Array ||
    column instanceof Uint8Array
      ? column.slice(from, to)
      : column;
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, cut(column)])) as T;
}

/** The columns of a summary for regions [from, to). */
const regionsOf = (s: CheckSummary, from: number, to: number): RegionColumns => {
  const width = VERDICTS.length;
  return {
    regionBegin: s.regionBegin.slice(from, to),
    regionEnd: s.regionEnd.slice(from, to),
    regionCounts: s.regionCounts.slice(from * width, to * width),
    regionBuckets: s.regionBuckets.slice(from * width * BUCKETS, to * width * BUCKETS),
  };
};

/** The first frame of each stretch of `stretches` that maps frames, and how many follow; the zero page is left out. */
function* framesOf(stretches: Iterable<Stretch>, explorer: Explorer): Generator<{ pfn: bigint; pages: bigint }> {
  const { target } = explorer.sources;
  for (const stretch of stretches) {
    const { kind } = decode(stretch.words.tableWalk, stretch.level || 1, target);
    const pfn = stretch.words.pagemap & ((1n << 55n) - 1n);
    if (!mapsFrame(kind) || pfn === target.zeroPfn || !(stretch.words.pagemap >> 63n)) continue;
    yield { pfn, pages: stretch.step === 'same' ? 1n : stretch.pages };
  }
}

export class Recorder {
  private captured = 0;
  private skipped = 0;
  private readonly kept = new Set<bigint>();
  /** Cgroups that the capture can name. */
  private readonly named = new Set<bigint>();

  private constructor(
    private readonly explorer: Explorer,
    private readonly writer: CaptureWriter,
    private readonly options: CaptureOptions,
    /** As they were when the capture began. */
    readonly processes: Processes,
  ) {}

  /** Opens the file and writes what machine, when and how the capture is made. Throws if the file exists. */
  static async begin(explorer: Explorer, path: string, force: boolean, options: CaptureOptions): Promise<Recorder> {
    if (explorer.sources.facts.capture)
      throw new Failed('a capture can’t be captured again', 'Use `cr3scope export` to convert it.');
    const writer = new CaptureWriter(path, force);
    try {
      const processes = await explorer.processes({});
      writer.append({
        kind: 'begin',
        ...origin(explorer, await explorer.target()),
        startedAt: now(),
        startNs: explorer.sources.clock(),
        options: { ...options, range: options.range ?? null },
        processes,
      });
      writer.append({ kind: 'cpus', cpus: await explorer.cpus({}) });
      return new Recorder(explorer, writer, options, processes);
    } catch (error) {
      writer.discard();
      throw error;
    }
  }

  /** Every process that has an address space. */
  get everyone(): Wanted[] {
    const { pid, startTicks, kernelThread, state } = this.processes;
    return [...pid.keys()]
      .filter((i) => !kernelThread[i] && !'ZX'.includes(String.fromCharCode(state[i] as number)))
      .map((i) => ({ pid: pid[i] as number, startTicks: startTicks[i] as bigint }));
  }

  /**
   * Captures a process: regions, every page, evidence, the upper tables. Null if it exited or can't be read; the capture
   * says so.
   */
  async addProcess(
    { pid, startTicks }: Wanted,
    { onProgress, signal }: Follower<Progress> = {},
  ): Promise<CheckSummary | null> {
    const at = this.processes.pid.indexOf(pid);
    const name = this.processes.name[at] ?? '';
    try {
      const regions = await this.explorer.regions({ pid, startTicks });
      if (regions.begin.length === 0)
        throw new Failed('it has no address space', 'Kernel threads and zombies have none.', 'ENODATA');
      const [first = regions, ...more] = regionsAtOnce(regions);
      this.writer.append({
        kind: 'process',
        pid,
        startTicks: startTicks || (this.processes.startTicks[at] ?? 0n),
        name,
        user: this.processes.user[at] ?? '',
        at: now(),
        regions: first,
      });
      for (const some of more) this.writer.append({ kind: 'regions', regions: some });
      const stretches: Uint8Array[] = [];
      const { begin, end } = this.options.range ?? EVERYTHING;
      const job = this.explorer.check(pid, startTicks, begin, end, onProgress ?? (() => undefined), {
        bytes: this.options.bytes,
        pages: true,
        onBatch: ({ pages, evidence }) => {
          if (pages.length) this.writer.append({ kind: 'pages', packed: pages });
          this.addEvidence(evidence);
          if (pages.length && this.options.frames !== 'none') stretches.push(pages);
        },
      });
      signal?.addEventListener('abort', job.cancel);
      const { summary } = await job.promise.finally(() => signal?.removeEventListener('abort', job.cancel));
      await this.addTables(pid, startTicks);
      this.addSummary(summary);
      for (const packed of stretches) await this.addFrames(unpackStretches(packed), signal);
      this.captured++;
      return summary;
    } catch (error) {
      const { code, message, isLoss } = Failed.from(error);
      // These concern the whole capture: it was cancelled, the file can't be written, the helper is gone, or the error was
      // not expected.
      if (isLoss || ['ECANCELED', 'ERROR'].includes(code) || message.startsWith(this.writer.path)) throw error;
      this.writer.append({ kind: 'skipped', pid, startTicks, name, code, message });
      this.skipped++;
      return null;
    }
  }

  /** What physical memory is used for, and by whom. */
  async addMemory(): Promise<void> {
    const { ramEnd } = this.explorer.sources.target;
    const end = pfnOf(ramEnd.at(-1) ?? 0n);
    if (end === 0n) return;
    const wanted = { begin: 0n, end, cells: MEMORY_CELLS, flags: MEMORY_FLAGS, again: true };
    this.writer.append({ kind: 'memory', map: await this.explorer.memory(wanted) });
  }

  addNotes(notes: readonly Note[]): void {
    if (notes.length) this.writer.append({ kind: 'notes', notes: [...notes] });
  }

  get path(): string {
    return this.writer.path;
  }
  /** The temporary name. */
  get partial(): string {
    return this.writer.partial;
  }

  addTrace(events: Traced[]): void {
    for (let at = 0; at < events.length; at += ROWS_AT_ONCE)
      this.writer.append({ kind: 'trace', events: events.slice(at, at + ROWS_AT_ONCE) });
  }

  addWatch(place: Pick<ChunkOf<'watch'>, 'pid' | 'begin' | 'end'>, batch: WatchBatch): void {
    const { ns, samples, initial, rows, flags, counts, records, lost, refusal } = batch;
    const startTicks = this.processes.startTicks[this.processes.pid.indexOf(place.pid)] ?? 0n;
    const kept = { ns, samples, initial, rows, flags, counts, records, lost, refusal };
    this.writer.append({ kind: 'watch', ...place, startTicks, batch: kept });
  }

  /** Gives the capture its name. */
  finish(): { digest: string; size: number; processes: number; skipped: number } {
    const [processes, skipped] = [this.captured, this.skipped];
    this.writer.append({ kind: 'end', finishedAt: now(), endNs: this.explorer.sources.clock(), processes, skipped });
    return { ...this.writer.finish(), processes, skipped };
  }

  /** Leaves what was written under the temporary name; it can be read. Returns a failure that says so. */
  leave(error: unknown): Failed {
    this.writer.leave();
    const { message, remedy, code } = Failed.from(error);
    const left = `What was captured until then is in ${this.writer.partial}.`;
    return code === 'ECANCELED'
      ? new Failed(`${this.writer.path} was not finished`, left, code)
      : new Failed(message, `${remedy} ${left}`.trim(), code);
  }

  discard(): void {
    this.writer.discard();
  }

  private addEvidence(evidence: Evidence[]): void {
    for (let at = 0; at < evidence.length; at += ROWS_AT_ONCE)
      this.writer.append({ kind: 'evidence', evidence: evidence.slice(at, at + ROWS_AT_ONCE) });
  }

  private addSummary(summary: CheckSummary): void {
    const { length } = summary.regionBegin;
    let at = 0;
    for (; at + REGIONS_AT_ONCE < length; at += REGIONS_AT_ONCE)
      this.writer.append({ kind: 'checkedRegions', regions: regionsOf(summary, at, at + REGIONS_AT_ONCE) });
    this.writer.append({ kind: 'checked', summary: { ...summary, ...regionsOf(summary, at, length) } });
  }

  private addTree(tree: TableTree): void {
    const { mapped } = tree;
    for (let at = 0; at === 0 || at < tree.level.length; at += ROWS_AT_ONCE)
      this.writer.append({ kind: 'tree', tree: { ...rowsOf(tree, at, at + ROWS_AT_ONCE), mapped } });
  }

  /** The tables above PTE; a process that has exited has none. */
  private async addTables(pid: number, startTicks: bigint): Promise<void> {
    const { sources } = this.explorer;
    try {
      const tree = await sources.tables(pid, startTicks);
      this.addTree(tree);
      const upper = [...tree.level.keys()].filter((i) => (tree.level[i] as number) > 1 && tree.status[i] === 0);
      const pfns = upper.map((i) => pfnOf(tree.pa[i] as bigint));
      // Under PTI the user root is the frame after the root.
      if (sources.target.pti) pfns.push(pfnOf(userRootOf(tree.rootPa)));
      for (let at = 0; at < pfns.length; at += MOST_FRAMES_AT_ONCE) {
        const some = BigUint64Array.from(pfns.slice(at, at + MOST_FRAMES_AT_ONCE));
        const { bytes, status } = await sources.frames(some);
        const read = [...some.keys()].filter((i) => status[i] === 0);
        this.writer.append({
          kind: 'tables',
          tree: null,
          pfn: BigUint64Array.from(read, (i) => some[i] as bigint),
          bytes: Buffer.concat(read.map((i) => pageAt(bytes, i))),
        });
      }
    } catch (error) {
      if (Failed.from(error).code !== 'ESRCH') throw error;
    }
  }

  private async addFrames(stretches: Iterable<Stretch>, signal?: AbortSignal): Promise<void> {
    let waiting: bigint[] = [];
    for (const { pfn, pages } of framesOf(stretches, this.explorer))
      for (let k = 0n; k < pages; k++) {
        if (this.kept.has(pfn + k)) continue; // shared with an earlier process
        this.kept.add(pfn + k);
        waiting.push(pfn + k);
        if (waiting.length < MOST_FRAMES_AT_ONCE) continue;
        if (signal?.aborted) throw cancelled();
        await this.writeFrames(waiting);
        waiting = [];
      }
    if (waiting.length) await this.writeFrames(waiting);
  }

  private async writeFrames(pfns: bigint[]): Promise<void> {
    const contents = this.options.frames === 'digests' ? 'digests' : 'bytes';
    const pfn = BigUint64Array.from(pfns);
    const { bytes, status, role, flags, count, cgroup } = await this.explorer.sources.frames(pfn);
    const digest = (i: number) =>
      status[i] === 0 ? createHash('sha256').update(pageAt(bytes, i)).digest() : Buffer.alloc(32);
    const data = contents === 'bytes' ? bytes : Buffer.concat(pfns.map((_, i) => digest(i)));
    const cgroups: { inode: bigint; path: string }[] = [];
    for (const inode of new Set(cgroup)) {
      const path = this.named.has(inode) ? null : await this.explorer.sources.cgroupPath(inode);
      this.named.add(inode);
      if (path !== null) cgroups.push({ inode, path });
    }
    this.writer.append({ kind: 'frames', contents, pfn, status, role, flags, count, cgroup, cgroups, data });
  }
}

export interface CaptureRequest extends Partial<CaptureOptions> {
  readonly force?: boolean;
  /** Also capture the map of physical memory. */
  readonly memory?: boolean;
  /** What the user has noted. */
  readonly notes?: readonly Note[];
  /** If it fails or is cancelled, leave what was captured under the temporary name. */
  readonly keep?: boolean;
}

export interface Captured {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly processes: number;
  readonly skipped: number;
  readonly summaries: readonly CheckSummary[];
}

/** Captures processes into a file: those wanted, or every one that has an address space. */
export async function captureProcesses(
  explorer: Explorer,
  path: string,
  wanted: readonly Wanted[] | 'all',
  {
    force = false,
    memory = false,
    keep = false,
    frames = 'none',
    bytes = false,
    range,
    notes = [],
  }: CaptureRequest = {},
  { onProgress, signal }: Follower<Written> = {},
): Promise<Captured> {
  const recorder = await Recorder.begin(explorer, path, force, { frames, bytes, ...(range && { range }) });
  try {
    const list = wanted === 'all' ? recorder.everyone : wanted;
    const summaries: CheckSummary[] = [];
    for (const [processes, one] of list.entries()) {
      if (signal?.aborted) throw cancelled();
      const summary = await recorder.addProcess(one, {
        ...(signal && { signal }),
        onProgress: ({ done, total }) => onProgress?.({ done, total, processes, of: list.length }),
      });
      if (summary) summaries.push(summary);
    }
    if (memory) await recorder.addMemory();
    recorder.addNotes(notes);
    return { ...recorder.finish(), summaries };
  } catch (error) {
    if (keep) throw recorder.leave(error);
    recorder.discard();
    throw error;
  }
}
