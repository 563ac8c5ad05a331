// The commands of the command line. Exit codes: 0 fine, 1 a mismatch was found, 2 it could not be done.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { Command, CommanderError } from 'commander';
import { type KernelPath, OUTCOMES, type Path, REPORT_FORMATS, type Target } from '../contract/api.ts';
import { explain, levelTitle, parseLevel, plausibleLevels } from '../contract/explain.ts';
import { bytes, count, hex, hexVa, kpageFlagNames, parseU64 } from '../contract/format.ts';
import { differingLevel, sayKernel } from '../contract/kernel.ts';
import { accessWords, reconcile } from '../contract/owners.ts';
import {
  decode,
  flagsOf,
  levelName,
  levelShift,
  mapsFrame,
  pagemapFlags,
  pageSizeName,
  physicalAddress,
  tableIndex,
} from '../contract/paging.ts';
import { PATTERN_KINDS, parsePattern, sayHit } from '../contract/pattern.ts';
import { kindCounts, type TableEntry, tableBase, tableEntries } from '../contract/table.ts';
import {
  ENTRY_KINDS,
  FRAME_STATUS,
  FRAME_STATUS_TEXT,
  NOTE_TEXT,
  NOTES,
  VERDICT_LABEL,
  VERDICTS,
  verdictCounts,
} from '../contract/verdicts.ts';
import type { Explorer } from './explorer/explorer.ts';
import { checkSeconds, csvRows, htmlReport, jsonReport } from './explorer/report.ts';
import { tellWalk } from './explorer/story.ts';
import { VERSION } from './explorer/version.ts';
import { serve } from './serve.ts';
import { Failed } from './sources/failed.ts';

const EVERYTHING = 1n << 63n;

/** JSON for scripts: 64-bit words as "0x…" strings, counts as numbers, one object a line. */
function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, (_key, v: unknown) => (typeof v === 'bigint' ? `0x${hex(v)}` : v))}\n`);
}
const say = (line = '') => process.stdout.write(`${line}\n`);

function parsePid(text: string): number {
  const pid = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(pid >= 1 && pid <= 0x7fffffff))
    throw new Failed(`"${text}" is not a PID`, 'Give a whole number from 1; `cr3scope ps` lists them.');
  return pid;
}

function parseAddress(text: string, what: string): bigint {
  const value = parseU64(text, true);
  if (value === undefined)
    throw new Failed(`"${text}" is not ${what}`, 'Give it in hex, like 7f3a4001f000 or 0x7f3a4001f000.');
  return value;
}

/** Columns of text, the numeric ones right-aligned. */
function table(header: string[], rows: string[][], right: ReadonlySet<number>): void {
  const widths = header.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] ?? '').length)));
  for (const row of [header, ...rows])
    say(
      row
        .map((cell, i) => (right.has(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    );
}

const numbers = (words: ArrayLike<bigint>) =>
  Object.fromEntries(Object.entries(verdictCounts(words)).map(([k, v]) => [k, Number(v)]));
const sourceNames = (t: Target) => t.sources.filter((s) => s.ready).map((s) => s.name);

interface Json {
  json?: boolean;
}

async function doctor(explorer: Explorer, { json }: Json): Promise<number> {
  const t = await explorer.target();
  const ready = t.sources.filter((s) => s.ready).length;
  if (json) {
    const { ramBegin, ramEnd, ...facts } = t;
    print({ ...facts, ram: Array.from(ramBegin, (begin, i) => ({ begin, end: ramEnd[i] })) });
  } else {
    say(
      `cr3scope ${t.version} on ${t.hostname}: Linux ${t.release}, ${t.cpuModel}, ${t.cpus} CPUs, ${bytes(t.memoryBytes)}`,
    );
    say(
      `paging     ${t.levels} levels, PTI ${t.pti ? 'on' : 'off'}, PCID ${t.pcid ? 'yes' : 'no'}, ${t.maxPhysBits} physical bits, C-bit mask 0x${hex(t.encryptionMask)}`,
    );
    say(`lockdown   ${t.lockdown || 'not in this kernel'}`);
    say(`config     ${t.configFrom || 'not found: the usual distribution settings are assumed for swap type numbers'}`);
    for (const s of t.sources) {
      say(`${s.ready ? 'ready  ' : 'missing'}    ${s.label}: ${s.detail}`);
      if (!s.ready) say(`           ${s.remedy}`);
    }
    say(
      ready >= 2
        ? `${ready} sources: pages can be cross-checked.`
        : 'Fewer than two sources: nothing can be cross-checked.',
    );
  }
  return ready >= 2 ? 0 : 2;
}

async function ps(explorer: Explorer, { json }: Json): Promise<number> {
  const p = await explorer.processes({});
  const list = Array.from(p.pid, (pid, i) => ({
    pid,
    ppid: p.ppid[i] as number,
    name: p.name[i] as string,
    user: p.user[i] as string,
    state: String.fromCharCode(p.state[i] as number),
    threads: p.threads[i] as number,
    rssBytes: Number(p.rss[i]),
    pageTableBytes: Number(p.pageTables[i]),
    startTicks: Number(p.startTicks[i]),
    kernelThread: p.kernelThread[i] === 1,
    rootPa: p.rootPa[i] || null,
    userRootPa: p.userRootPa[i] || null,
    borrowedRootPa: p.borrowedPa[i] || null,
    cpu: p.onCpu[i] ? (p.cpu[i] as number) : null,
  }));
  if (json) {
    for (const process of list) print(process);
    return 0;
  }
  const root = (r: (typeof list)[number]) => {
    if (r.rootPa) return `0x${hex(r.rootPa, 9)}`;
    if (r.borrowedRootPa) return `borrows 0x${hex(r.borrowedRootPa, 9)} on CPU ${r.cpu}`;
    return r.kernelThread || r.state === 'Z' ? 'no address space' : 'not readable';
  };
  table(
    ['PID', 'PPID', 'USER', 'S', 'THR', 'RSS', 'TABLES', 'ROOT PA', 'NAME'],
    list.map((r) => [
      String(r.pid),
      String(r.ppid),
      r.user,
      r.state,
      String(r.threads),
      r.kernelThread ? '-' : bytes(r.rssBytes),
      r.kernelThread ? '-' : bytes(r.pageTableBytes),
      root(r),
      r.kernelThread ? `[${r.name}]` : r.name,
    ]),
    new Set([0, 1, 4, 5, 6]),
  );
  return 0;
}

async function regions(explorer: Explorer, pidText: string, { json }: Json): Promise<number> {
  const pid = parsePid(pidText);
  const r = await explorer.regions({ pid, startTicks: 0n });
  const list = Array.from(r.begin, (begin, i) => ({
    begin,
    end: r.end[i] as bigint,
    permissions: r.permissions[i] as string,
    path: r.path[i] as string,
  }));
  if (json) for (const region of list) print(region);
  else if (list.length === 0) say(`Process ${pid} has no address space: a kernel thread, a zombie, or just exiting.`);
  else
    table(
      ['BEGIN', 'END', 'ACCESS', 'SIZE', 'WHAT'],
      list.map((g) => [hexVa(g.begin), hexVa(g.end), g.permissions, bytes(g.end - g.begin), g.path]),
      new Set([3]),
    );
  return 0;
}

interface CheckOptions extends Json {
  all?: boolean;
}

async function check(explorer: Explorer, pidText: string | undefined, options: CheckOptions): Promise<number> {
  if (options.all) return checkAll(explorer, options);
  if (pidText === undefined) throw new Failed('no process given', 'Give a PID, or --all for every process.');
  const pid = parsePid(pidText);
  const target = await explorer.target();
  const progress = progressLine(options);
  const { summary, name, evidence } = await explorer
    .check(pid, 0n, 0n, EVERYTHING, progress.show)
    .promise.finally(progress.clear);
  const seconds = checkSeconds(summary);
  if (OUTCOMES[summary.outcome] !== 'complete')
    throw new Failed(
      `process ${pid} ${summary.outcome === 1 ? 'exited' : 'executed another program'} during the check`,
      'Check it again, or stop it first.',
      'ESRCH',
    );
  const verdicts = numbers(summary.counts);
  if (options.json) print({ pid, pages: Number(summary.pages), verdicts, sources: sourceNames(target), seconds });
  else {
    say(
      `${pid} ${name}: ${count(summary.pages)} pages in ${seconds.toFixed(3)} s, root 0x${hex(summary.rootPa)}, sources ${sourceNames(target).join(' + ')}`,
    );
    sayVerdicts(summary.counts);
    for (const e of evidence.filter((v) => VERDICTS[v.verdict] === 'mismatch').slice(0, 20))
      say(
        `  MISMATCH ${hexVa(e.va)}: ${NOTE_TEXT[NOTES[e.note] ?? 'none'].label}; pagemap ${hex(e.lastPagemap, 16)}, entry ${hex(e.lastPath.entry[e.lastPath.last] ?? 0n, 16)}, ${e.rounds} re-reads`,
      );
  }
  return verdicts.mismatch ? 1 : 0;
}

function sayVerdicts(counts: ArrayLike<bigint>): void {
  VERDICTS.forEach((v, i) => {
    say(`  ${VERDICT_LABEL[v].padEnd(16)} ${count(counts[i] ?? 0n).padStart(14)}`);
  });
}

async function checkAll(explorer: Explorer, { json }: CheckOptions): Promise<number> {
  const target = await explorer.target();
  const list = await explorer.processes({});
  if (sourceNames(target).length < 2)
    throw new Failed('fewer than two sources are ready', 'Run `cr3scope doctor` to see why.');
  const total = new BigUint64Array(VERDICTS.length);
  const started = process.hrtime.bigint();
  let processes = 0;
  let gone = 0;
  let pages = 0n;
  const notChecked: { pid: number; name: string; reason: string }[] = [];
  for (let i = 0; i < list.pid.length; i++) {
    const pid = list.pid[i] as number;
    if (list.kernelThread[i] || 'ZX'.includes(String.fromCharCode(list.state[i] as number))) continue; // no address space
    try {
      const { summary } = await explorer.check(pid, list.startTicks[i] as bigint, 0n, EVERYTHING, () => undefined)
        .promise;
      summary.counts.forEach((n, v) => {
        total[v] = (total[v] ?? 0n) + n;
      });
      pages += summary.pages;
      if (summary.outcome) gone++;
      else processes++;
      if (json)
        print({
          pid,
          name: list.name[i],
          pages: Number(summary.pages),
          verdicts: numbers(summary.counts),
          outcome: OUTCOMES[summary.outcome],
          seconds: checkSeconds(summary),
        });
    } catch (error) {
      const { code, message } = Failed.from(error);
      if (code === 'ESRCH' || code === 'ENOENT') gone++;
      else notChecked.push({ pid, name: list.name[i] as string, reason: message });
    }
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const verdicts = numbers(total);
  if (json)
    print({
      pid: null,
      processes,
      gone,
      notChecked,
      pages: Number(pages),
      verdicts,
      sources: sourceNames(target),
      seconds,
    });
  else {
    say(
      `${processes} processes, ${count(pages)} pages in ${seconds.toFixed(3)} s; ${gone} exited or executed another program meanwhile`,
    );
    sayVerdicts(total);
    for (const f of notChecked) say(`  not checked: ${f.pid} ${f.name}: ${f.reason}`);
  }
  return verdicts.mismatch ? 1 : processes === 0 ? 2 : 0;
}

/** A line on a terminal's stderr that shows how far a check is. */
function progressLine({ json }: Json, unit = 'pages') {
  const on = process.stderr.isTTY && !json;
  return {
    show: ({ done, total }: { done: bigint; total: bigint }) => {
      if (on) process.stderr.write(`\r${count(done)} of ${count(total)} ${unit}`);
    },
    clear: () => {
      if (on) process.stderr.write('\r\x1b[K');
    },
  };
}

function walkSteps(path: Path, va: bigint, target: Target) {
  const steps = [];
  for (let level = target.levels; level >= 1 && path.last && level >= path.last; level--) {
    const raw = path.entry[level] as bigint;
    steps.push({
      level: levelName(level, target.levels),
      index: tableIndex(va, level),
      table: path.table[level] as bigint,
      entry: raw,
      kind: ENTRY_KINDS[
        decode(raw, level, target).kind === 'none' ? 0 : ENTRY_KINDS.indexOf(decode(raw, level, target).kind)
      ] as string,
      flags: flagsOf(raw, level, target, target.release)
        .filter((f) => f.set)
        .map((f) => f.name),
    });
  }
  return steps;
}

/** What the kernel's walk says, and the level at which its tables or entries are others than ours. */
function kernelWalk(kernel: KernelPath, path: Path, { levels }: Target) {
  const differs = differingLevel(kernel, path, levels);
  return { says: sayKernel(kernel.word), word: kernel.word, differsAt: differs ? levelName(differs, levels) : null };
}

async function walk(explorer: Explorer, pidText: string, vaText: string, { json }: Json): Promise<number> {
  const pid = parsePid(pidText);
  const va = parseAddress(vaText, 'an address');
  const target = await explorer.target();
  const t = await explorer.translate({ pid, startTicks: 0n, va });
  const { leaf } = t.path;
  const mapped = mapsFrame(ENTRY_KINDS[leaf.kind]);
  const pa = mapped ? physicalAddress(va, leaf) : null;
  const steps = walkSteps(t.path, va, target);
  const row = t.row && {
    pagemap: t.row.pagemap[0] as bigint,
    pagemapFlags: pagemapFlags(t.row.pagemap[0] as bigint),
    verdict: VERDICTS[t.row.verdict[0] ?? 0] as (typeof VERDICTS)[number],
    note: NOTES[t.row.note[0] ?? 0] as (typeof NOTES)[number],
  };
  const kernel = t.kernel && kernelWalk(t.kernel, t.path, target);
  const unread =
    FRAME_STATUS[t.path.status] === 'ok' ? null : FRAME_STATUS_TEXT[FRAME_STATUS[t.path.status] ?? 'failed'];
  if (json) {
    print({
      pid,
      va,
      rootPa: t.rootPa,
      steps,
      userSteps: t.userPath && walkSteps(t.userPath, va, target),
      kernelWalk: kernel,
      userKernelWalk: t.userKernel && t.userPath && kernelWalk(t.userKernel, t.userPath, target),
      kind: ENTRY_KINDS[leaf.kind],
      pageSize: mapped ? pageSizeName(leaf.shift) : null,
      pa,
      unread,
      ...row,
    });
    return row?.verdict === 'mismatch' ? 1 : unread ? 2 : 0;
  }
  for (const line of tellWalk(pid, va, t, target)) say(line);
  return row?.verdict === 'mismatch' ? 1 : unread ? 2 : 0;
}

interface TableOptions extends Json {
  level: string;
  all?: boolean;
}

async function tableOf(explorer: Explorer, pidText: string, vaText: string, options: TableOptions): Promise<number> {
  const pid = parsePid(pidText);
  const va = parseAddress(vaText, 'an address');
  const target = await explorer.target();
  const { levels } = target;
  const level = levelOption(options.level, levels);
  const t = await explorer.translate({ pid, startTicks: 0n, va });
  const pa = t.path.table[level] as bigint;
  if (!pa || level < t.path.last)
    throw new Failed(
      `the walk of ${hexVa(va)} ends above the ${levelName(level, levels)} level`,
      `See \`cr3scope walk ${pid} ${hex(va)}\`, or choose another --level.`,
      'EFAULT',
    );
  const f = await explorer.frame({ pfn: pa >> 12n });
  const status = FRAME_STATUS[f.status] ?? 'failed';
  if (status !== 'ok')
    throw new Failed(`the table at 0x${hex(pa)} can't be read: ${FRAME_STATUS_TEXT[status]}`, 'Try again.', 'EFAULT');
  const entries = tableEntries(f.bytes, level, tableBase(va, level), target);
  const shown = options.all ? entries : entries.filter((e) => e.kind !== 'none');
  const pointsTo = (e: TableEntry) =>
    e.kind === 'table'
      ? `${levelName(level - 1, levels)} table 0x${hex(e.pfn << 12n)}`
      : e.kind === 'swap' || e.kind === 'marker'
        ? `${e.kind} ${e.swapType}:${hex(e.swapOffset)}`
        : e.kind === 'none'
          ? ''
          : `${e.kind}${e.shift ? ` ${pageSizeName(e.shift)}` : ''} frame ${hex(e.pfn)}`;
  if (options.json) {
    for (const e of shown) print({ index: e.index, va: e.va, entry: e.raw, kind: e.kind, pfn: e.pfn || null });
    return 0;
  }
  const flags = f.flags === null ? null : kpageFlagNames(f.flags);
  say(
    `${levelName(level, levels)} table 0x${hex(pa)} of process ${pid}: each entry covers ${bytes(1n << BigInt(levelShift(level)))} from ${hexVa(entries[0]?.va ?? 0n)}`,
  );
  say(
    `${kindCounts(entries)
      .map(([kind, n]) => `${n} ${kind}`)
      .join(', ')}; kpageflags ${flags ? flags.join(' ') || 'none' : 'not readable'}`,
  );
  table(
    ['INDEX', 'ADDRESS', 'ENTRY', 'POINTS TO', 'FLAGS'],
    shown.map((e) => [
      hex(e.index, 3),
      hexVa(e.va),
      hex(e.raw, 16),
      pointsTo(e),
      flagsOf(e.raw, level, target, target.release)
        .filter((flag) => flag.set)
        .map((flag) => flag.name)
        .join(' '),
    ]),
    new Set(),
  );
  return 0;
}

function levelOption(text: string, levels: number): number {
  const level = parseLevel(text, levels);
  if (level !== undefined) return level;
  throw new Failed(
    `"${text}" is no level of this machine's ${levels}`,
    `Use ${Array.from({ length: levels }, (_, i) => levelName(i + 1, levels).toLowerCase()).join(', ')}.`,
  );
}

interface ExplainOptions extends Json {
  level?: string;
}

async function explainEntry(explorer: Explorer, text: string, { json, level }: ExplainOptions): Promise<number> {
  const raw = parseU64(text, true);
  if (raw === undefined)
    throw new Failed(`"${text}" is not an entry`, 'Give its 64 bits in hex, like 8000000078173067.');
  const target = await explorer.target();
  const { levels, release } = target;
  const chosen = level === undefined ? undefined : levelOption(level, levels);
  const plausible = plausibleLevels(raw, target);
  const e = explain(raw, chosen ?? plausible[0] ?? 1, target, release);
  if (json) {
    print({
      raw,
      level: levelName(e.level, levels),
      guessed: chosen === undefined,
      kind: e.kind,
      summary: e.summary,
      fields: e.fields,
    });
    return 0;
  }
  const guess = chosen === undefined ? ', the likeliest level; choose another with --level' : '';
  say(`0x${hex(raw, 16)} as a ${levelTitle(e.level, levels)} of Linux ${release}${guess}`);
  say(e.summary);
  table(
    ['BITS', 'FIELD', 'VALUE', 'MEANING', 'RULE'],
    e.fields.map((f) => [
      f.high === f.low ? String(f.high) : `${f.high}..${f.low}`,
      f.name,
      f.high === f.low ? String(f.value) : `0x${hex(f.value)}`,
      f.meaning,
      f.source,
    ]),
    new Set([0, 2]),
  );
  if (chosen === undefined)
    for (const other of plausible.slice(1))
      say(`as a ${levelTitle(other, levels)}: ${explain(raw, other, target, release).summary}`);
  return 0;
}

interface FrameOptions extends Json {
  pa?: boolean;
}

async function frame(explorer: Explorer, text: string, { json, pa }: FrameOptions): Promise<number> {
  const number = parseAddress(text, pa ? 'a physical address' : 'a PFN');
  const pfn = pa ? number >> 12n : number;
  if (pfn >> 40n)
    throw new Failed(
      `frame 0x${hex(pfn)} lies beyond 52 physical bits`,
      pa ? 'Check the address.' : 'For a physical address add --pa.',
    );
  const f = await explorer.frame({ pfn });
  const status = FRAME_STATUS[f.status] ?? 'failed';
  const flags = f.flags === null ? null : kpageFlagNames(f.flags);
  if (json)
    print({
      pfn,
      pa: pfn << 12n,
      status,
      flags,
      mapCount: f.count === null ? null : Number(f.count),
      cgroup: f.cgroup,
      bytes: status === 'ok' ? Buffer.from(f.bytes).toString('hex') : null,
    });
  else {
    say(
      `frame 0x${hex(pfn)}, PA 0x${hex(pfn << 12n)}: ${flags ? flags.join(' ') || 'no flags' : 'no kpageflags'}; mapped ${f.count === null ? '?' : `${f.count}×`}`,
    );
    if (status === 'ok')
      for (let at = 0; at < f.bytes.length; at += 16) {
        const line = f.bytes.subarray(at, at + 16);
        const text16 = Array.from(line, (b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '·')).join('');
        say(`${hex((pfn << 12n) + BigInt(at), 12)}  ${Array.from(line, (b) => hex(b, 2)).join(' ')}  ${text16}`);
      }
  }
  if (status !== 'ok')
    throw new Failed(
      `frame 0x${hex(pfn)} can't be read: ${FRAME_STATUS_TEXT[status]}`,
      'Choose another frame; `cr3scope walk` names the frame of an address.',
      'EFAULT',
    );
  return 0;
}

/** A frame by its number, or as what an address of a process maps: "117274", "4077:7f3a4001f000". */
async function parseFrame(explorer: Explorer, text: string): Promise<bigint> {
  const [pidText, vaText] = text.split(':');
  if (vaText === undefined) return parseAddress(text, 'a PFN, nor PID:ADDRESS');
  const va = parseAddress(vaText, 'an address');
  const { path } = await explorer.translate({ pid: parsePid(pidText ?? ''), startTicks: 0n, va });
  if (!mapsFrame(ENTRY_KINDS[path.leaf.kind]))
    throw new Failed(
      `process ${pidText} maps no frame at ${hexVa(va)}`,
      `See \`cr3scope walk ${pidText} ${hex(va)}\`.`,
      'EFAULT',
    );
  return physicalAddress(va, path.leaf) >> 12n;
}

async function owners(explorer: Explorer, text: string, { json }: Json): Promise<number> {
  const pfn = await parseFrame(explorer, text);
  if (pfn >> 40n) throw new Failed(`frame 0x${hex(pfn)} lies beyond 52 physical bits`, 'Check the number.');
  const o = await explorer.owners({ pfn, again: false });
  const processes = await explorer.processes({});
  const names = new Map(Array.from(processes.pid, (pid, i) => [pid, processes.name[i] as string]));
  const list = Array.from(o.pid, (pid, i) => ({
    pid,
    name: names.get(pid) ?? null,
    va: o.va[i] as bigint,
    pageSize: o.still[i] ? pageSizeName(o.shift[i] as number) : null,
    access: o.still[i] ? accessWords(o.access[i] as number) : null,
    still: o.still[i] === 1,
  }));
  const seconds = Number(o.tookNs) / 1e9;
  if (json) {
    for (const owner of list) print(owner);
    print({
      pfn,
      owners: list.length,
      mapCount: o.mapCount === null ? null : Number(o.mapCount),
      flags: o.flags === null ? null : kpageFlagNames(o.flags),
      spaces: o.spaces,
      entries: Number(o.entries),
      pages: Number(o.pages),
      gone: Number(o.gone),
      raced: Number(o.raced),
      seconds,
    });
    return 0;
  }
  say(
    `frame 0x${hex(pfn)}, ${o.flags === null ? 'no kpageflags' : kpageFlagNames(o.flags).join(' ') || 'no flags'}: ${list.length === 0 ? 'no process maps it' : `mapped ${list.length}×`}. ${reconcile(o)}`,
  );
  if (list.length)
    table(
      ['PID', 'NAME', 'ADDRESS', 'PAGE', 'ACCESS'],
      list.map((w) => [
        String(w.pid),
        w.name ?? 'gone',
        hexVa(w.va),
        w.pageSize ?? '',
        w.access ?? 'no longer: changed since the walk',
      ]),
      new Set([0]),
    );
  say(
    `walked ${o.spaces} address spaces, ${count(o.entries)} entries of ${count(o.pages)} pages in ${seconds.toFixed(3)} s (${bytes(o.bytes)})${o.gone || o.raced ? `; left out: ${o.gone} that went away, ${o.raced} tables that changed` : ''}`,
  );
  return 0;
}

interface SearchOptions extends Json {
  as: string;
  pid?: string;
  limit: string;
}

async function search(explorer: Explorer, text: string, options: SearchOptions): Promise<number> {
  const kind = PATTERN_KINDS.find((k) => k === options.as);
  if (!kind) throw new Failed(`"${options.as}" is no kind of pattern`, `Use --as ${PATTERN_KINDS.join(', ')}.`);
  const pattern = parsePattern(text, kind);
  if (typeof pattern === 'string')
    throw new Failed(pattern, 'Give hex bytes like "7f 45 4c 46 ?? 01", or --as text, u64, u32.');
  const limit = /^\d{1,9}$/.test(options.limit) ? BigInt(options.limit) : 0n;
  if (limit === 0n) throw new Failed(`"${options.limit}" is not a number of hits`, 'Give a whole number from 1.');
  const pid = options.pid === undefined ? 0 : parsePid(options.pid);
  const progress = progressLine(options, 'bytes');
  const started = process.hrtime.bigint();
  const job = explorer.search(pid, 0n, (1n << 64n) - 1n, pattern, limit, (batch) => {
    progress.clear();
    for (const [i, address] of batch.address.entries()) {
      const pa = batch.pa[i] as bigint;
      const context = sayHit(batch, i);
      if (options.json) print({ address, pa, pfn: pa >> 12n, text: context.text });
      else say(`${pid ? `${hexVa(address)}  ` : ''}pa ${hex(pa, 9)}  ${context.bytes}  ${context.text}`);
    }
    progress.show(batch);
  });
  const stop = () => job.cancel();
  process.once('SIGINT', stop);
  const summary = await job.promise.finally(() => {
    progress.clear();
    process.removeListener('SIGINT', stop);
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (options.json)
    print({
      hits: Number(summary.hits),
      limited: summary.limited,
      bytes: Number(summary.bytes),
      unreadable: Number(summary.unreadable),
      seconds,
    });
  else
    say(
      `${summary.hits === 1n ? '1 hit' : `${count(summary.hits)} hits`}${summary.limited ? ' and no more looked for: raise --limit' : ''} in ${bytes(summary.bytes)} of ${pid ? `frames that process ${pid} maps` : 'physical memory'}, ${seconds.toFixed(2)} s${summary.unreadable ? `; ${bytes(summary.unreadable)} could not be read` : ''}`,
    );
  return summary.hits > 0n ? 0 : 1;
}

interface ReportOptions extends Json {
  output: string;
  format?: string;
  force?: boolean;
}

async function report(explorer: Explorer, pidText: string, options: ReportOptions): Promise<number> {
  const pid = parsePid(pidText);
  const suffix = options.format ?? options.output.split('.').at(-1) ?? '';
  const format = REPORT_FORMATS.find((f) => f === suffix);
  if (!format)
    throw new Failed(
      `"${suffix}" is no report format`,
      `Use --format ${REPORT_FORMATS.join(', ')}, or a file name with that ending.`,
    );
  const temporary = `${options.output}.${process.pid}.tmp`;
  let file: FileHandle;
  try {
    if (!options.force) await (await open(options.output, 'wx')).close().then(() => rm(options.output));
    file = await open(temporary, 'wx');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === 'EEXIST'
      ? new Failed(`${options.output} exists`, 'Add --force to replace it, or choose another name.', code)
      : new Failed(message, 'Choose a folder you can write to.', code);
  }
  try {
    const stream = file.createWriteStream();
    const written = once(stream, 'finish');
    written.catch(() => undefined);
    const list = await explorer.regions({ pid, startTicks: 0n });
    // CSV streams: every run is written, also those beyond what the other formats keep in memory.
    let first = true;
    const progress = progressLine(options);
    const record = await explorer
      .check(pid, 0n, 0n, EVERYTHING, progress.show, (runs) => {
        if (format !== 'csv') return;
        stream.write(csvRows(runs, list, first));
        first = false;
      })
      .promise.finally(progress.clear);
    if (format !== 'csv') stream.write(format === 'html' ? htmlReport(record) : jsonReport(record));
    stream.end();
    await written;
    await rename(temporary, options.output);
    const seconds = checkSeconds(record.summary);
    const verdicts = numbers(record.summary.counts);
    if (options.json)
      print({
        pid,
        output: options.output,
        format,
        pages: Number(record.summary.pages),
        verdicts,
        outcome: OUTCOMES[record.summary.outcome],
        seconds,
      });
    else
      say(
        `${options.output}: ${count(record.summary.pages)} pages, ${verdicts.mismatch ? `${verdicts.mismatch} MISMATCHES` : 'no mismatch'}${record.summary.outcome ? `; incomplete: the process ${OUTCOMES[record.summary.outcome]}` : ''}`,
      );
    return verdicts.mismatch ? 1 : record.summary.outcome ? 2 : 0;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

interface ServeOptions extends Json {
  port: string;
  open?: boolean;
}

async function runServe(explorer: Explorer, { port, json, open: openBrowser }: ServeOptions): Promise<number> {
  const number = Number(port);
  if (!/^\d{1,5}$/.test(port) || number > 65535)
    throw new Failed(`"${port}" is not a port`, 'Give a number from 0 to 65535; 0 takes a free one.');
  const server = await serve(explorer, number);
  if (json) print({ url: server.url, port: server.port, pid: process.pid });
  else {
    say(`cr3scope serves on this machine only. Open this link; it works once, in one browser:\n\n  ${server.url}\n`);
    say(
      `From another machine: ssh -L ${server.port}:127.0.0.1:${server.port} root@this-machine, then open it there. Ctrl-C ends.`,
    );
  }
  if (openBrowser) {
    // Best effort: the link stands above for whoever has no xdg-open, or a browser that does not start from root.
    spawn('xdg-open', [server.url], { detached: true, stdio: 'ignore' })
      .on('error', () => undefined)
      .unref();
  }
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await stopped;
  explorer.close();
  await server.close();
  return 0;
}

const example = (text: string) => `\nExample:\n  ${text}\n`;

/** Runs one command line; resolves to its exit code. `openExplorer` is called once the arguments are known to be good. */
export async function runCommand(argv: readonly string[], openExplorer: () => Promise<Explorer>): Promise<number> {
  let exitCode = 0;
  const program = new Command('cr3scope')
    .description(
      'Explores Linux process memory by physical address and cross-checks every translation.\nExit codes: 0 fine, 1 a mismatch was found, 2 it could not be done.',
    )
    .version(VERSION)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'cr3scope: ')) })
    .showHelpAfterError('Run `cr3scope --help` to see the commands.');
  const command = (usage: string, description: string, sample: string) =>
    program
      .command(usage)
      .description(description)
      .option('--json', 'machine-readable output, one object a line')
      .addHelpText('after', example(sample))
      .exitOverride();
  const run = async (action: (explorer: Explorer) => Promise<number>) => {
    exitCode = await action(await openExplorer());
  };
  command(
    'doctor',
    'facts of this machine, which sources are ready, and what to do about the others',
    'cr3scope doctor',
  ).action((o: Json) => run((e) => doctor(e, o)));
  command('ps', 'processes with the physical address of their root page table', 'cr3scope ps').action((o: Json) =>
    run((e) => ps(e, o)),
  );
  command('regions <pid>', 'regions of a process', 'cr3scope regions 1').action((pid: string, o: Json) =>
    run((e) => regions(e, pid, o)),
  );
  command('check [pid]', 'cross-check every page of a process, or of all', 'cr3scope check 1 --json')
    .option('--all', 'every process')
    .action((pid: string | undefined, o: CheckOptions) => run((e) => check(e, pid, o)));
  command('walk <pid> <va>', 'the walk of one virtual address, level by level', 'cr3scope walk 1 7f3a4001f000').action(
    (pid: string, va: string, o: Json) => run((e) => walk(e, pid, va, o)),
  );
  command(
    'table <pid> <va>',
    'the table on the way to an address, entry by entry',
    'cr3scope table 1 7f3a4001f000 --level pmd',
  )
    .option('--level <level>', 'pte, pmd, pud, p4d or pgd', 'pte')
    .option('--all', 'empty entries, too')
    .action((pid: string, va: string, o: TableOptions) => run((e) => tableOf(e, pid, va, o)));
  command(
    'explain <entry>',
    'a raw page-table entry, bit by bit; needs no privileges',
    'cr3scope explain 0x8000000078173067 --level pte',
  )
    .option('--level <level>', 'pte, pmd, pud, p4d or pgd; by default the likeliest')
    .action((entry: string, o: ExplainOptions) => run((e) => explainEntry(e, entry, o)));
  command(
    'frame <number>',
    'bytes and flags of a physical frame, by its number in hex',
    'cr3scope frame 117274   (or: cr3scope frame --pa 117274000)',
  )
    .option('--pa', 'the number is a physical address')
    .action((number: string, o: FrameOptions) => run((e) => frame(e, number, o)));
  command(
    'owners <frame>',
    'who maps a frame: every process and address, by walking all address spaces',
    'cr3scope owners 117274   (or: cr3scope owners 4077:7f3a4001f000)',
  ).action((frameText: string, o: Json) => run((e) => owners(e, frameText, o)));
  command(
    'search <pattern>',
    'bytes in physical memory, or in what a process maps; exit code 1 where there are none',
    'cr3scope search "7f 45 4c 46 02 ?? 01" --pid 1   (or: cr3scope search --as text "secret")',
  )
    .option('--as <kind>', 'hex (?? is any byte), text, u64 or u32', 'hex')
    .option('--pid <pid>', 'only in the frames that this process maps')
    .option('--limit <hits>', 'end after so many hits', '1000')
    .action((pattern: string, o: SearchOptions) => run((e) => search(e, pattern, o)));
  command('report <pid>', 'check a process and write the evidence to a file', 'cr3scope report 1 -o init.html')
    .requiredOption('-o, --output <file>', 'file to write')
    .option('--format <format>', `${REPORT_FORMATS.join(', ')}; by default the ending of the file name`)
    .option('--force', 'replace the file if it exists')
    .action((pid: string, o: ReportOptions) => run((e) => report(e, pid, o)));
  command('serve', 'the user interface for a browser, on loopback with a one-time token', 'cr3scope serve --port 8443')
    .option('--port <port>', 'port on 127.0.0.1, 0 for a free one', '0')
    .option('--open', 'also open it in the default browser')
    .action((o: ServeOptions) => run((e) => runServe(e, o)));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { message, remedy } = Failed.from(error);
    process.stderr.write(`cr3scope: ${message}. ${remedy}\n`);
    return 2;
  }
}
