// SPDX-License-Identifier: GPL-2.0-only
// Commands about page tables: walk, table, explain.
import type { KernelPath, Path, Target } from '../../contract/api.ts';
import { entryText } from '../../contract/entry.ts';
import { explain, levelTitle, parseLevel, plausibleLevels } from '../../contract/explain.ts';
import { bytes, count, hex, hexVa, kpageFlagLabels, parseU64 } from '../../contract/format.ts';
import { kernelText } from '../../contract/kernel.ts';
import {
  decode,
  flagsOf,
  halfOf,
  levelName,
  levelShift,
  mapsFrame,
  PAGE_BYTES,
  pageAt,
  pagemapFlags,
  pageSizeName,
  paOf,
  pfnOf,
  physicalAddress,
  tableIndex,
  userRootOf,
} from '../../contract/paging.ts';
import { regionAt, regionText } from '../../contract/regions.ts';
import { differingLevel, frameRecordOf, hasKind, wordIn } from '../../contract/said.ts';
import { bySource } from '../../contract/sources.ts';
import {
  compareRoots,
  kindCounts,
  levelTotals,
  SLOT_RELATIONS,
  sayMarked,
  type TableEntry,
  tableBase,
  tableEntries,
} from '../../contract/table.ts';
import { ENTRY_KIND, ENTRY_KINDS, FRAME_STATUS, NOTE, VERDICT } from '../../contract/verdicts.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { type Host, walkOnHost } from '../explorer/hostWalk.ts';
import { tellWalk } from '../explorer/story.ts';
import { Failed } from '../sources/failed.ts';
import { type Json, parseAddress, parsePid, print, say, table } from './output.ts';
import { sayHostWalk } from './vm.ts';

export function walkSteps(path: Path, va: bigint, target: Target) {
  const steps = [];
  for (let level = target.levels; level >= 1 && path.last && level >= path.last; level--) {
    const raw = path.entry[level] as bigint;
    steps.push({
      level: levelName(level, target.levels),
      index: tableIndex(va, level),
      table: path.table[level] as bigint,
      entry: raw,
      kind: decode(raw, level, target, halfOf(va)).kind as string,
      flags: flagsOf(raw, level, target, target.release, halfOf(va))
        .filter((f) => f.set)
        .map((f) => f.name),
    });
  }
  return steps;
}

/** The kernel walk in words, and the first level at which its table or entry differs from ours. */
export function kernelWalk(kernel: KernelPath, path: Path, { levels }: Target) {
  const differs = differingLevel(kernel, path, levels);
  return { says: kernelText(kernel.word), word: kernel.word, differsAt: differs ? levelName(differs, levels) : null };
}

/** With the host of a virtual machine the walk goes on there. */
export async function walk(
  explorer: Explorer,
  pidText: string,
  vaText: string,
  { json }: Json,
  onHost?: Host,
): Promise<number> {
  const pid = parsePid(pidText);
  const va = parseAddress(vaText, 'an address');
  const target = await explorer.target();
  const t = await explorer.translate({ pid, startTicks: 0n, va });
  const regions = await explorer.regions({ pid, startTicks: 0n });
  const region = regionAt(regions, va);
  const { leaf } = t.path;
  const mapped = mapsFrame(ENTRY_KINDS[leaf.kind]);
  const pa = mapped ? physicalAddress(va, leaf) : null;
  const more = onHost && pa !== null ? await walkOnHost(explorer, onHost, pa, leaf.shift) : undefined;
  const steps = walkSteps(t.path, va, target);
  const row = t.row && {
    words: bySource((name) => (t.row && hasKind(target, name) ? wordIn(t.row.words, 0, name) : undefined) ?? null),
    ...(hasKind(target, 'pagemap') && {
      pagemap: t.row.words.pagemap[0] as bigint,
      pagemapFlags: pagemapFlags(t.row.words.pagemap[0] as bigint),
    }),
    verdict: VERDICT.name(t.row.verdict[0] ?? 0),
    note: NOTE.name(t.row.note[0] ?? 0),
  };
  const kernel = t.kernel && kernelWalk(t.kernel, t.path, target);
  const unread =
    FRAME_STATUS.name(t.path.status) === 'ok' ? null : FRAME_STATUS.meaning(FRAME_STATUS.name(t.path.status));
  if (json) {
    print({
      pid,
      va,
      rootPa: t.rootPa,
      region:
        region < 0
          ? null
          : {
              begin: regions.begin[region],
              end: regions.end[region],
              permissions: regions.permissions[region],
              path: regions.path[region],
            },
      steps,
      userSteps: t.userPath && walkSteps(t.userPath, va, target),
      kernelWalk: kernel,
      userKernelWalk: t.userKernel && t.userPath && kernelWalk(t.userKernel, t.userPath, target),
      kind: ENTRY_KINDS[leaf.kind],
      pageSize: mapped ? pageSizeName(leaf.shift) : null,
      pa,
      unread,
      ...row,
      ...(more && {
        host: {
          pid: more.pid,
          va: more.va,
          pa: more.pa,
          pageSize: more.pageSize,
          sameBytes: more.sameBytes,
        },
      }),
    });
    return row?.verdict === 'mismatch' ? 1 : unread ? 2 : 0;
  }
  for (const line of tellWalk(pid, va, t, target, regionText(regions, va))) say(line);
  if (more && pa !== null) sayHostWalk(pa, more);
  return row?.verdict === 'mismatch' ? 1 : unread ? 2 : 0;
}

export interface TableOptions extends Json {
  level: string;
  all?: boolean;
}

export async function tableOf(
  explorer: Explorer,
  pidText: string,
  vaText: string,
  options: TableOptions,
): Promise<number> {
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
  const f = await explorer.frame({ pfn: pfnOf(pa) });
  const status = FRAME_STATUS.name(f.status);
  if (status !== 'ok')
    throw new Failed(
      `the table at 0x${hex(pa)} can’t be read: ${FRAME_STATUS.meaning(status)}`,
      'Try again.',
      'EFAULT',
    );
  const entries = tableEntries(f.bytes, level, tableBase(va, level), target);
  const shown = options.all ? entries : entries.filter((e) => e.kind !== 'none');
  const pointsTo = (e: TableEntry) =>
    e.kind === 'table'
      ? `${levelName(level - 1, levels)} table 0x${hex(paOf(e.pfn))}`
      : mapsFrame(e.kind)
        ? `${pageSizeName(e.shift)} ${ENTRY_KIND.label(e.kind)}, frame ${hex(e.pfn)}`
        : entryText(e);
  if (options.json) {
    for (const e of shown) print({ index: e.index, va: e.va, entry: e.raw, kind: e.kind, pfn: e.pfn || null });
    return 0;
  }
  say(
    `${levelName(level, levels)} table 0x${hex(pa)} of process ${pid}: each entry covers ${bytes(1n << BigInt(levelShift(level)))} from ${hexVa(entries[0]?.va ?? 0n)}`,
  );
  say(
    `${kindCounts(entries)
      .map(([kind, n]) => `${n} ${ENTRY_KIND.label(kind)}`)
      .join(
        ', ',
      )}; ${frameRecordOf(target).flags} ${f.flags === null ? 'not readable' : kpageFlagLabels(f.flags, target).join(' ') || 'none'}`,
  );
  table(
    ['INDEX', 'ADDRESS', 'ENTRY', 'POINTS TO', 'FLAGS'],
    shown.map((e) => [
      hex(e.index, 3),
      hexVa(e.va),
      hex(e.raw, 16),
      pointsTo(e),
      flagsOf(e.raw, level, target, target.release, halfOf(e.va))
        .filter((flag) => flag.set)
        .map((flag) => flag.name)
        .join(' '),
    ]),
    new Set(),
  );
  return 0;
}

export interface TablesOptions extends Json {
  roots?: boolean;
  all?: boolean;
}

/** The tree of tables of a process by level; with --all each table, with --roots the two roots of PTI. */
export async function tables(explorer: Explorer, pidText: string, options: TablesOptions): Promise<number> {
  const pid = parsePid(pidText);
  const target = await explorer.target();
  const { levels } = target;
  const record = frameRecordOf(target).flags;
  const tree = await explorer.tables({ pid, startTicks: 0n });
  if (options.roots) return sayRoots(explorer, tree.rootPa, options);
  const totals = levelTotals(tree, levels);
  const nodes = Array.from(tree.level, (level, i) => ({
    level: levelName(level, levels),
    va: tree.va[i] as bigint,
    pa: tree.pa[i] as bigint,
    used: tree.used[i] as number,
    marked: [false, true, null][tree.marked[i] as number] as boolean | null,
    status: FRAME_STATUS.name(tree.status[i] as number),
  }));
  const mapped = { '4K': tree.mapped[0] ?? 0n, '2M': tree.mapped[1] ?? 0n, '1G': tree.mapped[2] ?? 0n };
  const bytesMapped = Object.values(mapped).reduce((a, b) => a + b, 0n);
  if (options.json) {
    if (options.all) for (const node of nodes) print(node);
    print({
      pid,
      rootPa: tree.rootPa,
      levels: totals.map(({ level, ...rest }) => ({ level: levelName(level, levels), ...rest })),
      mappedBytes: Object.fromEntries(Object.entries(mapped).map(([size, n]) => [size, Number(n)])),
      raced: Number(tree.raced),
    });
    return 0;
  }
  if (options.all) {
    table(
      ['LEVEL', 'FROM', 'TABLE', 'USED', record.toUpperCase()],
      nodes.map((n) => [
        n.level,
        hexVa(n.va),
        `0x${hex(n.pa)}`,
        n.status === 'ok' ? String(n.used) : 'not readable',
        n.marked === null ? 'unknown' : n.marked ? 'pgtable' : 'not marked',
      ]),
      new Set([3]),
    );
    say();
  }
  const frames = nodes.length;
  say(
    `process ${pid}, root 0x${hex(tree.rootPa)}: ${count(frames)} tables of the user half, ${bytes(frames * PAGE_BYTES)}`,
  );
  table(
    ['LEVEL', 'TABLES', 'ENTRIES USED', 'FILLED', record.toUpperCase()],
    totals.map((t) => [
      levelName(t.level, levels),
      count(t.tables),
      count(t.used),
      t.slots ? `${((t.used / t.slots) * 100).toFixed(1)} %` : '',
      t.tables ? sayMarked(t, target) : '',
    ]),
    new Set([1, 2, 3]),
  );
  say(
    `mapped ${bytes(bytesMapped)}: ${Object.entries(mapped)
      .map(
        ([size, n]) =>
          `${bytes(n)} by ${size} pages (${bytesMapped ? ((Number(n) / Number(bytesMapped)) * 100).toFixed(1) : 0} %)`,
      )
      .join(', ')}`,
  );
  if (tree.raced) say(`${tree.raced} PTE tables changed while they were read; their entries are not counted`);
  return 0;
}

async function sayRoots(explorer: Explorer, rootPa: bigint, { json }: TablesOptions): Promise<number> {
  const target = await explorer.target();
  if (!target.pti)
    throw new Failed(
      'this kernel runs without PTI',
      'There is one root only: kernel and user mode share it.',
      'ENODEV',
    );
  const { status, bytes: both } = await explorer.frames({ pfn: pfnOf(rootPa), count: 2 });
  const bad = status.find((one) => one !== 0);
  if (bad !== undefined)
    throw new Failed(`a root can’t be read: ${FRAME_STATUS.meaning(FRAME_STATUS.name(bad))}`, 'Try again.', 'EFAULT');
  const slots = compareRoots(pageAt(both, 0), pageAt(both, 1), target);
  if (json) {
    for (const slot of slots) print(slot);
    return 0;
  }
  say(`kernel root 0x${hex(rootPa)}, user root 0x${hex(userRootOf(rootPa))}: the slots that either uses`);
  table(
    ['SLOT', 'FROM', 'KERNEL ROOT', 'USER ROOT', 'WHAT'],
    slots.map((s) => [hex(s.index, 3), hexVa(s.va), hex(s.kernel, 16), hex(s.user, 16), SLOT_RELATIONS[s.relation]]),
    new Set(),
  );
  return 0;
}

export function levelOption(text: string, levels: number): number {
  const level = parseLevel(text, levels);
  if (level !== undefined) return level;
  throw new Failed(
    `"${text}" is not one of this machine’s ${levels} levels`,
    `Use ${Array.from({ length: levels }, (_, i) => levelName(i + 1, levels).toLowerCase()).join(', ')}.`,
  );
}

export interface ExplainOptions extends Json {
  level?: string;
  kernelHalf?: boolean;
}

export async function explainEntry(
  explorer: Explorer,
  text: string,
  { json, level, kernelHalf }: ExplainOptions,
): Promise<number> {
  const raw = parseU64(text, true);
  if (raw === undefined)
    throw new Failed(`"${text}" is not an entry`, 'Give its 64 bits in hex, like 8000000078173067.');
  const target = await explorer.target();
  const { levels, release } = target;
  const chosen = level === undefined ? undefined : levelOption(level, levels);
  const plausible = plausibleLevels(raw, target);
  const half = kernelHalf ? 'kernel' : 'user';
  const e = explain(raw, chosen ?? plausible[0] ?? 1, target, release, half);
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
      say(`as a ${levelTitle(other, levels)}: ${explain(raw, other, target, release, half).summary}`);
  return 0;
}
