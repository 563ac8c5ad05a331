// SPDX-License-Identifier: GPL-2.0-only
// A capture as sources: everything above reads it as it reads a machine.
import {
  blankRows,
  type CheckSummary,
  type Cpus,
  type Evidence,
  type MemoryMap,
  MOST_NOTES,
  type Note,
  type Path,
  type Regions,
  type Rows,
  type Runs,
  type TableTree,
  TRACE_KINDS,
  type Traced,
  type Translation,
} from '../../contract/api.ts';
import { bitsOf } from '../../contract/format.ts';
import {
  accessOf,
  decode,
  ENTRY_BYTES,
  type Entry,
  mapsFrame,
  PAGE_BYTES,
  PAGE_SIZE,
  pageAt,
  pageBytes,
  pageOf,
  paOf,
  pfnOf,
  physicalAddress,
  TABLE_ENTRIES,
  tableIndex,
  userRootOf,
} from '../../contract/paging.ts';
import { ROLE, ROLES } from '../../contract/roles.ts';
import { bySource, SOURCES } from '../../contract/sources.ts';
import { ENTRY_KIND, ENTRY_KINDS, FRAME_STATUS, NOTE, VERDICT } from '../../contract/verdicts.ts';
import { Failed } from '../sources/failed.ts';
import type { CheckBatch, SourceFrames, SourceOwners, SourceTarget, WatchBatch } from '../sources/session.ts';
import type { Sources } from '../sources/sources.ts';
import { turn } from '../turn.ts';
import type { Chunk, ChunkOf, RegionColumns } from './chunks.ts';
import { CaptureReader, type ChunkPlace, TOO_MUCH } from './container.ts';
import { FrameIndex } from './frame-index.ts';
import { CapturedPages, countStretches, STRETCHES_AT_ONCE, type Stretch, sameWords, wordsAt } from './pages.ts';
import { lastInPieces, type Piece, searchPieces } from './search.ts';

const UNKNOWN = (1n << 64n) - 1n;
const NOT_RAM = FRAME_STATUS.code('notRam');
const NOT_CAPTURED = FRAME_STATUS.code('notCaptured');
const NOT_COMPARABLE = VERDICT.code('notComparable');
const AGREE = VERDICT.code('agree');
export const NO_REGIONS: Regions = {
  begin: new BigUint64Array(),
  end: new BigUint64Array(),
  offset: new BigUint64Array(),
  inode: new BigUint64Array(),
  permissions: [],
  path: [],
};
/** Owners of one frame that are listed. The zero page has millions. */
const MOST_OWNERS = 1 << 16;
const EVIDENCE_AT_ONCE = 1000;
const EVENTS_AT_ONCE = 10_000;
/** Bytes of a frame number in an index, which is there twice while it is sorted. */
const PER_FRAME = 16;
/** Bytes of a capture that are read before other work may run. */
const BYTES_AT_ONCE = 1 << 22;

/** An address space of the capture. */
export interface CapturedSpace {
  readonly pid: number;
  readonly startTicks: bigint;
  readonly name: string;
  readonly user: string;
  readonly at: string;
  readonly regions: Regions;
  readonly pages: CapturedPages;
  readonly evidence: Evidence[];
  /** The tables above the pages. */
  readonly upper: FrameIndex<ChunkOf<'tables'>>;
  readonly tree?: TableTree;
  /** Without the columns of regions, which `fullSummary` reads. Undefined if the capture ended before the check did. */
  readonly summary?: Omit<CheckSummary, keyof RegionColumns>;
  readonly fullSummary: () => CheckSummary | undefined;
}

/** The contents of a capture, as far as it can be trusted. What is large stays in the file until it is needed. */
export interface CaptureContents {
  readonly path: string;
  readonly begin: ChunkOf<'begin'>;
  readonly spaces: readonly CapturedSpace[];
  readonly skipped: readonly ChunkOf<'skipped'>[];
  readonly frames: FrameIndex<ChunkOf<'frames'>>;
  /** Paths by inode. */
  readonly cgroups: ReadonlyMap<bigint, string>;
  readonly memory: ChunkOf<'memory'> | undefined;
  readonly cpus: Cpus | undefined;
  readonly traced: readonly Traced[];
  readonly watches: readonly ChunkOf<'watch'>[];
  readonly notes: readonly Note[];
  /** Kinds of chunks that this version does not know. */
  readonly unknown: readonly string[];
  readonly end: ChunkOf<'end'> | undefined;
  readonly digest: string;
  readonly bytes: number;
  /** Why it is not complete; undefined if it is. */
  readonly problem: Failed | undefined;
  /** Closes the file; what is still in it can't be read afterwards. Otherwise the garbage collector closes it. */
  close(): void;
}

/** Reads a capture up to its end, or up to where it can't be trusted. Throws if the file is not a capture. */
export function readCapture(path: string): CaptureContents {
  const reading = reads(path);
  for (;;) {
    const { done, value } = reading.next();
    if (done) return value;
  }
}

/** The same, while other work may run. */
export async function openCapture(path: string, signal?: AbortSignal): Promise<CaptureContents> {
  const reading = reads(path);
  try {
    for (let since = 0; ; ) {
      const { done, value } = reading.next();
      if (done) return value;
      since += value;
      if (since < BYTES_AT_ONCE) continue;
      since = 0;
      await turn();
      if (signal?.aborted) throw new Failed('cancelled', 'It was cancelled.', 'ECANCELED');
    }
  } finally {
    reading.return(undefined as never);
  }
}

/** Reads a capture, and yields the bytes that were read since the last time. */
function* reads(path: string): Generator<number, CaptureContents> {
  const reader = new CaptureReader(path);
  let done = false;
  try {
    const builder = new Builder(reader);
    for (let chunk = reader.next(); chunk; chunk = reader.next()) {
      builder.take(chunk);
      if (reader.problem) break;
      yield reader.last?.length ?? 0;
    }
    const contents = builder.finish();
    done = true;
    return contents;
  } finally {
    if (!done) reader.close();
  }
}

/** A space while its chunks are read. */
interface Growing extends Omit<CapturedSpace, 'regions' | 'tree' | 'summary' | 'fullSummary'> {
  regions: Regions[];
  trees: TableTree[];
  summary?: CheckSummary;
  /** The chunks with the columns of regions of its summary. */
  parts: ChunkPlace[];
}

/** Builds the contents from the chunks. */
class Builder {
  private begin: ChunkOf<'begin'> | undefined;
  private readonly growing: Growing[] = [];
  private readonly skipped: ChunkOf<'skipped'>[] = [];
  private readonly frames: FrameIndex<ChunkOf<'frames'>>;
  private readonly cgroups = new Map<bigint, string>();
  private readonly traced: Traced[] = [];
  private readonly watches: ChunkOf<'watch'>[] = [];
  private readonly notes: Note[] = [];
  private readonly unknown = new Set<string>();
  private memory: ChunkOf<'memory'> | undefined;
  private cpus: Cpus | undefined;
  private end: ChunkOf<'end'> | undefined;

  constructor(private readonly reader: CaptureReader) {
    this.frames = new FrameIndex((place) => reader.again(place) as ChunkOf<'frames'>);
  }

  take(chunk: Chunk): void {
    const { budget, last } = this.reader;
    if (!last) return;
    const { place, length, values } = last;
    const space = this.growing.at(-1);
    /** What stays in the file costs only its place. */
    const keep = (bytes = length, count = values) => budget.keep(bytes, count);
    const fits = ((): boolean => {
      switch (chunk.kind) {
        case 'begin':
          this.begin = chunk;
          return keep();
        case 'process':
          this.growing.push({
            ...chunk,
            regions: [chunk.regions],
            trees: [],
            parts: [],
            pages: new CapturedPages(),
            evidence: [],
            upper: new FrameIndex((at) => this.reader.again(at) as ChunkOf<'tables'>),
          });
          return keep();
        case 'regions': {
          const before = space?.regions.at(-1)?.end.at(-1) ?? 0n;
          if ((chunk.regions.begin[0] ?? before) < before) {
            this.reader.refuse('is malformed');
            return true;
          }
          space?.regions.push(chunk.regions);
          return keep();
        }
        case 'pages':
          space?.pages.add(chunk.packed);
          return keep() && budget.visit(countStretches(chunk.packed));
        case 'evidence':
          for (const one of chunk.evidence) space?.evidence.push(one);
          return keep();
        case 'tree':
          space?.trees.push(chunk.tree);
          return keep();
        case 'tables':
          // In version 1 each has the complete tree.
          if (space && chunk.tree && !space.trees.length) {
            space.trees.push(chunk.tree);
            keep();
          }
          return (space?.upper.add(chunk.pfn, place) ?? true) && keep(chunk.pfn.length * PER_FRAME, 0);
        case 'checkedRegions':
          space?.parts.push(place);
          return keep(0, 0);
        case 'checked':
          if (space) {
            space.parts.push(place);
            space.summary = { ...chunk.summary, ...NO_REGION_COLUMNS };
          }
          // The bytes of differences are views that keep the complete chunk in memory.
          return keep(chunk.summary.proof?.differences.length ? length : 0);
        case 'skipped':
          this.skipped.push(chunk);
          return keep();
        case 'frames':
          for (const { inode, path } of chunk.cgroups) this.cgroups.set(inode, path);
          return this.frames.add(chunk.pfn, place) && keep(chunk.pfn.length * PER_FRAME, values);
        case 'memory':
          this.memory = chunk;
          return keep();
        case 'cpus':
          this.cpus = chunk.cpus;
          return keep();
        case 'trace':
          for (const event of chunk.events) this.traced.push(event);
          return keep();
        case 'watch':
          this.watches.push(chunk);
          return keep();
        case 'notes':
          for (const note of chunk.notes) this.notes.push(note);
          return keep();
        case 'unknown':
          this.unknown.add(chunk.name);
          return budget.keep(chunk.name.length, 1);
        case 'end':
          this.end = chunk;
          return true;
      }
    })();
    if (!fits) this.reader.refuse(TOO_MUCH);
  }

  finish(): CaptureContents {
    const { reader, begin, frames, skipped, cgroups, memory, cpus, traced, watches, notes, unknown, end } = this;
    const { path, digest, problem, bytesRead: bytes } = reader;
    if (!begin) throw problem ?? new Failed(`${path} is empty`, 'Capture again.', 'ENODATA');
    const spaces = this.growing.map(({ regions, trees, parts, ...space }): CapturedSpace => {
      const tree = joinColumns(trees);
      return {
        ...space,
        regions: joinColumns(regions) ?? NO_REGIONS,
        ...(tree && { tree: { ...tree, mapped: trees[0]?.mapped ?? tree.mapped } }),
        fullSummary: () => space.summary && { ...space.summary, ...regionColumns(reader, parts) },
      };
    });
    const close = () => reader.close();
    // Nothing is left in the file that may be needed.
    if (!frames.size && spaces.every((s) => !s.upper.size && !s.summary)) close();
    return {
      path,
      begin,
      spaces,
      skipped,
      frames,
      cgroups,
      memory,
      cpus,
      traced,
      watches,
      notes,
      unknown: [...unknown],
      end,
      digest,
      bytes,
      problem,
      close,
    };
  }
}

const NO_REGION_COLUMNS: RegionColumns = {
  regionBegin: new BigUint64Array(),
  regionEnd: new BigUint64Array(),
  regionCounts: new BigUint64Array(),
  regionBuckets: new Uint32Array(),
};

/** The columns of regions of a summary, from the file. */
function regionColumns(reader: CaptureReader, parts: readonly ChunkPlace[]): RegionColumns {
  const columns = parts.map((place): RegionColumns => {
    const chunk = reader.again(place);
    const from = chunk.kind === 'checked' ? chunk.summary : (chunk as ChunkOf<'checkedRegions'>).regions;
    const { regionBegin, regionEnd, regionCounts, regionBuckets } = from;
    return { regionBegin, regionEnd, regionCounts, regionBuckets };
  });
  return joinColumns(columns) ?? NO_REGION_COLUMNS;
}

/** Joins tables of the same columns; other values are taken from the first. Undefined if there are none. */
function joinColumns<T extends object>(tables: readonly T[]): T | undefined {
  const [first] = tables;
  if (!first || tables.length === 1) return first;
  const join = (name: string, column: unknown) => {
    const parts = tables.map((t) => (t as Record<string, unknown>)[name] as ArrayLike<never>);
    if (Array.isArray(column)) return (parts as never[][]).flat();
    if (!ArrayBuffer.isView(column)) return column;
    const joined = new (column.constructor as new (n: number) => Uint8Array)(parts.reduce((n, c) => n + c.length, 0));
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  };
  return Object.fromEntries(Object.entries(first).map(([name, column]) => [name, join(name, column)])) as T;
}

const missing = (what: string, remedy: string, code = 'ENODATA') => new Failed(what, remedy, code);

/** A table above the pages, by its frame. */
function tableOf(space: CapturedSpace, pfn: bigint): Uint8Array | undefined {
  const found = space.upper.get(pfn);
  return found && pageAt(found.chunk.bytes, found.index);
}

/** The raw entries of an address by the captured tables, and what the last one means. */
function walkCaptured(target: SourceTarget, space: CapturedSpace, rootPa: bigint, va: bigint): Path {
  const table = new BigUint64Array(6);
  const entry = new BigUint64Array(6);
  let last = 0;
  let at = rootPa;
  const done = (leaf: Entry, status: number): Path => ({
    status,
    last,
    table,
    entry,
    leaf: { ...leaf, kind: ENTRY_KIND.code(leaf.kind) },
  });
  const nothing = decode(0n, 1, target);
  for (let level = target.levels; level > 1; level--) {
    const bytes = tableOf(space, pfnOf(at));
    if (!bytes) return done(nothing, NOT_CAPTURED);
    const raw = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(tableIndex(va, level) * ENTRY_BYTES, true);
    table[level] = at;
    entry[level] = raw;
    last = level;
    const decoded = decode(raw, level, target);
    if (decoded.kind !== 'table') return done(decoded, 0);
    at = paOf(decoded.pfn);
  }
  const found = space.pages.find(va);
  if (found?.stretch.level !== 1) return done(nothing, NOT_CAPTURED);
  table[1] = at;
  entry[1] = wordsAt(found.stretch, found.page).tableWalk;
  last = 1;
  return done(decode(entry[1], 1, target), 0);
}

/**
 * A PTE table as the check read it, from the entries of its pages. All others were 0, because a check also records each entry
 * outside the regions.
 */
function pteTable(space: CapturedSpace, va: bigint): Uint8Array {
  const entries = new BigUint64Array(TABLE_ENTRIES);
  for (let i = 0; i < TABLE_ENTRIES; ) {
    const found = space.pages.find(va + pageBytes(BigInt(i)));
    if (!found) {
      i++;
      continue;
    }
    const { stretch, page } = found;
    const end = Math.min(TABLE_ENTRIES, i + Number(stretch.pages - page));
    for (let k = page; i < end; i++, k++) if (stretch.level === 1) entries[i] = wordsAt(stretch, k).tableWalk;
  }
  return new Uint8Array(entries.buffer);
}

/** One row for each page, as Checker::rows() of native/core/check.cc gives them. */
function rowsOf(target: SourceTarget, space: CapturedSpace, vas: ArrayLike<bigint>): Rows {
  const rows: Rows = { ...blankRows(vas.length), va: BigUint64Array.from(vas, pageOf) };
  rows.va.forEach((va, i) => {
    const found = space.pages.find(va);
    if (!found) {
      rows.verdict[i] = NOT_COMPARABLE;
      rows.note[i] = NOTE.code('notCaptured');
      return;
    }
    const { stretch, page } = found;
    const words = wordsAt(stretch, page);
    const level = stretch.level || walkCaptured(target, space, rootOf(space), va).last;
    const leaf = decode(words.tableWalk, level || 1, target);
    for (const name of SOURCES) rows.words[name][i] = words[name];
    rows.pfn[i] = pfnOf(physicalAddress(va, leaf));
    rows.level[i] = level;
    rows.shift[i] = leaf.shift;
    rows.kind[i] = ENTRY_KIND.code(leaf.kind);
    rows.verdict[i] = stretch.verdict;
    rows.note[i] = stretch.note;
  });
  return rows;
}

const rootOf = (space: CapturedSpace): bigint => space.summary?.rootPa ?? space.tree?.rootPa ?? 0n;

type Run = Pick<Stretch, 'va' | 'words' | 'verdict' | 'note'> & { pages: bigint };

/** The stretches that do not plainly agree, joined if their words are the same, as a check reports them. */
export class RunCollector {
  private readonly list: Run[] = [];

  get length(): number {
    return this.list.length;
  }

  add(s: Stretch): void {
    if (s.verdict === AGREE) return;
    const last = this.list.at(-1);
    if (
      last &&
      last.va + pageBytes(last.pages) === s.va &&
      last.verdict === s.verdict &&
      last.note === s.note &&
      sameWords(last.words, s.words)
    )
      last.pages += s.pages;
    else {
      const { va, pages, words, verdict, note } = s;
      this.list.push({ va, pages, words, verdict, note });
    }
  }

  /** Removes and returns the runs so far, without the last `but`, which may continue. */
  take(but = 0): Runs {
    const runs = this.list.splice(0, this.list.length - but);
    return {
      va: BigUint64Array.from(runs, (r) => r.va),
      pages: BigUint64Array.from(runs, (r) => r.pages),
      words: bySource((name) => BigUint64Array.from(runs, (r) => r.words[name])),
      verdict: Uint8Array.from(runs, (r) => r.verdict),
      note: Uint8Array.from(runs, (r) => r.note),
    };
  }
}

/**
 * The stretches that map frames, with the first frame and the page size; `same`: all of their pages map that frame. Yields null
 * after many stretches that map none, so that other work may run.
 */
function* mappedStretches(target: SourceTarget, { pages }: CapturedSpace) {
  let passed = 0;
  for (const stretch of pages.stretches()) {
    const leaf = decode(stretch.words.tableWalk, stretch.level || 1, target);
    if (mapsFrame(leaf.kind)) {
      passed = 0;
      const first = pfnOf(physicalAddress(stretch.va, leaf));
      yield { stretch, shift: leaf.shift, first, same: stretch.step === 'same' && leaf.shift === 12 };
    } else if (++passed % STRETCHES_AT_ONCE === 0) yield null;
  }
}

/** The owners of a frame, by the pages of all captured processes. */
async function ownersOf(contents: CaptureContents, target: SourceTarget, pfn: bigint): Promise<SourceOwners> {
  const list: { pid: number; start: bigint; va: bigint; shift: number; entry: bigint; access: number }[] = [];
  let pages = 0n;
  let seen = 0;
  for (const space of contents.spaces) {
    await space.pages.prepare();
    for (const mapped of mappedStretches(target, space)) {
      if (!mapped || ++seen % STRETCHES_AT_ONCE === 0) await turn();
      if (!mapped) continue;
      const { stretch, shift, first, same } = mapped;
      pages += stretch.pages;
      if (pfn < first || pfn >= first + (same ? 1n : stretch.pages)) continue;
      for (let k = same ? 0n : pfn - first; k < (same ? stretch.pages : pfn - first + 1n); k++) {
        if (list.length >= MOST_OWNERS) break;
        const va = stretch.va + pageBytes(k);
        const path = walkCaptured(target, space, rootOf(space), va);
        const access = accessOf(path.entry, path.last, target.levels, target.pti);
        list.push({ pid: space.pid, start: space.startTicks, va, shift, entry: wordsAt(stretch, k).tableWalk, access });
      }
    }
  }
  const tables = contents.spaces.flatMap(({ tree, pid, startTicks }) =>
    tree
      ? [...tree.pa.keys()]
          .filter((i) => pfnOf(tree.pa[i] as bigint) === pfn)
          .map((i) => ({ tree, i, pid, startTicks }))
      : [],
  );
  return {
    pid: Uint32Array.from(list, (o) => o.pid),
    startTicks: BigUint64Array.from(list, (o) => o.start),
    va: BigUint64Array.from(list, (o) => o.va),
    still: new Uint8Array(list.length).fill(1),
    shift: Uint8Array.from(list, (o) => o.shift),
    entry: BigUint64Array.from(list, (o) => o.entry),
    access: Uint8Array.from(list, (o) => o.access),
    tablePid: Uint32Array.from(tables, (t) => t.pid),
    tableStart: BigUint64Array.from(tables, (t) => t.startTicks),
    tableLevel: Uint8Array.from(tables, ({ tree, i }) => tree.level[i] as number),
    tableVa: BigUint64Array.from(tables, ({ tree, i }) => tree.va[i] as bigint),
    ageNs: 0n,
    tookNs: 0n,
    spaces: contents.spaces.length,
    entries: pages,
    pages,
    bytes: BigInt(contents.bytes),
    gone: BigInt(contents.skipped.length),
    raced: 0n,
  };
}

/** The cells of the recorded map in [begin, end). They may be coarser than requested. */
function sliceMemory({ map }: ChunkOf<'memory'>, begin: bigint, end: bigint, flags: bigint): MemoryMap {
  const counted = bitsOf(map.flags);
  const columns = bitsOf(flags).map((bit) => counted.indexOf(bit));
  if (columns.includes(-1))
    throw missing('the capture did not count this flag', 'Captures count only flags that have a name.');
  const cell = (pfn: bigint) => (pfn < map.begin ? 0n : (pfn - map.begin) / map.framesPerCell);
  const cells = BigInt(map.owner.length);
  const first = cell(begin);
  const last = end >= map.end ? cells : cell(end - 1n) + 1n;
  if (first >= last) throw missing('the capture has no such frames', 'Choose a range of its RAM.');
  const from = map.begin + first * map.framesPerCell;
  const to = map.begin + last * map.framesPerCell;
  const [a, b] = [Number(first), Number(last)];
  return {
    ...map,
    begin: from,
    end: to < map.end ? to : map.end,
    roles: map.roles.slice(a * ROLES.length, b * ROLES.length),
    sizes: map.sizes.slice(a * 3, b * 3),
    owner: map.owner.slice(a, b),
    ownerMappings: map.ownerMappings.slice(a, b),
    flags,
    flagged: Uint32Array.from({ length: (b - a) * columns.length }, (_, i) => {
      const cell = a + Math.floor(i / columns.length);
      return map.flagged[cell * counted.length + (columns[i % columns.length] as number)] as number;
    }),
  };
}

async function mappedBytes(target: SourceTarget, space: CapturedSpace, cancelled: () => boolean): Promise<bigint> {
  let mapped = 0n;
  let seen = 0;
  for (const found of mappedStretches(target, space)) {
    mapped += found?.stretch.pages ?? 0n;
    if (found && ++seen % STRETCHES_AT_ONCE) continue;
    await turn();
    if (cancelled()) break;
  }
  return pageBytes(mapped);
}

/** The pages of a space that map frames. */
function* piecesOf(
  target: SourceTarget,
  space: CapturedSpace,
  bytesOf: (pfn: bigint) => Uint8Array | undefined,
): Generator<Piece> {
  for (const mapped of mappedStretches(target, space)) {
    if (!mapped) {
      yield { address: 0n, pa: 0n, pages: 0n };
      continue;
    }
    const { stretch, first, same } = mapped;
    // Pages of one frame come as one piece, however many they are.
    for (let k = 0n; k < stretch.pages; k += same ? stretch.pages : 1n) {
      const bytes = bytesOf(first + k);
      yield {
        address: stretch.va + pageBytes(k),
        pa: paOf(first + k),
        pages: same ? stretch.pages : 1n,
        ...(bytes && { bytes }),
      };
    }
  }
}

/** Runs `work` asynchronously, until it is cancelled: callers get results after the call, as from a machine. */
function replay<T>(work: (cancelled: () => boolean) => T | Promise<T>): { promise: Promise<T>; cancel(): void } {
  let cancelled = false;
  const promise = turn().then(async () => {
    const result = await work(() => cancelled);
    if (cancelled) throw new Failed('cancelled', 'It was cancelled.', 'ECANCELED');
    return result;
  });
  return {
    promise,
    cancel: () => {
      cancelled = true;
    },
  };
}

/** The ranges of which samples were recorded. */
function watchedPlaces({ watches, begin: { processes } }: CaptureContents) {
  const places = new Map(watches.map((watch) => [`${watch.pid} ${watch.begin} ${watch.end}`, watch]));
  return [...places.values()].map(({ pid, startTicks, begin, end }) => ({
    pid,
    startTicks,
    name: processes.name[processes.pid.indexOf(pid)] ?? '',
    begin,
    end,
  }));
}

/** The sources of a capture. */
export function capturedSources(contents: CaptureContents): Sources {
  const { begin, spaces } = contents;
  const { target: facts, processes } = begin;
  const target: SourceTarget = { ...facts, capabilities: begin.capabilities, btf: false };
  const users = new Map<number, string>(Array.from(processes.uid, (uid, i) => [uid, processes.user[i] ?? '']));
  const spaceOf = (pid: number, startTicks = 0n): CapturedSpace => {
    const space = spaces.find((s) => s.pid === pid && (startTicks === 0n || s.startTicks === startTicks));
    if (space) return space;
    const at = processes.pid.indexOf(pid);
    if (at < 0 || (startTicks !== 0n && processes.startTicks[at] !== startTicks))
      throw new Failed(
        `there is no process ${pid} in this capture`,
        '`cr3scope ps` lists those that it holds.',
        'ESRCH',
      );
    const skipped = contents.skipped.find((s) => s.pid === pid);
    throw missing(
      `process ${pid} was not captured${skipped ? `: ${skipped.message}` : ''}`,
      skipped ? 'Only its name and root are known.' : 'Capture it by its number, or everything with --all.',
    );
  };
  let places: Map<bigint, { space: CapturedSpace; va: bigint }> | undefined;
  /** A page table by its frame. */
  const tableAt = (pfn: bigint): Uint8Array | undefined => {
    const space = spaces.find((s) => s.upper.has(pfn));
    if (space) return tableOf(space, pfn);
    if (!places) {
      places = new Map();
      for (const space of spaces)
        for (const [i, level] of space.tree?.level.entries() ?? [])
          if (level === 1) places.set(pfnOf(space.tree?.pa[i] as bigint), { space, va: space.tree?.va[i] as bigint });
    }
    const at = places.get(pfn);
    return at && pteTable(at.space, at.va);
  };
  /** The bytes of a frame that was kept, or is a table. */
  const bytesOf = (pfn: bigint): Uint8Array | undefined => {
    const found = contents.frames.get(pfn);
    if (!found) return tableAt(pfn);
    const { chunk, index } = found;
    return chunk.contents === 'bytes' && chunk.status[index] === 0 ? pageAt(chunk.data, index) : undefined;
  };
  /** By the ranges of RAM, also for frames that were not captured. */
  const isDevice = (pfn: bigint): boolean => {
    const [pa, end] = [paOf(pfn), paOf(pfn + 1n)];
    const { ramBegin, ramEnd } = target;
    return ramBegin.length > 0 && ramBegin.every((from, i) => pa < from || end > (ramEnd[i] as bigint));
  };
  /** All frames whose bytes it may have, ascending: frames that were kept, and tables. */
  const known = (): BigUint64Array => {
    const all = new BigUint64Array(
      contents.frames.size + spaces.reduce((n, s) => n + s.upper.size + (s.tree?.pa.length ?? 0), 0),
    );
    let n = 0;
    for (const pfn of contents.frames.keys()) all[n++] = pfn;
    for (const { upper, tree } of spaces) {
      for (const pfn of upper.keys()) all[n++] = pfn;
      for (const pa of tree?.pa ?? []) all[n++] = pfnOf(pa);
    }
    return all.sort();
  };
  let sorted: BigUint64Array | undefined;
  const pieceOf = (pfn: bigint): Piece => {
    const bytes = bytesOf(pfn);
    return { address: paOf(pfn), pa: paOf(pfn), pages: 1n, ...(bytes && { bytes }) };
  };
  function* ofMemory(from: bigint, to: bigint): Generator<Piece> {
    sorted ??= known();
    let last = -1n;
    for (const pfn of sorted) {
      const pa = paOf(pfn);
      if (pfn === last || pa >= to || pa + PAGE_SIZE <= from) continue;
      last = pfn;
      yield pieceOf(pfn);
    }
  }
  /** Prepares a space for requests of single pages. */
  const prepared = async (space: CapturedSpace): Promise<CapturedSpace> => {
    await space.pages.prepare();
    return space;
  };
  const translate = async (pid: number, startTicks: bigint, va: bigint): Promise<Translation> => {
    const space = await prepared(spaceOf(pid, startTicks));
    const rootPa = rootOf(space);
    return {
      rootPa,
      path: walkCaptured(target, space, rootPa, va),
      userPath: target.pti ? walkCaptured(target, space, userRootOf(rootPa), va) : null,
      kernel: null,
      userKernel: null,
      row: va < 1n << BigInt(target.virtualBits - 1) ? rowsOf(target, space, [va]) : null,
    };
  };
  const frames = async (pfns: BigUint64Array): Promise<SourceFrames> => {
    for (const space of spaces) await space.pages.prepare(); // a PTE table is built from pages
    const n = pfns.length;
    const read = {
      bytes: new Uint8Array(n * PAGE_BYTES),
      status: new Uint8Array(n).fill(NOT_CAPTURED),
      role: new Uint8Array(n),
      flags: new BigUint64Array(n).fill(UNKNOWN),
      count: new BigUint64Array(n).fill(UNKNOWN),
      cgroup: new BigUint64Array(n).fill(UNKNOWN),
    };
    pfns.forEach((pfn, i) => {
      const found = contents.frames.get(pfn);
      if (found) {
        const { chunk, index } = found;
        read.role[i] = chunk.role[index] as number;
        read.flags[i] = chunk.flags[index] as bigint;
        read.count[i] = chunk.count[index] as bigint;
        read.cgroup[i] = chunk.cgroup[index] as bigint;
        if (chunk.contents === 'bytes') read.status[i] = chunk.status[index] as number;
      }
      const bytes = bytesOf(pfn);
      if (!bytes && isDevice(pfn)) read.status[i] = NOT_RAM;
      if (!bytes) return;
      read.bytes.set(bytes, i * PAGE_BYTES);
      read.status[i] = 0;
      if (!found) read.role[i] = ROLE.code('pageTable');
    });
    return read;
  };
  return {
    target,
    facts: {
      ...facts,
      notices: [],
      capture: {
        path: contents.path,
        startedAt: begin.startedAt,
        finishedAt: contents.end?.finishedAt ?? null,
        digest: contents.digest,
        held: spaces.map(({ pid, startTicks }) => ({ pid, startTicks })),
        skipped: contents.skipped.map(({ pid, message }) => ({ pid, message })),
        notes: contents.notes.slice(0, MOST_NOTES),
        unknown: [...contents.unknown],
        traced: contents.traced.length,
        watched: watchedPlaces(contents),
        problem: contents.problem ? `${contents.problem.message}. ${contents.problem.remedy}` : '',
      },
    },
    status: facts.sources,
    clock: () => begin.startNs,
    uid: 0,
    boot: { commandLine: begin.kernelCommandLine, cpuFeatures: begin.cpuFeatures },
    userName: (uid) => users.get(uid) ?? String(uid),
    cgroupPath: async (inode) => contents.cgroups.get(inode) ?? null,
    processes: async () => processes,
    roots: async () => ({ ...processes, onCpu: processes.onCpu, cpu: processes.cpu }),
    cpus: async () => {
      if (!contents.cpus) throw missing('the capture has no CPUs', 'It ends before they were read.');
      return contents.cpus;
    },
    // A kernel thread has no address space, captured or not.
    regions: async (pid) => (processes.kernelThread[processes.pid.indexOf(pid)] ? NO_REGIONS : spaceOf(pid).regions),
    rows: async (pid, startTicks, vas) => rowsOf(target, await prepared(spaceOf(pid, startTicks)), vas),
    translate,
    page: async (pid, startTicks, va) => {
      const translation = await translate(pid, startTicks, va);
      const { leaf } = translation.path;
      const frame = mapsFrame(ENTRY_KINDS[leaf.kind])
        ? await frames(BigUint64Array.of(pfnOf(physicalAddress(va, leaf))))
        : null;
      return { translation, frame, settled: true };
    },
    frames,
    tables: async (pid, startTicks) => {
      const { tree } = spaceOf(pid, startTicks);
      if (!tree) throw missing(`the tables of process ${pid} were not captured`, 'It went away before they were read.');
      return tree;
    },
    owners: async (pfn) => ownersOf(contents, target, pfn),
    memory: async (from, to, _cells, flags) => {
      if (!contents.memory)
        throw missing(
          'the capture has no map of physical memory',
          'Capture the whole machine: `cr3scope report --all`.',
        );
      return sliceMemory(contents.memory, from, to, flags);
    },
    listFrames: () =>
      Promise.reject(missing('a capture has frames only as cells of its map', 'List them on the machine.')),
    search: (pid, from, to, bytes, mask, limit, onBatch, back = false) => {
      const bounds = { begin: from, end: to, limit };
      if (pid) {
        const space = spaceOf(pid);
        const total = (cancelled: () => boolean) => mappedBytes(target, space, cancelled);
        return searchPieces(piecesOf(target, space, bytesOf), total, { bytes, mask }, bounds, onBatch);
      }
      const total = async () => {
        for (const space of spaces) await space.pages.prepare();
        sorted ??= known();
        return pageBytes(BigInt(sorted.length));
      };
      const numbers = async () => {
        await total();
        const within = (sorted ?? []).filter((pfn) => paOf(pfn) < to && paOf(pfn + 1n) > from);
        return [...new Set(within)];
      };
      const job = back
        ? lastInPieces(numbers, pieceOf, { bytes, mask }, bounds, onBatch)
        : searchPieces(ofMemory(from, to), total, { bytes, mask }, bounds, onBatch);
      const ram = target.ramEnd.reduce((n, at, i) => n + at - (target.ramBegin[i] ?? 0n), 0n);
      const promise = job.promise.then((s) => (s.limited || ram < s.bytes ? s : { ...s, unreadable: ram - s.bytes }));
      return { ...job, promise };
    },
    check: (pid, startTicks, _begin, _end, onBatch) =>
      replay(async (cancelled) => {
        const { pages, evidence, fullSummary } = spaceOf(pid, startTicks);
        const summary = fullSummary();
        if (!summary)
          throw missing(`the check of process ${pid} is not in this capture`, 'It ends before the check did.');
        const { pages: total, counts } = summary;
        const batch = { done: total, total, counts, waiting: false, evidence: [], pages: new Uint8Array() };
        const runs = new RunCollector();
        let seen = 0;
        for (const stretch of pages.stretches()) {
          runs.add(stretch);
          if (++seen % STRETCHES_AT_ONCE) continue;
          if (runs.length > 1) onBatch({ ...batch, runs: runs.take(1) } as CheckBatch);
          await turn();
          if (cancelled()) break;
        }
        onBatch({ ...batch, runs: runs.take() } as CheckBatch);
        for (let at = 0; at < evidence.length && !cancelled(); at += EVIDENCE_AT_ONCE)
          onBatch({ ...batch, runs: runs.take(), evidence: evidence.slice(at, at + EVIDENCE_AT_ONCE) } as CheckBatch);
        return summary;
      }),
    layout: () =>
      Promise.reject(missing('a capture holds no types of the kernel', 'Name a type that needs none: u64[8].')),
    typeNames: async () => [],
    causes: () => Promise.reject(missing('a capture holds the causes that were seen', 'Ask on a machine.')),
    watch: (pid, _startTicks, from, to, _interval, onBatch) => ({
      ...replay((cancelled) => {
        const mine = contents.watches.filter((w) => w.pid === pid && w.begin < to && from < w.end);
        if (!mine.length)
          throw missing(`no such pages of process ${pid} were watched in this capture`, 'Watch them on a machine.');
        for (const { batch } of mine) if (!cancelled()) onBatch(batch as WatchBatch);
        // The recording ends here. It does not say what happened to the process.
        throw new Failed('the recording ends here', 'Watch on a machine.', 'ECANCELED');
      }),
      sample: () => undefined,
    }),
    trace: () => ({
      promise: Promise.reject(
        missing('nothing can be started in a capture', 'Show the recorded trace of the machine.'),
      ),
      cancel: () => undefined,
    }),
    traceMachine: (onEvents) =>
      replay(async (cancelled) => {
        const { traced } = contents;
        if (!traced.length)
          throw missing('no trace is in this capture', 'Record one: `cr3scope trace -o file.cr3scope`.');
        for (let at = 0; at < traced.length && !cancelled(); at += EVENTS_AT_ONCE) {
          const some = traced.slice(at, at + EVENTS_AT_ONCE);
          onEvents(some.map((event) => ({ ...event, kind: TRACE_KINDS.indexOf(event.kind) })));
          await turn();
        }
      }),
  };
}
