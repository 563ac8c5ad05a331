// A capture as the sources that it was made from: everything above reads it as it reads a machine.
import {
  type CheckSummary,
  type Cpus,
  type Evidence,
  type MemoryMap,
  type Path,
  type Regions,
  type Rows,
  type Runs,
  type TableTree,
  TRACE_KINDS,
  type Traced,
} from '../../contract/api.ts';
import { bitsOf } from '../../contract/format.ts';
import { accessOf, decode, type Entry, mapsFrame, physicalAddress, tableIndex } from '../../contract/paging.ts';
import { ROLE, ROLES } from '../../contract/roles.ts';
import { ENTRY_KIND, FRAME_STATUS, NOTE, VERDICT } from '../../contract/verdicts.ts';
import type { AddonOwners, AddonTarget, CheckBatch, WatchBatch } from '../sources/addon.d.ts';
import { Failed } from '../sources/failed.ts';
import type { Sources } from '../sources/sources.ts';
import type { Chunk, ChunkOf } from './chunks.ts';
import { CaptureReader } from './container.ts';
import { CapturedPages, type Stretch, wordsAt } from './pages.ts';
import { type Piece, searchPieces } from './search.ts';

const UNKNOWN = (1n << 64n) - 1n;
const NOT_RAM = FRAME_STATUS.code('notRam');
const NOT_CAPTURED = FRAME_STATUS.code('notCaptured');
const NOT_COMPARABLE = VERDICT.code('notComparable');
const AGREE = VERDICT.code('agree');
const NO_REGIONS: Regions = {
  begin: new BigUint64Array(),
  end: new BigUint64Array(),
  offset: new BigUint64Array(),
  inode: new BigUint64Array(),
  permissions: [],
  path: [],
};
/** Owners of one frame that are listed: the zero page has millions. */
const MOST_OWNERS = 1 << 16;
const EVIDENCE_AT_ONCE = 1000;

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
  /** The tables above the pages, by frame number. */
  readonly upper: Map<bigint, Uint8Array>;
  tree?: TableTree;
  /** Undefined where the capture ended before the check did. */
  summary?: CheckSummary;
}

interface CapturedFrame {
  readonly chunk: ChunkOf<'frames'>;
  readonly index: number;
}

/** All of a capture, as far as it can be trusted. */
export interface CaptureContents {
  readonly path: string;
  readonly begin: ChunkOf<'begin'>;
  readonly spaces: readonly CapturedSpace[];
  readonly skipped: readonly ChunkOf<'skipped'>[];
  readonly frames: ReadonlyMap<bigint, CapturedFrame>;
  /** Paths by inode. */
  readonly cgroups: ReadonlyMap<bigint, string>;
  readonly memory: ChunkOf<'memory'> | undefined;
  readonly cpus: Cpus | undefined;
  readonly traced: readonly Traced[];
  readonly watches: readonly ChunkOf<'watch'>[];
  readonly end: ChunkOf<'end'> | undefined;
  readonly digest: string;
  readonly bytes: number;
  /** Why it is not whole; undefined where it is. */
  readonly problem: Failed | undefined;
}

/** Reads a capture up to its end, or to where it can't be trusted any more. Throws where it is none. */
export function readCapture(path: string): CaptureContents {
  const reader = new CaptureReader(path);
  try {
    const begin = reader.next();
    if (begin?.kind !== 'begin') throw reader.problem ?? new Failed(`${path} is empty`, 'Capture again.', 'ENODATA');
    const spaces: CapturedSpace[] = [];
    const skipped: ChunkOf<'skipped'>[] = [];
    const frames = new Map<bigint, CapturedFrame>();
    const cgroups = new Map<bigint, string>();
    const traced: Traced[] = [];
    const watches: ChunkOf<'watch'>[] = [];
    let memory: ChunkOf<'memory'> | undefined;
    let cpus: Cpus | undefined;
    let end: ChunkOf<'end'> | undefined;
    let space: CapturedSpace | undefined;
    const take = (chunk: Chunk) => {
      switch (chunk.kind) {
        case 'process':
          space = { ...chunk, pages: new CapturedPages(), evidence: [], upper: new Map() };
          spaces.push(space);
          break;
        case 'pages':
          space?.pages.add(chunk.packed);
          break;
        case 'evidence':
          space?.evidence.push(...chunk.evidence);
          break;
        case 'tables':
          if (!space) break;
          space.tree = chunk.tree;
          for (const [i, pfn] of chunk.pfn.entries())
            space.upper.set(pfn, chunk.bytes.subarray(i * 4096, (i + 1) * 4096));
          break;
        case 'checked':
          if (space) space.summary = chunk.summary;
          break;
        case 'skipped':
          skipped.push(chunk);
          break;
        case 'frames':
          for (const [index, pfn] of chunk.pfn.entries()) frames.set(pfn, { chunk, index });
          for (const { inode, path } of chunk.cgroups) cgroups.set(inode, path);
          break;
        case 'memory':
          memory = chunk;
          break;
        case 'cpus':
          cpus = chunk.cpus;
          break;
        case 'trace':
          traced.push(...chunk.events);
          break;
        case 'watch':
          watches.push(chunk);
          break;
        case 'end':
          end = chunk;
          break;
        case 'begin':
          break;
      }
    };
    for (let chunk = reader.next(); chunk; chunk = reader.next()) take(chunk);
    const { digest, problem, bytesRead: bytes } = reader;
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
      end,
      digest,
      bytes,
      problem,
    };
  } finally {
    reader.close();
  }
}

const missing = (what: string, remedy: string, code = 'ENODATA') => new Failed(what, remedy, code);

/** The raw entries of an address by the captured tables, and what the last one means. */
function walkCaptured(target: AddonTarget, space: CapturedSpace, rootPa: bigint, va: bigint): Path {
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
    const bytes = space.upper.get(at >> 12n);
    if (!bytes) return done(nothing, NOT_CAPTURED);
    const raw = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(tableIndex(va, level) * 8, true);
    table[level] = at;
    entry[level] = raw;
    last = level;
    const decoded = decode(raw, level, target);
    if (decoded.kind !== 'table') return done(decoded, 0);
    at = decoded.pfn << 12n;
  }
  const found = space.pages.find(va);
  if (found?.stretch.level !== 1) return done(nothing, NOT_CAPTURED);
  table[1] = at;
  entry[1] = wordsAt(found.stretch, found.page).entry;
  last = 1;
  return done(decode(entry[1], 1, target), 0);
}

/**
 * A PTE table as the check read it: its entries are those of its pages, and what is in no page was 0, for a check tells
 * of every entry outside the regions, too.
 */
function pteTable(space: CapturedSpace, va: bigint): Uint8Array {
  const entries = new BigUint64Array(512);
  for (let i = 0; i < 512; ) {
    const found = space.pages.find(va + BigInt(i << 12));
    if (!found) {
      i++;
      continue;
    }
    const { stretch, page } = found;
    const end = Math.min(512, i + Number(stretch.pages - page));
    for (let k = page; i < end; i++, k++) if (stretch.level === 1) entries[i] = wordsAt(stretch, k).entry;
  }
  return new Uint8Array(entries.buffer);
}

/** One row a page, as Checker::rows() of native/core/check.cc gives them. */
function rowsOf(target: AddonTarget, space: CapturedSpace, vas: ArrayLike<bigint>): Rows {
  const n = vas.length;
  const rows: Rows = {
    va: BigUint64Array.from(vas, (va) => va & ~4095n),
    pagemap: new BigUint64Array(n),
    kernel: new BigUint64Array(n),
    entry: new BigUint64Array(n),
    pfn: new BigUint64Array(n),
    level: new Uint8Array(n),
    shift: new Uint8Array(n),
    kind: new Uint8Array(n),
    status: new Uint8Array(n),
    verdict: new Uint8Array(n),
    note: new Uint8Array(n),
  };
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
    const leaf = decode(words.entry, level || 1, target);
    rows.pagemap[i] = words.pagemap;
    rows.kernel[i] = words.kernel;
    rows.entry[i] = words.entry;
    rows.pfn[i] = physicalAddress(va, leaf) >> 12n;
    rows.level[i] = level;
    rows.shift[i] = leaf.shift;
    rows.kind[i] = ENTRY_KIND.code(leaf.kind);
    rows.verdict[i] = stretch.verdict;
    rows.note[i] = stretch.note;
  });
  return rows;
}

const rootOf = (space: CapturedSpace): bigint => space.summary?.rootPa ?? space.tree?.rootPa ?? 0n;

/** The stretches that are no plain agreement, joined where their words are the same, as a check tells them. */
export function runsOf(stretches: Iterable<Stretch>): Runs {
  const runs: {
    va: bigint;
    pages: bigint;
    pagemap: bigint;
    kernel: bigint;
    entry: bigint;
    verdict: number;
    note: number;
  }[] = [];
  for (const s of stretches) {
    if (s.verdict === AGREE) continue;
    const last = runs.at(-1);
    if (
      last &&
      last.va + (last.pages << 12n) === s.va &&
      last.verdict === s.verdict &&
      last.note === s.note &&
      last.pagemap === s.pagemap &&
      last.entry === s.entry &&
      last.kernel === s.kernel
    )
      last.pages += s.pages;
    else {
      const { va, pages, pagemap, kernel, entry, verdict, note } = s;
      runs.push({ va, pages, pagemap, kernel, entry, verdict, note });
    }
  }
  const words = (key: 'va' | 'pages' | 'pagemap' | 'kernel' | 'entry') => BigUint64Array.from(runs, (r) => r[key]);
  return {
    va: words('va'),
    pages: words('pages'),
    pagemap: words('pagemap'),
    kernel: words('kernel'),
    entry: words('entry'),
    verdict: Uint8Array.from(runs, (r) => r.verdict),
    note: Uint8Array.from(runs, (r) => r.note),
  };
}

/** The stretches that map frames, with the first frame and the page size; `same`: all of their pages are that frame. */
function* mappedStretches(target: AddonTarget, { pages }: CapturedSpace) {
  for (const stretch of pages.stretches()) {
    const leaf = decode(stretch.entry, stretch.level || 1, target);
    if (!mapsFrame(leaf.kind)) continue;
    const first = physicalAddress(stretch.va, leaf) >> 12n;
    yield { stretch, shift: leaf.shift, first, same: stretch.step === 'same' && leaf.shift === 12 };
  }
}

/** Who maps a frame, by the pages of all captured processes. */
function ownersOf(contents: CaptureContents, target: AddonTarget, pfn: bigint): AddonOwners {
  const list: { pid: number; start: bigint; va: bigint; shift: number; entry: bigint; access: number }[] = [];
  let pages = 0n;
  for (const space of contents.spaces)
    for (const { stretch, shift, first, same } of mappedStretches(target, space)) {
      pages += stretch.pages;
      if (pfn < first || pfn >= first + (same ? 1n : stretch.pages)) continue;
      for (let k = same ? 0n : pfn - first; k < (same ? stretch.pages : pfn - first + 1n); k++) {
        if (list.length >= MOST_OWNERS) break;
        const va = stretch.va + (k << 12n);
        const path = walkCaptured(target, space, rootOf(space), va);
        const access = accessOf(path.entry, path.last, target.levels, target.pti);
        list.push({ pid: space.pid, start: space.startTicks, va, shift, entry: wordsAt(stretch, k).entry, access });
      }
    }
  const tables = contents.spaces.flatMap(({ tree, pid, startTicks }) =>
    tree
      ? [...tree.pa.keys()]
          .filter((i) => (tree.pa[i] as bigint) >> 12n === pfn)
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

/** The cells of the recorded map that lie in [begin, end): coarser than they were asked for, never made up. */
function sliceMemory({ map }: ChunkOf<'memory'>, begin: bigint, end: bigint, flags: bigint): MemoryMap {
  const counted = bitsOf(map.flags);
  const columns = bitsOf(flags).map((bit) => counted.indexOf(bit));
  if (columns.includes(-1)) throw missing('the capture did not count this flag', 'It is one that has no name.');
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

function mappedBytes(target: AddonTarget, space: CapturedSpace): bigint {
  let mapped = 0n;
  for (const { stretch } of mappedStretches(target, space)) mapped += stretch.pages;
  return mapped << 12n;
}

/** The pages of a space that map frames. */
function* piecesOf(
  target: AddonTarget,
  space: CapturedSpace,
  bytesOf: (pfn: bigint) => Uint8Array | undefined,
): Generator<Piece> {
  for (const { stretch, first, same } of mappedStretches(target, space)) {
    // Pages of one frame come as one piece, however many they are.
    for (let k = 0n; k < stretch.pages; k += same ? stretch.pages : 1n) {
      const bytes = bytesOf(first + k);
      yield {
        address: stretch.va + (k << 12n),
        pa: (first + k) << 12n,
        pages: same ? stretch.pages : 1n,
        ...(bytes && { bytes }),
      };
    }
  }
}

/** Runs `work` later, until it is cancelled: what a capture tells comes as from a machine, not before it is asked. */
function replay<T>(work: (cancelled: () => boolean) => T): { promise: Promise<T>; cancel(): void } {
  let cancelled = false;
  const promise = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    const result = work(() => cancelled);
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
  const target: AddonTarget = { ...facts, capabilities: begin.capabilities, btf: false };
  const users = new Map<number, string>(Array.from(processes.uid, (uid, i) => [uid, processes.user[i] ?? '']));
  const spaceOf = (pid: number, startTicks = 0n): CapturedSpace => {
    const space = spaces.find((s) => s.pid === pid && (startTicks === 0n || s.startTicks === startTicks));
    if (space) return space;
    const at = processes.pid.indexOf(pid);
    if (at < 0 || (startTicks !== 0n && processes.startTicks[at] !== startTicks))
      throw new Failed(`there is no process ${pid} in this capture`, '`cr3scope ps` lists those there are.', 'ESRCH');
    const skipped = contents.skipped.find((s) => s.pid === pid);
    throw missing(
      `process ${pid} was not captured${skipped ? `: ${skipped.message}` : ''}`,
      skipped ? 'Its name and root are all that is known.' : 'Capture it by its number, or everything with --all.',
    );
  };
  let places: Map<bigint, { space: CapturedSpace; va: bigint }> | undefined;
  /** A page table by its frame. */
  const tableAt = (pfn: bigint): Uint8Array | undefined => {
    const upper = spaces.find((s) => s.upper.has(pfn))?.upper.get(pfn);
    if (upper) return upper;
    if (!places) {
      places = new Map();
      for (const space of spaces)
        for (const [i, level] of space.tree?.level.entries() ?? [])
          if (level === 1) places.set((space.tree?.pa[i] as bigint) >> 12n, { space, va: space.tree?.va[i] as bigint });
    }
    const at = places.get(pfn);
    return at && pteTable(at.space, at.va);
  };
  /** The bytes of a frame that was kept, or is a table. */
  const bytesOf = (pfn: bigint): Uint8Array | undefined => {
    const found = contents.frames.get(pfn);
    if (!found) return tableAt(pfn);
    const { chunk, index } = found;
    return chunk.contents === 'bytes' && chunk.status[index] === 0
      ? chunk.data.subarray(index * 4096, (index + 1) * 4096)
      : undefined;
  };
  /** Known by the ranges of RAM, also of frames that were not asked for. */
  const isDevice = (pfn: bigint): boolean => {
    const [pa, end] = [pfn << 12n, (pfn + 1n) << 12n];
    const { ramBegin, ramEnd } = target;
    return ramBegin.length > 0 && ramBegin.every((from, i) => pa < from || end > (ramEnd[i] as bigint));
  };
  /** All frames of which it has the bytes. */
  const known = (): bigint[] => {
    const tables = spaces.flatMap(({ upper, tree }) => [
      ...upper.keys(),
      ...Array.from(tree?.pa ?? [], (pa) => pa >> 12n),
    ]);
    const pfns = BigUint64Array.from(new Set([...contents.frames.keys(), ...tables]));
    return [...pfns.sort()].filter((pfn) => bytesOf(pfn));
  };
  let sorted: bigint[] | undefined;
  function* ofMemory(from: bigint, to: bigint): Generator<Piece> {
    sorted ??= known();
    for (const pfn of sorted) {
      const pa = pfn << 12n;
      const bytes = pa < to && pa + 4096n > from ? bytesOf(pfn) : undefined;
      if (bytes) yield { address: pa, pa, pages: 1n, bytes };
    }
  }
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
        watched: watchedPlaces(contents),
        problem: contents.problem ? `${contents.problem.message}. ${contents.problem.remedy}` : '',
      },
    },
    status: facts.sources,
    userName: (uid) => users.get(uid) ?? String(uid),
    cgroupPath: (inode) => contents.cgroups.get(inode) ?? null,
    processes: async () => processes,
    roots: async () => ({ ...processes, onCpu: processes.onCpu, cpu: processes.cpu }),
    cpus: async () => {
      if (!contents.cpus) throw missing('the capture has no CPUs', 'It ends before they were read.');
      return contents.cpus;
    },
    // A kernel thread has no address space, captured or not.
    regions: async (pid) => (processes.kernelThread[processes.pid.indexOf(pid)] ? NO_REGIONS : spaceOf(pid).regions),
    rows: async (pid, startTicks, vas) => rowsOf(target, spaceOf(pid, startTicks), vas),
    translate: async (pid, startTicks, va) => {
      const space = spaceOf(pid, startTicks);
      const rootPa = rootOf(space);
      return {
        rootPa,
        path: walkCaptured(target, space, rootPa, va),
        userPath: target.pti ? walkCaptured(target, space, rootPa | 0x1000n, va) : null,
        kernel: null,
        userKernel: null,
        row: va < 1n << BigInt(target.virtualBits - 1) ? rowsOf(target, space, [va]) : null,
      };
    },
    frames: async (pfns) => {
      const n = pfns.length;
      const frames = {
        bytes: new Uint8Array(n * 4096),
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
          frames.role[i] = chunk.role[index] as number;
          frames.flags[i] = chunk.flags[index] as bigint;
          frames.count[i] = chunk.count[index] as bigint;
          frames.cgroup[i] = chunk.cgroup[index] as bigint;
          if (chunk.contents === 'bytes') frames.status[i] = chunk.status[index] as number;
        }
        const bytes = bytesOf(pfn);
        if (!bytes && isDevice(pfn)) frames.status[i] = NOT_RAM;
        if (!bytes) return;
        frames.bytes.set(bytes, i * 4096);
        frames.status[i] = 0;
        if (!found) frames.role[i] = ROLE.code('pageTable');
      });
      return frames;
    },
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
    search: (pid, from, to, bytes, mask, limit, onBatch) => {
      const bounds = { begin: from, end: to, limit };
      if (pid) {
        const space = spaceOf(pid);
        const pieces = piecesOf(target, space, bytesOf);
        return searchPieces(pieces, mappedBytes(target, space), { bytes, mask }, bounds, onBatch);
      }
      const pieces = [...ofMemory(from, to)];
      const job = searchPieces(pieces, BigInt(pieces.length) << 12n, { bytes, mask }, bounds, onBatch);
      const ram = target.ramEnd.reduce((n, at, i) => n + at - (target.ramBegin[i] ?? 0n), 0n);
      const promise = job.promise.then((s) => (s.limited || ram < s.bytes ? s : { ...s, unreadable: ram - s.bytes }));
      return { ...job, promise };
    },
    check: (pid, startTicks, _begin, _end, onBatch) =>
      replay((cancelled) => {
        const { pages, evidence, summary } = spaceOf(pid, startTicks);
        if (!summary)
          throw missing(`the check of process ${pid} is not in this capture`, 'It ends before the check did.');
        const { pages: total, counts } = summary;
        const batch = { done: total, total, counts, evidence: [], pages: new Uint8Array() };
        onBatch({ ...batch, runs: runsOf(pages.stretches()) } as CheckBatch);
        for (let at = 0; at < evidence.length && !cancelled(); at += EVIDENCE_AT_ONCE)
          onBatch({ ...batch, runs: runsOf([]), evidence: evidence.slice(at, at + EVIDENCE_AT_ONCE) } as CheckBatch);
        return summary;
      }),
    watch: (pid, _startTicks, from, to, _interval, onBatch) => ({
      ...replay((cancelled) => {
        const mine = contents.watches.filter((w) => w.pid === pid && w.begin < to && from < w.end);
        if (!mine.length)
          throw missing(`no such pages of process ${pid} were watched in this capture`, 'Watch them on a machine.');
        for (const { batch } of mine) if (!cancelled()) onBatch(batch as WatchBatch);
        // The recording ends; what became of the process it does not tell.
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
      replay(() => {
        if (!contents.traced.length)
          throw missing('no trace is in this capture', 'Record one: `cr3scope trace -o file.cr3scope`.');
        onEvents(contents.traced.map((event) => ({ ...event, kind: TRACE_KINDS.indexOf(event.kind) })));
      }),
  };
}
