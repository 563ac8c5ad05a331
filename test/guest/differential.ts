// SPDX-License-Identifier: GPL-2.0-only
// What drgn and crash say of a vmcore, by the kernel's debug information, beside what cr3scope says without it: processes,
// roots, and a sample of translations. Where they differ, the guest's own pagemap says who is right.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { physicalAddress } from '../../app/contract/paging.ts';
import type { Sources } from '../../app/main/sources/sources.ts';
import { debianRoot } from './apt.ts';
import { fetchSymbols, type Kernel } from './kernels.ts';

const PAGE = 4096n;
const PRESENT = 1n << 63n;
const SAMPLE = 10_000;
/** Of a larger region only the beginning is sampled. */
const MOST_PAGES = 4096n;

interface Truth {
  pid: number;
  kernel: boolean;
  /** Of the pages that are there: the word of pagemap. */
  pages: [va: string, word: string, sum: number | null][];
}

/** Of one page: each is a frame number, 0 for none, or why it is not known. */
interface Answer {
  pid: number;
  va: bigint;
  kind: string;
  ours: bigint;
  guest: bigint;
  drgn: bigint;
  crash: bigint;
}

interface Listed {
  name: string;
  root: bigint;
}

export interface Differential {
  tools: string;
  processes: number;
  roots: number;
  translations: number;
  kernelTranslations: number;
  /** By what differs: how often, and an example. */
  disagreements: Map<string, { count: number; example: string }>;
  /** What cr3scope says otherwise than the guest itself: must be none. */
  failures: string[];
}

const toolsRoot = () => debianRoot('tools', 'usr/bin/crash', 'python3-drgn,crash,python3,bash,coreutils');

/** Runs a program in the root of the tools, which sees these folders as /0, /1 and so on. */
export function inTools(folders: readonly string[], words: readonly string[]): string {
  const root = toolsRoot();
  const mounts = folders.map((folder, i) => {
    mkdirSync(join(root, String(i)), { recursive: true });
    return `mount --bind '${folder}' '${join(root, String(i))}'`;
  });
  mounts.push(`mount -t proc proc '${join(root, 'proc')}'`);
  // The mounts are gone with their namespace.
  const script = `${mounts.join(' && ')} && exec chroot '${root}' "$@"`;
  const { stdout, stderr, status } = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', ...words], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/', TERM: 'dumb' },
  });
  if (status !== 0) throw new Error(`${words[0]} ended with ${status}\n${stdout.slice(-4000)}\n${stderr.slice(-4000)}`);
  return stdout;
}

/** Pages of all processes, those that are there and others, spread evenly over all of them. */
async function samplePages(sources: Sources, truth: readonly Truth[]) {
  const all: { pid: number; va: bigint; guest: bigint }[] = [];
  for (const { pid, kernel, pages } of truth) {
    if (kernel) continue;
    const words = new Map(pages.map(([va, word]) => [BigInt(`0x${va}`), BigInt(`0x${word}`)]));
    const { begin, end } = await sources.regions(pid);
    for (const [i, first] of begin.entries()) {
      if (first >> 63n) continue;
      const last = end[i] as bigint;
      const upTo = last - first > MOST_PAGES * PAGE ? first + MOST_PAGES * PAGE : last;
      for (let va = first; va < upTo; va += PAGE) {
        const word = words.get(va) ?? 0n;
        all.push({ pid, va, guest: word & PRESENT ? word & ~PRESENT : 0n });
      }
    }
  }
  const step = Math.max(1, all.length / SAMPLE);
  return Array.from(
    { length: Math.min(SAMPLE, all.length) },
    (_, i) => all[Math.floor(i * step)] as (typeof all)[number],
  );
}

interface Drgn {
  version: string;
  processes: { pid: number; name: string; root: string | null; task: string; taskPa: string }[];
  pages: string[];
}

const pfnOf = (text: string) => (/^[0-9a-f]+$/.test(text) ? BigInt(`0x${text}`) / PAGE : 0n);

/** What crash prints for `vtop` of each page, and of each process's root. */
function askCrash(
  folders: readonly string[],
  vmlinux: string,
  dump: string,
  pages: readonly { pid: number; va: bigint }[],
) {
  const lines = ['set scroll off', 'ps'];
  const pids = [...new Set(pages.map(({ pid }) => pid))];
  for (const pid of pids) {
    lines.push(`set ${pid}`, `task -R mm ${pid}`);
    // One a line: it leaves out what follows a page that is swapped out.
    for (const page of pages) if (page.pid === pid) lines.push(`vtop -u ${page.va.toString(16)}`);
  }
  writeFileSync(join(folders[1] as string, 'crash.in'), `${lines.join('\n')}\nquit\n`);
  const said = inTools(folders, ['/usr/bin/crash', '-s', '-i', '/1/crash.in', `/0/${vmlinux}`, `/1/${dump}`]);
  /** By "PID address". */
  const frames = new Map<string, bigint>();
  const processes = new Map<number, string>();
  for (const [, pid, name = ''] of said.matchAll(
    /^[> ] +(\d+) +\d+ +\d+ +[0-9a-f]{16} +\S+ +\S+ +\d+ +\d+ +(.*?) *$/gm,
  ))
    processes.set(Number(pid), name);
  const roots = new Map<number, bigint>();
  const walks = said.split(/^PID: /m).slice(1);
  for (const walk of walks) {
    const pid = Number(/^\d+/.exec(walk)?.[0]);
    // "VIRTUAL PHYSICAL" and a line with both, or "(not mapped)"; then the walk.
    for (const [, va = '', physical = ''] of walk.matchAll(/^VIRTUAL +PHYSICAL *\n([0-9a-f]+) +(\S.*?) *$/gm))
      frames.set(`${pid} ${va}`, pfnOf(physical));
    // Where the entry of the root is.
    const entry = /^ +PGD: ([0-9a-f]+) => /m.exec(walk)?.[1];
    if (entry) roots.set(pid, BigInt(`0x${entry}`) & ~(PAGE - 1n));
  }
  return {
    version: /^crash (\S+)/m.exec(inTools([], ['/usr/bin/crash', '--version']))?.[1] ?? '',
    frames,
    processes,
    roots,
    said,
  };
}

/** `dump`: an ELF vmcore with VMCOREINFO in its notes. `truth`: what the guest says and has not changed meanwhile. */
export async function compareWithOthers(
  kernel: Kernel,
  sources: Sources,
  dump: string,
  truth: readonly Truth[],
): Promise<Differential> {
  const vmlinux = fetchSymbols(kernel);
  const folders = [dirname(vmlinux), dirname(dump)];
  const pages = await samplePages(sources, truth);
  const request = join(folders[1] as string, 'request.json');
  writeFileSync(request, JSON.stringify({ pages: pages.map(({ pid, va }) => [pid, va.toString(16)]) }));
  cpSync(join(import.meta.dirname, 'differential.py'), join(folders[1] as string, 'differential.py'));
  const drgn = JSON.parse(
    inTools(folders, [
      '/usr/bin/python3',
      '/1/differential.py',
      `/0/${basename(vmlinux)}`,
      `/1/${basename(dump)}`,
      '/1/request.json',
    ]),
  ) as Drgn;
  const crash = askCrash(folders, basename(vmlinux), basename(dump), pages);

  const disagreements: Differential['disagreements'] = new Map();
  const failures: string[] = [];
  const differ = (what: string, example: string) => {
    const known = disagreements.get(what);
    disagreements.set(what, { count: (known?.count ?? 0) + 1, example: known?.example ?? example });
  };

  const list = await sources.processes();
  const rootList = await sources.roots();
  const rootOf = new Map(Array.from(rootList?.pid ?? [], (pid, i) => [pid, rootList?.rootPa[i] as bigint]));
  const ours = new Map<number, Listed>(
    Array.from(list.pid, (pid, i) => [pid, { name: list.name[i] as string, root: rootOf.get(pid) ?? 0n }]),
  );
  const byDrgn = new Map<number, Listed>(
    drgn.processes.map(({ pid, name, root }) => [pid, { name, root: root ? BigInt(`0x${root}`) : 0n }]),
  );
  let roots = 0;
  for (const pid of new Set([...ours.keys(), ...byDrgn.keys()])) {
    const [mine, theirs] = [ours.get(pid), byDrgn.get(pid)];
    if (!mine || !theirs) {
      differ(`process only ${mine ? 'in cr3scope' : 'in drgn'}`, `${pid} ${(mine ?? theirs)?.name}`);
      continue;
    }
    if (mine.name !== theirs.name) differ('name: cr3scope and drgn', `${pid}: “${mine.name}”, drgn “${theirs.name}”`);
    if (theirs.root || mine.root) roots++;
    if (theirs.root !== mine.root)
      differ('root: cr3scope and drgn', `${pid}: ${mine.root.toString(16)}, drgn ${theirs.root.toString(16)}`);
    const byCrash = crash.roots.get(pid);
    if (byCrash !== undefined && byCrash !== mine.root)
      differ('root: cr3scope and crash', `${pid}: ${mine.root.toString(16)}, crash ${byCrash.toString(16)}`);
    if (!crash.processes.has(pid)) differ('process not in crash', `${pid} ${mine.name}`);
  }

  const orders = [...new Set(pages.map(({ pid }) => pid))];
  const unanswered = pages.filter(({ pid, va }) => !crash.frames.has(`${pid} ${va.toString(16)}`));
  for (const { pid, va } of unanswered) differ('page that crash says nothing of', `${pid} ${va.toString(16)}`);
  for (const pid of orders) {
    const indices = [...pages.keys()].filter((i) => pages[i]?.pid === pid);
    const rows = await sources.rows(
      pid,
      0n,
      BigUint64Array.from(indices, (i) => pages[i]?.va ?? 0n),
    );
    for (const [k, i] of indices.entries()) {
      const { va, guest } = pages[i] as (typeof pages)[number];
      const answer: Answer = {
        pid,
        va,
        kind: (rows.words.tableWalk[k] as bigint) & 1n ? 'present' : rows.pfn[k] ? 'PROT_NONE' : 'not present',
        ours: rows.pfn[k] as bigint,
        guest,
        drgn: pfnOf(drgn.pages[i] as string),
        crash: crash.frames.get(`${pid} ${va.toString(16)}`) ?? 0n,
      };
      judge(answer, differ, failures);
    }
  }
  const tasks = drgn.processes;
  for (const { pid, task, taskPa } of tasks) {
    const { path } = await sources.translate(orders[0] as number, 0n, BigInt(`0x${task}`));
    const pa = physicalAddress(BigInt(`0x${task}`), path.leaf);
    if (pa.toString(16) !== taskPa)
      differ('kernel address: cr3scope and drgn', `task of ${pid}: ${pa.toString(16)}, drgn ${taskPa}`);
  }
  return {
    tools: `drgn ${drgn.version}, crash ${crash.version}`,
    processes: ours.size,
    roots,
    translations: pages.length,
    kernelTranslations: tasks.length,
    disagreements,
    failures,
  };
}

function judge(
  { pid, va, kind, ours, guest, drgn, crash }: Answer,
  differ: (what: string, example: string) => void,
  failures: string[],
): void {
  const said = `${pid} ${va.toString(16)}: cr3scope ${ours.toString(16)}, guest ${guest.toString(16)}, drgn ${drgn.toString(16)}, crash ${crash.toString(16)}`;
  // pagemap leaves out what a driver maps.
  if (ours !== guest && guest !== 0n) failures.push(said);
  for (const [tool, theirs] of Object.entries({ drgn, crash }))
    if (theirs !== ours) {
      const right = guest === ours ? 'cr3scope' : guest === theirs ? tool : 'neither';
      differ(`${kind} page, ${tool} says ${theirs ? 'another frame' : 'no frame'}: right is ${right}`, said);
    }
}
