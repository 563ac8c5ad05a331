// SPDX-License-Identifier: GPL-2.0-only
// A guest that is stopped and dumped from outside, in each format. What the images say is compared with what the guest's
// own /proc and module say of the same moment (record.py).
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, inflateSync } from 'node:zlib';
import { NOTE, VERDICT, VERDICTS } from '../../app/contract/verdicts.ts';
import type { ImageFile } from '../../app/main/sources/carrier.ts';
import { findVm, openVm } from '../../app/main/sources/qemu.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { imageFile } from '../memory-image.ts';
import { compareWithOthers } from './differential.ts';
import type { Kernel } from './kernels.ts';
import { boot, type Guest, type Machine } from './qemu.ts';
import { lookAtVm } from './vm-window.ts';

interface SaidProcess {
  pid: number;
  ppid: number;
  name: string;
  threads: number;
  start: number;
  uid: number;
  kernel: boolean;
  maps: string[];
  /** Address, word of pagemap without its flags, and checksum of the bytes. */
  pages: [va: string, word: string, sum: number | null][];
}

interface Said {
  recorder: number;
  processes: SaidProcess[];
}

/** MiB: of dumps that are made quickly. */
const MEMORY = 1536;
const GIB = 1 << 30;
/** Where QEMU's PC has its RAM of `bytes`: beyond 3 GiB it goes on at 4 GiB. */
const rangesOf = (bytes: number): [begin: number, end: number, offset: number][] =>
  bytes <= 3 * GIB
    ? [[0, bytes, 0]]
    : [
        [0, 3 * GIB, 0],
        [4 * GIB, bytes + GIB, 3 * GIB],
      ];
/** Where a physical address is in a file of all RAM. */
const offsetOf = (pa: number) => (pa < 4 * GIB ? pa : pa - GIB);
/** Where record.py puts the second record, and the capture. */
const SECOND = 128 << 20;
const THIRD = 2 * SECOND;
/** Where it puts the parts of a record, after the processes. */
const FLAGS = 64 << 20;
const COUNTS = 80 << 20;
const OWN = 96 << 20;
const PAGE = 4096n;
const PRESENT = 1n << 63n;
const LARGE = 1n << 30n;
const MOST_ROWS = 65536n;

/** What a comparison found. */
export interface Part {
  name: string;
  pass: boolean;
  detail: string;
}

const MOST_LISTED = 40;
const listed = (failures: readonly string[]) =>
  failures
    .slice(0, MOST_LISTED)
    .map((f) => `\n  ${f}`)
    .join('');

class Comparison {
  readonly failures: string[] = [];
  compared = 0;
  same(what: string, ours: unknown, theirs: unknown): void {
    this.compared++;
    if (ours !== theirs) this.failures.push(`${what}: the image ${ours}, the guest ${theirs}`);
  }
}

/** What record.py has put on the disk there. */
function readPut(path: string, at: number): Buffer {
  const file = openSync(path, 'r');
  const head = Buffer.alloc(8);
  readSync(file, head, 0, 8, at);
  const bytes = Buffer.alloc(Number(head.readBigUInt64LE()));
  readSync(file, bytes, 0, bytes.length, at + 8);
  closeSync(file);
  return bytes;
}

const readRecord = (path: string, at: number): Said => JSON.parse(readPut(path, at).toString());

/** What the guest says of all frames. */
interface Frames {
  /** Frames of the recorder, which come and go. */
  own: Set<number>;
  /** The words of kpageflags. */
  flags: BigUint64Array;
  /** Those of kpagecount. */
  counts: BigUint64Array;
}

function readFrames(path: string, at: number): Frames {
  const words = (part: number) => {
    const { buffer, byteOffset, length } = inflateSync(readPut(path, at + part));
    return new BigUint64Array(buffer.slice(byteOffset, byteOffset + length));
  };
  const own = new Set<number>(JSON.parse(readPut(path, at + OWN).toString()));
  return { own, flags: words(FLAGS), counts: words(COUNTS) };
}

/** What stayed as it is from one record to the next: of the rest nobody knows what it was in between. */
function stable(first: Said, second: Said) {
  const later = new Map(second.processes.map((p) => [p.pid, p]));
  const kept: SaidProcess[] = [];
  /** Pages of those that are kept, as "PID address". */
  const unstable = new Set<string>();
  let changed = 0;
  for (const { pages, ...p } of first.processes) {
    const { pages: laterPages, ...l } = later.get(p.pid) ?? { pages: [] };
    if (JSON.stringify(p) !== JSON.stringify(l)) {
      changed++;
      continue;
    }
    const same = new Set(laterPages.map((page) => page.join()));
    const still = pages.filter((page) => same.has(page.join()));
    changed += pages.length - still.length + (laterPages.length - still.length);
    const isStill = new Set(still.map((page) => page.join()));
    for (const page of [...pages, ...laterPages]) if (!isStill.has(page.join())) unstable.add(`${p.pid} ${page[0]}`);
    kept.push({ ...p, pages: still });
  }
  return { recorder: first.recorder, kept, unstable, changed };
}

/** A line of /proc/PID/maps as the image says it. */
function mapsLines({
  begin,
  end,
  offset,
  inode,
  permissions,
  path,
}: Awaited<ReturnType<Sources['regions']>>): string[] {
  return Array.from(begin, (b, i) => {
    const hex = (n: bigint | undefined) => (n ?? 0n).toString(16).padStart(8, '0');
    return `${hex(b)}-${hex(end[i])} ${permissions[i]} ${hex(offset[i])} ${inode[i]} ${path[i]}`.trimEnd();
  });
}

/** Without the device, which the image does not show. */
const withoutDevice = (line: string) => {
  const [range, permissions, offset, , inode, ...path] = line.split(/ +/);
  return [range, permissions, offset, inode, ...path].join(' ').trimEnd();
};

async function compare(sources: Sources, truth: ReturnType<typeof stable>, roots: Record<string, string | null>) {
  const facts = new Comparison();
  const list = await sources.processes();
  const rootList = await sources.roots();
  if (!rootList) throw new Error('the image has no roots');
  const rootOf = new Map(Array.from(rootList.pid, (pid, i) => [pid, rootList.rootPa[i] as bigint]));
  const indexOf = new Map(Array.from(list.pid, (pid, i) => [pid, i]));
  const regions = new Comparison();
  const pages = new Comparison();
  const bytes = new Comparison();
  for (const p of truth.kept) {
    const i = indexOf.get(p.pid);
    facts.same(`process ${p.pid} ${p.name}`, i !== undefined, true);
    if (i === undefined) continue;
    const what = `of process ${p.pid} ${p.name}`;
    // What a worker works on is not part of its name.
    facts.same(`name ${what}`, list.name[i], p.name.replace(/^(kworker\/(?!R-)[^+-]*)[+-].*/, '$1'));
    facts.same(`parent ${what}`, list.ppid[i], p.ppid);
    facts.same(`threads ${what}`, list.threads[i], p.threads);
    facts.same(`user ${what}`, list.uid[i], p.uid);
    facts.same(`start ${what}`, Number(list.startTicks[i]), p.start);
    facts.same(`kernel thread ${what}`, list.kernelThread[i] === 1, p.kernel);
    const root = roots[p.pid];
    if (root) facts.same(`root ${what}`, rootOf.get(p.pid), BigInt(root));
    if (p.kernel) continue;
    const ours = await sources.regions(p.pid);
    const lines = mapsLines(ours);
    p.maps.map(withoutDevice).forEach((line, n) => {
      regions.same(`region ${what}`, lines[n], line);
    });
    regions.same(`regions ${what}`, lines.length, p.maps.length);
    if (p.pid !== truth.recorder) await comparePages(sources, p, ours, truth.unstable, pages, bytes);
  }
  return { facts, regions, pages, bytes };
}

/** Every page of a process, present or not. */
async function comparePages(
  sources: Sources,
  p: SaidProcess,
  regions: Awaited<ReturnType<Sources['regions']>>,
  unstable: ReadonlySet<string>,
  pages: Comparison,
  bytes: Comparison,
): Promise<void> {
  const said = new Map(p.pages.map(([va, word, sum]) => [BigInt(`0x${va}`), { word: BigInt(`0x${word}`), sum }]));
  const sums: { va: bigint; pfn: bigint; sum: number }[] = [];
  for (const [i, begin] of regions.begin.entries()) {
    const end = regions.end[i] as bigint;
    const parts: [bigint, bigint][] =
      end - begin <= LARGE
        ? [[begin, end]]
        : [
            [begin, begin + (1n << 20n)],
            [end - (1n << 20n), end],
          ];
    for (const [first, last] of parts)
      for (let at = first; at < last; at += MOST_ROWS * PAGE) {
        const n = (last - at) / PAGE;
        const vas = BigUint64Array.from(
          { length: Number(n < MOST_ROWS ? n : MOST_ROWS) },
          (_, k) => at + BigInt(k) * PAGE,
        );
        const rows = await sources.rows(p.pid, 0n, vas);
        for (const [k, va] of vas.entries()) {
          const guest = said.get(va);
          const entry = rows.words.tableWalk[k] as bigint;
          const isDevice =
            guest === undefined && rows.pfn[k] !== 0n && NOTE.name(rows.note[k] as number) === 'oneSource';
          // It is another one in the second record: nobody knows what it was in between.
          if (unstable.has(`${p.pid} ${va.toString(16)}`)) continue;
          // pagemap leaves out what a driver maps (VM_PFNMAP), and says a swapped page's type and offset.
          if (isDevice) continue;
          const where = `page ${va.toString(16)} of process ${p.pid} ${p.name} (entry ${entry.toString(16)})`;
          if (!guest || guest.word & PRESENT) {
            const pfn = guest ? guest.word & ~PRESENT : 0n;
            pages.same(where, (rows.pfn[k] as bigint).toString(16), pfn.toString(16));
            if (guest?.sum !== null && guest?.sum !== undefined) sums.push({ va, pfn, sum: guest.sum });
          } else {
            const { leaf } = (await sources.translate(p.pid, 0n, va)).path;
            const word = (1n << 62n) | (leaf.swapOffset << 5n) | BigInt(leaf.swapType);
            pages.same(where, word.toString(16), guest.word.toString(16));
          }
        }
      }
  }
  for (let at = 0; at < sums.length; at += 512) {
    const part = sums.slice(at, at + 512);
    const { bytes: frames, status } = await sources.frames(BigUint64Array.from(part, ({ pfn }) => pfn));
    for (const [k, { va, sum }] of part.entries()) {
      const where = `bytes of page ${va.toString(16)} of process ${p.pid} ${p.name}`;
      bytes.same(`status of the ${where}`, status[k], 0);
      bytes.same(where, crc32(frames.subarray(k * 4096, (k + 1) * 4096)), sum);
    }
  }
}

/** Bits of kpageflags that tell what a frame is: dirty, locked and the like change by themselves. */
const TELLING = [5, 7, 10, 11, 12, 14, 17, 18, 20, 21, 22, 24, 26, 32, 33].reduce(
  (bits, bit) => bits | (1n << BigInt(bit)),
  0n,
);
const TAIL = 1n << 16n;
const SLAB = 1n << 7n;
const ANONYMOUS = 1n << 12n;
const KSM = 1n << 21n;
/** Linux 6.12 reads these of slab frames, too, where other things are in their place. */
const NOT_OF_SLAB = ANONYMOUS | KSM;
const NO_PAGE = 1n << 20n;
const UNKNOWN = (1n << 64n) - 1n;

/** Flags and counts of all frames that have not changed. */
async function compareFrames(
  sources: Sources,
  [first, second]: [Frames, Frames],
  ranges: ReturnType<typeof rangesOf>,
): Promise<Comparison> {
  const found = new Comparison();
  const isRam = (pfn: number) => ranges.some(([begin, end]) => begin <= pfn * 4096 && pfn * 4096 < end);
  // Some kernels since 6.10 say that every anonymous page is merged.
  const isAnonymous = (f: bigint) => !(f & (NO_PAGE | SLAB)) && (f & ANONYMOUS) !== 0n;
  const merged = first.flags.every((f) => !isAnonymous(f) || (f & KSM) !== 0n) ? KSM : 0n;
  for (let at = 0; at < first.flags.length; at += 4096) {
    const pfns = BigUint64Array.from({ length: Math.min(4096, first.flags.length - at) }, (_, k) => BigInt(at + k));
    const { flags, count } = await sources.frames(pfns);
    for (let k = 0; k < pfns.length; k++) {
      const [f, c] = [first.flags[at + k] as bigint, first.counts[at + k] as bigint];
      if (f !== second.flags[at + k] || c !== second.counts[at + k] || f & NO_PAGE) continue;
      // Newer kernels say 0 of a frame without struct page.
      if (f === 0n && flags[k] === UNKNOWN && !isRam(at + k)) continue;
      if (first.own.has(at + k) || second.own.has(at + k)) continue;
      const frame = (at + k).toString(16);
      // Linux before 6.9 says little of the frames of a folio but for the first.
      const telling = (f & SLAB ? TELLING & ~NOT_OF_SLAB : TELLING) & ~merged;
      if (!(f & TAIL))
        found.same(
          `flags of frame ${frame}`,
          ((flags[k] as bigint) & telling).toString(16),
          (f & telling).toString(16),
        );
      if (count[k] !== UNKNOWN) found.same(`map count of frame ${frame}`, count[k], c);
    }
  }
  return found;
}

/** All that an image says of processes and their pages, as digests by what it is about. */
async function digests(sources: Sources): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const add = (what: string, ...values: object[]) => {
    const hash = createHash('sha256');
    for (const value of values)
      hash.update(
        value instanceof Uint8Array || value instanceof BigUint64Array
          ? value
          : JSON.stringify(value, (_, v) => (ArrayBuffer.isView(v) || typeof v === 'bigint' ? String(v) : v)),
      );
    found.set(what, hash.digest('hex'));
  };
  const list = await sources.processes();
  // All but when it was read.
  add('processes', { ...list, ns: [] });
  add('roots', (await sources.roots()) ?? {});
  for (const [i, pid] of list.pid.entries()) {
    if (list.kernelThread[i]) continue;
    const regions = await sources.regions(pid);
    add(`regions of ${pid}`, regions);
    for (const [k, begin] of regions.begin.entries()) {
      // The page of [vsyscall] is not one of the process.
      if (begin >> 63n) continue;
      const n = Number(((regions.end[k] as bigint) - begin) / PAGE);
      const vas = BigUint64Array.from({ length: Math.min(n, 4096) }, (_, page) => begin + BigInt(page) * PAGE);
      const { pfn, words } = await sources.rows(pid, 0n, vas);
      add(`entries of ${pid} from ${begin.toString(16)}`, words.tableWalk);
      const { bytes, status } = await sources.frames(pfn.filter((frame) => frame !== 0n).slice(0, 512));
      add(`frames of ${pid} from ${begin.toString(16)}`, status, bytes);
    }
  }
  return found;
}

/** The command line, as a program of its own. */
export const CLI = ['node_modules/.bin/node', 'out/main/cli.cjs'] as const;

/** The machine that stands still, read through QEMU: by the file that it shares, and through its own memory. */
async function readLive(name: string, cases: ReadonlyMap<string, { pid: number; va: bigint }>) {
  const opened = await openVm(findVm(name), false, CLI);
  const { memory, parts } = opened;
  const own = {
    ...memory,
    paths: parts.map(() => ''),
    parts: BigUint64Array.from(parts.flatMap(({ pa, bytes, hva }) => [pa, bytes, hva])),
  };
  const said: Record<string, Map<string, string>> = {};
  for (const [how, vm] of Object.entries({ 'by the shared file': memory, 'through the memory of QEMU': own }))
    said[how] = await digests(await openSources(ADDON_PATH, imageFile('', { vm })));
  // The rest of the way, to the frame of this machine.
  const nested: Record<string, unknown> = {};
  for (const [kind, { pid, va }] of cases) {
    const said = execFileSync(CLI[0], [CLI[1], 'walk', '--vm', name, String(pid), va.toString(16), '--json']);
    nested[kind] = JSON.parse(said.toString());
  }
  const known = cases.get('anon4k');
  const { host } = (nested.anon4k ?? {}) as { host?: { pa: string } };
  const window =
    known && host ? await lookAtVm(name, known, BigInt(host.pa)) : 'the fixture does not say where a page is';
  return { said, nested, window };
}

/** cr3scope dies while it has stopped the machine. Resolves to whether that ran again. */
async function dieFrozen({ monitor }: Guest, name: string): Promise<{ stopped: boolean; continued: boolean }> {
  const status = async (wanted: string) => {
    for (let attempt = 0; attempt < 600; attempt++) {
      if (((await monitor.run('query-status')) as { status: string }).status === wanted) return true;
      await new Promise((later) => setTimeout(later, 20));
    }
    return false;
  };
  const child = spawn(CLI[0], [CLI[1], 'check', '--all', '--vm', name, '--freeze', '--json'], { stdio: 'ignore' });
  const stopped = await status('paused');
  child.kill('SIGKILL');
  return { stopped, continued: await status('running') };
}

const WRITABLE_USER_PAGE = 0x67n;
const FRAME_BITS = 0xffffffffff000n;

/** What each lie alters in raw memory, and the address at which it must be named. Nothing is mapped beside `lonely`. */
async function lies(sources: Sources, pid: number, va: bigint, lonely: bigint) {
  const pathOf = async (at: bigint) => (await sources.translate(pid, 0n, at)).path;
  const [path, next, alone] = await Promise.all([va, va + PAGE, lonely].map(pathOf));
  if (!path || !next || !alone) throw new Error('the pages of the fixture are not there');
  const regions = await sources.regions(pid);
  const index = (at: bigint) => Number((at >> 12n) & 511n);
  const place = (table: bigint | undefined, at: bigint) => offsetOf(Number(table)) + index(at) * 8;
  const region = regions.begin.findIndex((begin, i) => va >= begin && va < (regions.end[i] as bigint));
  const vma = Buffer.alloc(16);
  vma.writeBigUInt64LE(regions.begin[region] as bigint, 0);
  vma.writeBigUInt64LE(regions.end[region] as bigint, 8);
  const places: number[] = [];
  await sources.search(0, 0n, 1n << 40n, vma, Buffer.alloc(16, 255), 1024n, ({ pa }) => {
    for (const at of pa) places.push(offsetOf(Number(at)) + 8);
  }).promise;
  const last = (regions.end[region] as bigint) - PAGE;
  return {
    'an entry that leads to another frame': { va, writes: [[place(path.table[1], va), next.entry[1]]] },
    'a page that is not mapped any more': { va, writes: [[place(path.table[1], va), 0n]] },
    'an executable page where no region is': {
      va: lonely + PAGE,
      writes: [[place(alone.table[1], lonely + PAGE), ((next.entry[1] as bigint) & FRAME_BITS) | WRITABLE_USER_PAGE]],
    },
    'a page hidden from its region': { va: last, writes: places.map((at) => [at, last]) },
  } as Record<string, { va: bigint; writes: [number, bigint][] }>;
}

/** Each lie in the raw image, one after the other: whether a check names it. */
async function tellLies(image: ImageFile, pid: number, va: bigint, lonely: bigint): Promise<Comparison> {
  const { path } = image;
  const named = new Comparison();
  const all = await lies(await openSources(ADDON_PATH, image), pid, va, lonely);
  for (const [lie, { va: at, writes }] of Object.entries(all)) {
    const file = openSync(path, 'r+');
    const before = writes.map(([offset, value]) => {
      const word = Buffer.alloc(8);
      readSync(file, word, 0, 8, offset);
      const lying = Buffer.alloc(8);
      lying.writeBigUInt64LE(value);
      writeSync(file, lying, 0, 8, offset);
      return word;
    });
    const { evidence } = await checkAll(await openSources(ADDON_PATH, image), pid);
    named.same(
      lie,
      evidence.some((e) => e.startsWith(`${pid} ${at.toString(16)} recordDiffers`)) ? 'named' : evidence.join(),
      'named',
    );
    writes.forEach(([offset], i) => {
      writeSync(file, before[i] as Buffer, 0, 8, offset);
    });
    closeSync(file);
  }
  return named;
}

/** How many pages have each verdict that any has; always how many mismatches. */
const sayVerdicts = (verdicts: Readonly<Record<string, number>>) =>
  VERDICTS.filter((name) => verdicts[name] || name === 'mismatch')
    .map((name) => `${verdicts[name] ?? 0} ${VERDICT.label(name)}`)
    .join(', ');

/** All processes, cross-checked: verdicts, and the evidence of mismatches. */
async function checkAll(sources: Sources, only = 0) {
  const verdicts: Record<string, number> = {};
  const evidence: string[] = [];
  const list = await sources.roots();
  for (const [i, pid] of (list?.pid ?? []).entries()) {
    if (!list?.rootPa[i] || (only && pid !== only)) continue;
    const { promise } = sources.check(pid, 0n, 0n, 1n << 63n, (batch) => {
      for (const e of batch.evidence)
        if (VERDICT.name(e.verdict) === 'mismatch')
          evidence.push(`${pid} ${e.va.toString(16)} ${NOTE.name(e.note)} record ${e.last.frameRecord.toString(16)}`);
    });
    for (const [v, n] of (await promise).counts.entries()) {
      const name = VERDICT.name(v);
      if (name !== 'notPresent') verdicts[name] = (verdicts[name] ?? 0) + Number(n);
    }
  }
  return { verdicts, evidence };
}

/** A line of `diff --json`. */
interface Told {
  type: string;
  pid?: number;
  va?: string;
  pages?: number;
  change?: string;
}

/** What a capture that was made inside says differently from one that was made outside, of what has not changed meanwhile. */
function compareCaptures(inside: string, outside: string, { kept, unstable, recorder }: ReturnType<typeof stable>) {
  // 1: something differs.
  const { stdout, status, stderr } = spawnSync(CLI[0], [CLI[1], 'diff', '--json', inside, outside], {
    maxBuffer: 1 << 30,
    encoding: 'utf8',
  });
  const failures: string[] = status === 0 || status === 1 ? [] : [stderr];
  const wanted = new Set(kept.filter((p) => !p.kernel && p.pid !== recorder).map(({ pid }) => pid));
  const pages = kept.filter(({ pid }) => wanted.has(pid)).reduce((n, p) => n + p.pages.length, 0);
  for (const line of stdout.trim().split('\n')) {
    const d = JSON.parse(line) as Told;
    if (d.type === 'totals' || (d.pid !== undefined && !wanted.has(d.pid))) continue;
    if (d.va === undefined || d.pages === undefined) {
      failures.push(line);
      continue;
    }
    for (let k = 0n; k < BigInt(d.pages); k++) {
      const va = (BigInt(d.va) + k * PAGE).toString(16);
      if (!unstable.has(`${d.pid} ${va}`)) failures.push(`page ${va} of process ${d.pid}: ${line}`);
    }
  }
  return { failures, processes: wanted.size, pages };
}

const LONG_MODE_ACTIVE = 1n << 10n;

/** What `cpus --vm` says of each CPU, against QEMU's own words. */
async function compareCpus({ monitor }: Guest, name: string, count: number, roots: Record<string, string | null>) {
  const found = new Comparison();
  const lines = execFileSync(CLI[0], [CLI[1], 'cpus', '--vm', name, '--json']).toString().trimEnd().split('\n');
  found.same('CPUs', lines.length, count);
  for (const line of lines) {
    const { cpu, rootPa, owner, registers, efer } = JSON.parse(line) as {
      cpu: number;
      rootPa: string | null;
      owner: number | null;
      registers: boolean;
      efer: string | null;
    };
    const cr3 = BigInt(`0x${/CR3=([0-9a-f]+)/.exec(await monitor.human('info registers', cpu))?.[1]}`);
    // Under PTI CR3 may be the user root, which is beside it.
    const root = BigInt(rootPa ?? 0);
    found.same(
      `root of CPU ${cpu}`,
      root.toString(16),
      (cr3 & FRAME_BITS & (root === (cr3 & FRAME_BITS) ? ~0n : ~PAGE)).toString(16),
    );
    found.same(`registers of CPU ${cpu} are known`, registers, true);
    found.same(`long mode of CPU ${cpu}, by EFER`, BigInt(efer ?? 0) & LONG_MODE_ACTIVE, LONG_MODE_ACTIVE);
    if (owner) found.same(`process ${owner} of the root of CPU ${cpu}`, root, BigInt(roots[owner] ?? 0));
  }
  return found;
}

/** A LiME file of the memory that a guest of `bytes` has, from its memory in a file. */
function writeLime(memory: string, path: string, bytes: number): void {
  const from = openSync(memory, 'r');
  const to = openSync(path, 'w');
  // System RAM of a PC: below the display, and from 1 MiB on.
  for (const [begin, end] of [[0x1000, 0x9f000], ...rangesOf(bytes).map(([b, e]) => [b || 0x100000, e])] as [
    number,
    number,
  ][]) {
    const header = Buffer.alloc(32);
    header.writeUInt32LE(0x4c694d45, 0);
    header.writeUInt32LE(1, 4);
    header.writeBigUInt64LE(BigInt(begin), 8);
    header.writeBigUInt64LE(BigInt(end - 1), 16);
    writeSync(to, header);
    const buffer = Buffer.alloc(1 << 20);
    for (let at = begin; at < end; at += buffer.length) {
      const n = readSync(from, buffer, 0, Math.min(buffer.length, end - at), offsetOf(at));
      writeSync(to, buffer, 0, n);
    }
  }
  closeSync(from);
  closeSync(to);
}

/** Dumps in every format, one after the other: each is gone before the next one is made. */
const FORMATS: Record<string, (guest: Guest, memory: string, path: string) => Promise<unknown> | unknown> = {
  'ELF vmcore': ({ monitor }, _, path) => monitor.run('dump-guest-memory', { paging: false, protocol: `file:${path}` }),
  raw: (_, memory, path) => copyFileSync(memory, path),
  LiME: (_, memory, path) => writeLime(memory, path, statSync(memory).size),
  'kdump-zlib': ({ monitor }, _, path) =>
    monitor.run('dump-guest-memory', { paging: false, protocol: `file:${path}`, format: 'kdump-zlib' }),
};

export async function testImage(
  kernel: Kernel,
  module: string,
  machine: Machine,
  differential: boolean,
  add: (part: Part) => void,
) {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-image-'));
  // QEMU's memory in a file: in RAM.
  const shared = mkdtempSync('/dev/shm/cr3scope-image-');
  const [memory, disk] = [join(shared, 'memory'), join(folder, 'records')];
  writeFileSync(disk, '');
  truncateSync(disk, 4 * SECOND);
  const images: { format: string; file: ImageFile }[] = [];
  const name = `image-${kernel.name}-${process.pid}`;
  const cases = new Map<string, { pid: number; va: bigint }>();
  let live: Awaited<ReturnType<typeof readLive>> | undefined;
  let frozen = { stopped: false, continued: false };
  let running = '';
  let roots: Record<string, string | null> = {};
  let cpus = new Comparison();
  const [inside, outside] = ['inside', 'outside'].map((capture) => join(folder, `${capture}.cr3scope`)) as [
    string,
    string,
  ];
  // A variant that says how much it has wants it for a reason.
  const mib = machine.memory > 3 * 1024 ? machine.memory : MEMORY;
  const ranges = rangesOf(mib * 2 ** 20);
  const lastFrame = Math.max(...ranges.map(([, end]) => end)) / Number(PAGE);
  const rawFile = (path: string) =>
    imageFile(path, {
      ranges: BigUint64Array.from(ranges.flatMap(([begin, end, offset]) => [begin, end - begin, offset]).map(BigInt)),
    });
  const { output, code } = await boot(
    kernel,
    module,
    {
      ...machine,
      memory: mib,
      room: '',
      qemu: [
        ...machine.qemu,
        ...['-object', `memory-backend-file,id=ram,size=${mib}M,mem-path=${memory},share=on`],
        ...['-name', `guest=${name}`, '-qmp', `unix:${folder}/qmp,server=on,wait=off`],
        // Where makedumpfile, drgn and crash look for VMCOREINFO.
        ...['-device', 'vmcoreinfo'],
        ...['-machine', 'pc,memory-backend=ram', '-drive', `file=${disk},if=virtio,format=raw`],
      ],
    },
    `insmod /run/cr3scope.ko && python3 test/guest/record.py ${lastFrame}`,
    {
      timeoutMs: 45 * 60_000, // it stands still while it is dumped
      onLine: async (line, guest) => {
        const [, kind, pid, va] = /^===case (anon4k|abovehole|thp|file-shared) (\d+) ([0-9a-f]+) /.exec(line) ?? [];
        if (kind) cases.set(kind, { pid: Number(pid), va: BigInt(`0x${va}`) });
        if (line.startsWith('===roots ')) roots = JSON.parse(line.slice(9));
        if (line === '===frozen') {
          await guest.monitor.run('stop');
          for (const [format, dump] of Object.entries(FORMATS)) {
            const path = join(folder, String(images.length));
            await dump(guest, memory, path);
            images.push({ format, file: format === 'raw' && ranges.length > 1 ? rawFile(path) : imageFile(path) });
          }
          live = await readLive(name, cases);
          const count = ((await guest.monitor.run('query-cpus-fast')) as unknown[]).length;
          cpus = await compareCpus(guest, name, count, roots);
          // 1: a mismatch, which the checks name.
          const { status, stderr } = spawnSync(CLI[0], [CLI[1], 'report', '--all', '--vm', name, '-o', outside]);
          if (status !== 0 && status !== 1) throw new Error(`report --vm: ${stderr}`);
          await guest.monitor.run('cont');
          guest.say('go');
        }
        if (line === '===again') {
          running = spawnSync(CLI[0], [CLI[1], 'check', '--all', '--vm', name, '--json'], { maxBuffer: 1 << 28 })
            .stdout.toString()
            .trimEnd()
            .split('\n')
            .at(-1) as string;
          frozen = await dieFrozen(guest, name);
          guest.say('go');
        }
      },
    },
  );
  try {
    if (code !== 0) return void add({ name: 'guest', pass: false, detail: `ended with ${code}\n${output}` });
    add({
      name: 'freeze',
      pass: frozen.stopped && frozen.continued,
      detail: `the machine stopped: ${frozen.stopped}; cr3scope was killed, and it ran again: ${frozen.continued}`,
    });
    const { verdicts, processes } = JSON.parse(running) as { verdicts: Record<string, number>; processes: number };
    add({
      name: 'check while it runs',
      pass: verdicts.mismatch === 0,
      detail: `${processes} processes: ${sayVerdicts(verdicts)}`,
    });
    add({
      name: 'cpus',
      pass: cpus.failures.length === 0,
      detail: `${cpus.compared} comparisons with QEMU’s registers${listed(cpus.failures)}`,
    });
    const truth = stable(readRecord(disk, 0), readRecord(disk, SECOND));
    const saidFrames: [Frames, Frames] = [readFrames(disk, 0), readFrames(disk, SECOND)];
    writeFileSync(inside, readPut(disk, THIRD));
    const both = compareCaptures(inside, outside, truth);
    add({
      name: 'captures from inside and outside',
      pass: both.failures.length === 0 && both.pages > 2000,
      detail: `${both.processes} processes, ${both.pages} pages there, and all that are not${listed(both.failures)}`,
    });
    for (const { format, file } of images) {
      const sources = await openSources(ADDON_PATH, file);
      if (format === 'raw' && live) {
        const image = await digests(sources);
        for (const [how, said] of Object.entries(live.said)) {
          const differ = [...new Set([...image.keys(), ...said.keys()])].filter(
            (key) => image.get(key) !== said.get(key),
          );
          add({
            name: `live ${how}`,
            pass: differ.length === 0 && image.size > 100,
            detail: `${image.size} answers as those of the raw image of that moment${listed(differ)}`,
          });
        }
        add({
          name: 'window',
          pass: live.window === '',
          detail: live.window || 'the page of a known process, and the same host frame as `walk --vm`',
        });
        for (const [kind, said] of Object.entries(live.nested)) {
          const { host, pageSize } = said as { host: { sameBytes: boolean; pageSize: string }; pageSize: string };
          add({
            name: `nested walk: ${kind}`,
            pass: host.sameBytes,
            detail: `${pageSize} in the guest, ${host.pageSize} on the host, the same bytes in guest, QEMU and host: ${host.sameBytes}`,
          });
        }
        const frames = await compareFrames(sources, saidFrames, ranges);
        add({
          name: 'frames',
          pass: frames.failures.length === 0 && frames.compared > 100_000,
          detail: `${frames.compared} flags and map counts compared${listed(frames.failures)}`,
        });
        const [known, lonely] = ['anon4k', 'abovehole'].map((kind) => cases.get(kind));
        if (!known || !lonely) throw new Error('the fixture does not say where its pages are');
        const told = await tellLies(file, known.pid, known.va, lonely.va);
        add({
          name: 'lies',
          pass: told.failures.length === 0,
          detail: `${told.compared} told${listed(told.failures)}`,
        });
      }
      const { facts, regions, pages, bytes } = await compare(sources, truth, roots);
      const failures = [facts, regions, pages, bytes].flatMap(({ failures: some }) => some);
      add({
        name: `image: ${format}`,
        pass: failures.length === 0 && bytes.compared > 2000 && regions.compared > 50,
        detail: `${truth.kept.length} processes, ${regions.compared} regions, ${pages.compared} pages, ${bytes.compared / 2} frames compared; ${truth.changed} changed meanwhile${listed(failures)}`,
      });
      if (differential && format === 'ELF vmcore') {
        const d = await compareWithOthers(kernel, sources, file.path, truth.kept);
        const told = Array.from(d.disagreements, ([what, { count, example }]) => `${count}× ${what}; ${example}`);
        add({
          name: 'differential',
          pass: d.failures.length === 0,
          detail: `${d.tools}: ${d.processes} processes, ${d.roots} roots, ${d.translations} translations and ${d.kernelTranslations} of the kernel; disagreements: ${told.length}${listed([...told, ...d.failures])}`,
        });
      }
      const { verdicts, evidence } = await checkAll(sources);
      add({
        name: `check: ${format}`,
        pass: evidence.length === 0 && (verdicts.agree ?? 0) > 2000,
        detail: `${sayVerdicts(verdicts)}${listed(evidence)}`,
      });
    }
  } finally {
    for (const path of [folder, shared]) rmSync(path, { recursive: true, force: true });
  }
}
