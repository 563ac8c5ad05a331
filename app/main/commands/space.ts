// SPDX-License-Identifier: GPL-2.0-only
// Commands about address spaces: ps, regions, check.
import { type ByteProof, NOT_KNOWN, OUTCOMES, type Processes, type Target } from '../../contract/api.ts';
import { cgroupName } from '../../contract/cgroup.ts';
import { bytes, count, hex, hexVa } from '../../contract/format.ts';
import { NAMED_ROOT_PID } from '../../contract/image.ts';
import { cpuPercent, ticksToSeconds } from '../../contract/load.ts';
import { NO_ROOT } from '../../contract/noRoot.ts';
import { pageBytes } from '../../contract/paging.ts';
import { asTree } from '../../contract/processTree.ts';
import { sayProof } from '../../contract/proof.ts';
import { SOURCE, SOURCES, type Words } from '../../contract/sources.ts';
import { NOTE, sumCounts, VERDICTS } from '../../contract/verdicts.ts';
import { numbers, proofWords } from '../capture/formats/words.ts';
import { checkSeconds, type Explorer } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';
import {
  EVERYTHING,
  type Json,
  parsePid,
  parseSeconds,
  print,
  progressLine,
  say,
  sayVerdicts,
  sourceNames,
  table,
} from './output.ts';

export interface PsOptions extends Json {
  tree?: boolean;
  long?: boolean;
  walk?: boolean;
  sample?: string | true;
}

/** CPU use between two readings, by row of the second one; null: not known. */
async function loads(explorer: Explorer, seconds: number): Promise<{ list: Processes; percent: (number | null)[] }> {
  const first = await explorer.processes({});
  const before = new Map(
    Array.from(first.pid, (pid, i) => [
      `${pid}:${first.startTicks[i]}`,
      { ticks: first.cpuTicks[i] as bigint, ns: first.ns[i] as bigint },
    ]),
  );
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const list = await explorer.processes({});
  const percent = Array.from(list.pid, (pid, i) => {
    const now = { ticks: list.cpuTicks[i] as bigint, ns: list.ns[i] as bigint };
    return cpuPercent(before.get(`${pid}:${list.startTicks[i]}`), now) ?? null;
  });
  return { list, percent };
}

export async function ps(explorer: Explorer, { json, tree, long, walk, sample }: PsOptions): Promise<number> {
  const seconds = sample === undefined || sample === true ? 1 : parseSeconds(sample);
  const { capture } = await explorer.target();
  if (capture && (walk || sample))
    throw new Failed(
      `${capture.path} has one reading of each process, and no walk of them all`,
      'Leave out --walk and --sample.',
      'ENOTSUP',
    );
  if (walk) await explorer.owners({ pid: 0, pfn: 0n, again: true });
  const { list: p, percent } = sample
    ? await loads(explorer, seconds)
    : { list: await explorer.processes({}), percent: [] };
  const frames = (n: bigint | undefined) => (n === undefined || n === NOT_KNOWN ? null : Number(pageBytes(n)));
  const rows = Array.from(p.pid, (pid, i) => ({
    pid,
    ppid: p.ppid[i] as number,
    name: p.name[i] as string,
    user: p.user[i] as string,
    state: String.fromCharCode(p.state[i] as number),
    threads: p.threads[i] as number,
    rssBytes: Number(p.rss[i]),
    pageTableBytes: Number(p.pageTables[i]),
    privateBytes: frames(p.alone[i]),
    sharedBytes: frames(p.shared[i]),
    cpuSeconds: p.cpuTicks[i] === NOT_KNOWN ? null : ticksToSeconds(p.cpuTicks[i] as bigint),
    cpuPercent: percent[i] ?? null,
    startTicks: Number(p.startTicks[i]),
    kernelThread: p.kernelThread[i] === 1,
    rootPa: p.rootPa[i] || null,
    userRootPa: p.userRootPa[i] || null,
    borrowedRootPa: p.borrowedPa[i] || null,
    /** Why the root is not known. */
    noRoot: p.noRoot[i] ? NO_ROOT.name(p.noRoot[i] as number) : null,
    cpu: p.onCpu[i] ? (p.cpu[i] as number) : null,
    cgroup: p.cgroup[i] as string,
    command: p.command[i] as string,
  }));
  type Row = (typeof rows)[number];
  const list = tree ? asTree(rows) : rows.map((row) => ({ row, depth: 0 }));
  if (json) {
    for (const { row } of list) print(row);
    return 0;
  }
  const root = (r: Row) => {
    if (r.rootPa) return `0x${hex(r.rootPa, 9)}`;
    if (r.borrowedRootPa) return `borrows 0x${hex(r.borrowedRootPa, 9)} on CPU ${r.cpu}`;
    return r.noRoot ? NO_ROOT.label(r.noRoot) : 'not known';
  };
  const size = (r: Row, n: number | null) => (r.kernelThread || n === null ? '-' : bytes(n));
  type Column = readonly [header: string, numeric: boolean, cell: (row: Row, depth: number) => string];
  const columns: Column[] = [
    ['PID', true, (r) => String(r.pid)],
    ['PPID', true, (r) => String(r.ppid)],
    ['USER', false, (r) => r.user],
    ['S', false, (r) => r.state],
    ['THR', true, (r) => String(r.threads)],
    ...(sample ? [['CPU %', true, (r) => r.cpuPercent?.toFixed(1) ?? '-'] satisfies Column] : []),
    ['RSS', true, (r) => size(r, r.rssBytes)],
    ['TABLES', true, (r) => size(r, r.pageTableBytes)],
    ...(walk
      ? [
          ['PRIVATE', true, (r) => size(r, r.privateBytes)] satisfies Column,
          ['SHARED', true, (r) => size(r, r.sharedBytes)] satisfies Column,
        ]
      : []),
    ['ROOT PA', false, root],
    ['NAME', false, (r, depth) => `${'  '.repeat(depth)}${r.kernelThread ? `[${r.name}]` : r.name}`],
    ...(long
      ? [
          ['CGROUP', false, (r) => cgroupName(r.cgroup)] satisfies Column,
          ['COMMAND', false, (r) => r.command] satisfies Column,
        ]
      : []),
  ];
  table(
    columns.map(([header]) => header),
    list.map(({ row, depth }) => columns.map(([, , cell]) => cell(row, depth))),
    new Set([...columns.keys()].filter((i) => columns[i]?.[1])),
  );
  return 0;
}

export async function regions(explorer: Explorer, pidText: string, { json }: Json): Promise<number> {
  const pid = parsePid(pidText);
  const r = await explorer.regions({ pid, startTicks: 0n });
  const list = Array.from(r.begin, (begin, i) => ({
    begin,
    end: r.end[i] as bigint,
    permissions: r.permissions[i] as string,
    path: r.path[i] as string,
  }));
  if (json) for (const region of list) print(region);
  else if (pid === NAMED_ROOT_PID) say('Of a root that is named by hand no regions are known.');
  else if (list.length === 0) say(`Process ${pid} has no address space: a kernel thread, a zombie, or just exiting.`);
  else
    table(
      ['BEGIN', 'END', 'ACCESS', 'SIZE', 'WHAT'],
      list.map((g) => [hexVa(g.begin), hexVa(g.end), g.permissions, bytes(g.end - g.begin), g.path]),
      new Set([3]),
    );
  return 0;
}

export interface CheckOptions extends Json {
  all?: boolean;
  bytes?: boolean;
}

export async function check(explorer: Explorer, pidText: string | undefined, options: CheckOptions): Promise<number> {
  if (options.all) return checkAll(explorer, options);
  if (pidText === undefined) throw new Failed('no process is given', 'Give a PID, or --all for every process.');
  const pid = parsePid(pidText);
  const target = await explorer.target();
  const progress = progressLine(options);
  const { summary, name, evidence } = await explorer
    .check(pid, 0n, 0n, EVERYTHING, progress.show, { bytes: options.bytes ?? false })
    .promise.finally(progress.clear);
  const seconds = checkSeconds(summary);
  if (OUTCOMES[summary.outcome] !== 'complete')
    throw new Failed(
      `process ${pid} ${summary.outcome === 1 ? 'exited' : 'executed another program'} during the check`,
      'Check it again, or stop it first.',
      'ESRCH',
    );
  const verdicts = numbers(summary.counts);
  const { proof } = summary;
  if (options.json)
    print({
      pid,
      pages: Number(summary.pages),
      verdicts,
      ...(proof && { bytes: proofWords(proof) }),
      sources: sourceNames(target),
      seconds,
    });
  else {
    say(
      `${pid} ${name}: ${count(summary.pages)} pages in ${seconds.toFixed(3)} s, root 0x${hex(summary.rootPa)}, sources ${sourceNames(target).join(' + ')}`,
    );
    sayVerdicts(summary.counts);
    for (const e of evidence.filter((v) => VERDICTS[v.verdict] === 'mismatch').slice(0, 20))
      say(
        `  MISMATCH ${hexVa(e.va)}: ${NOTE.label(NOTE.name(e.note))}; ${sayWords(e.last, target)}, ${e.rounds} re-reads`,
      );
    if (proof) sayBytes(proof);
  }
  return verdicts.mismatch || proof?.differ ? 1 : 0;
}

/** "pagemap 8180000000117274, entry 8000000117274867": the words of the sources that are ready. */
const sayWords = (words: Words, target: Target): string =>
  SOURCES.filter((name) => target.sources.some((s) => s.name === name && s.ready))
    .map((name) => `${SOURCE.word(name).field} ${hex(words[name], 16)}`)
    .join(', ');

function sayBytes(proof: ByteProof): void {
  say(`  bytes of frames against /proc/PID/mem: ${sayProof(proof)} (${(Number(proof.ns) / 1e9).toFixed(3)} s)`);
  const line = (word: Uint8Array) => Array.from(word, (b) => hex(b, 2)).join(' ');
  for (const d of proof.differences.slice(0, 20)) {
    say(`  BYTES DIFFER ${hexVa(d.va + BigInt(d.offset))}, frame ${hex(d.pfn)} + ${hex(d.offset)}`);
    say(`    frame  ${line(d.frame)}`);
    say(`    memory ${line(d.memory)}`);
  }
}

export async function checkAll(explorer: Explorer, { json, bytes: compareBytes }: CheckOptions): Promise<number> {
  const target = await explorer.target();
  const list = await explorer.processes({});
  if (sourceNames(target).length < 2)
    throw new Failed('fewer than two sources are ready', 'Run `cr3scope doctor` to see why.');
  const proofs: ByteProof[] = [];
  const counted: BigUint64Array[] = [];
  const started = process.hrtime.bigint();
  // Every process that is listed is in one of these: the counts add up to the length of the list.
  const found = { processes: 0, gone: 0, kernelThreads: 0, noAddressSpace: 0 };
  const notChecked: { pid: number; name: string; reason: string }[] = [];
  let pages = 0n;
  for (let i = 0; i < list.pid.length; i++) {
    const pid = list.pid[i] as number;
    const name = list.name[i] as string;
    const line = (outcome: string, more: object = {}) => json && print({ pid, name, outcome, ...more });
    if (list.kernelThread[i]) {
      found.kernelThreads++;
      line('kernelThread');
      continue;
    }
    // The leader of other threads may be a zombie while they have the address space.
    if (!list.rootPa[i] && 'ZX'.includes(String.fromCharCode(list.state[i] as number))) {
      found.noAddressSpace++;
      line('noAddressSpace');
      continue;
    }
    try {
      const { summary } = await explorer.check(pid, list.startTicks[i] as bigint, 0n, EVERYTHING, () => undefined, {
        bytes: compareBytes ?? false,
      }).promise;
      if (summary.proof) proofs.push(summary.proof);
      counted.push(summary.counts);
      pages += summary.pages;
      const outcome = OUTCOMES[summary.outcome] ?? 'complete';
      if (outcome === 'complete') found.processes++;
      else found.gone++;
      line(outcome, {
        pages: Number(summary.pages),
        verdicts: numbers(summary.counts),
        seconds: checkSeconds(summary),
      });
    } catch (error) {
      const failed = Failed.from(error);
      if (failed.isLoss) throw failed;
      const { code, message } = failed;
      if (code === 'ESRCH' || code === 'ENOENT') {
        found.gone++;
        line('exited');
      } else {
        notChecked.push({ pid, name, reason: message });
        line('notChecked', { reason: message });
      }
    }
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const total = sumCounts(counted);
  const verdicts = numbers(total);
  if (json)
    print({
      pid: null,
      listed: list.pid.length,
      ...found,
      notChecked,
      pages: Number(pages),
      verdicts,
      ...(compareBytes && { bytes: proofWords(sumProofs(proofs)) }),
      sources: sourceNames(target),
      seconds,
    });
  else {
    say(
      `${found.processes} of ${list.pid.length} processes, ${count(pages)} pages in ${seconds.toFixed(3)} s; the others: ${found.kernelThreads} kernel threads, ${found.noAddressSpace} zombies without an address space, ${found.gone} exited or executed another program meanwhile, ${notChecked.length} not checked`,
    );
    sayVerdicts(total);
    if (compareBytes) sayBytes(sumProofs(proofs));
    for (const f of notChecked) say(`  not checked: ${f.pid} ${f.name}: ${f.reason}`);
  }
  return verdicts.mismatch || proofs.some((p) => p.differ) ? 1 : found.processes === 0 ? 2 : 0;
}

function sumProofs(proofs: readonly ByteProof[]): ByteProof {
  const sum = (name: Exclude<keyof ByteProof, 'differences'>) => proofs.reduce((n, p) => n + p[name], 0n);
  return {
    pages: sum('pages'),
    same: sum('same'),
    changing: sum('changing'),
    moved: sum('moved'),
    noFrame: sum('noFrame'),
    noMemory: sum('noMemory'),
    differ: sum('differ'),
    differences: proofs.flatMap((p) => p.differences),
    ns: sum('ns'),
  };
}
