// SPDX-License-Identifier: GPL-2.0-only
// Commands about physical memory: frame, owners, search.
import { bytes, count, hex, hexVa, kpageFlagLabels, kpageFlagNames } from '../../contract/format.ts';
import { parseRange } from '../../contract/link.ts';
import { accessWords, reconcile } from '../../contract/owners.ts';
import {
  levelName,
  mapsFrame,
  PFN_END,
  pageBytes,
  pageSizeName,
  paOf,
  pfnOf,
  physicalAddress,
} from '../../contract/paging.ts';
import { PATTERN_KINDS, parsePattern, sayHit } from '../../contract/pattern.ts';
import { ROLE, ROLES } from '../../contract/roles.ts';
import { frameRecordOf } from '../../contract/said.ts';
import { reconcileTotals } from '../../contract/totals.ts';
import { ENTRY_KINDS, FRAME_STATUS } from '../../contract/verdicts.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';
import { type Json, parseAddress, parsePid, print, progressLine, say, table } from './output.ts';
import { overlay } from './overlay.ts';

export interface FrameOptions extends Json {
  pa?: boolean;
  /** A pattern to lay over its bytes. */
  as?: string;
}

export async function frame(explorer: Explorer, text: string, { json, pa, as }: FrameOptions): Promise<number> {
  const number = parseAddress(text, pa ? 'a physical address' : 'a PFN');
  const pfn = pa ? pfnOf(number) : number;
  if (pfn >= PFN_END)
    throw new Failed(
      `frame 0x${hex(pfn)} is beyond 52 physical bits`,
      pa ? 'Check the address.' : 'For a physical address add --pa.',
    );
  if (as !== undefined) return overlay(explorer, pa ? number : paOf(pfn), as, json === true);
  const f = await explorer.frame({ pfn });
  const target = await explorer.target();
  const status = FRAME_STATUS.name(f.status);
  const flags = f.flags === null ? null : kpageFlagNames(f.flags);
  if (json)
    print({
      pfn,
      pa: paOf(pfn),
      status,
      flags,
      mapCount: f.count === null ? null : Number(f.count),
      role: ROLE.name(f.role),
      node: f.node,
      cgroup: f.cgroup,
      cgroupPath: f.cgroupPath,
      bytes: status === 'ok' ? Buffer.from(f.bytes).toString('hex') : null,
    });
  else {
    say(
      `frame 0x${hex(pfn)}, PA 0x${hex(paOf(pfn))}: ${f.flags === null ? `no ${frameRecordOf(target).flags}` : kpageFlagLabels(f.flags, target).join(' ') || 'no flags'}; mapped ${f.count === null ? '?' : `${f.count}×`}`,
    );
    say(
      [
        `used as: ${ROLE.label(ROLE.name(f.role))}`,
        ...(f.node === null ? [] : [`NUMA node ${f.node}`]),
        ...(f.cgroup ? [`cgroup ${f.cgroupPath ?? `inode ${Number(f.cgroup)}, gone`}`] : []),
      ].join('; '),
    );
    if (status === 'ok')
      for (let at = 0; at < f.bytes.length; at += 16) {
        const line = f.bytes.subarray(at, at + 16);
        const text16 = Array.from(line, (b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '·')).join('');
        say(`${hex(paOf(pfn) + BigInt(at), 12)}  ${Array.from(line, (b) => hex(b, 2)).join(' ')}  ${text16}`);
      }
  }
  if (status !== 'ok')
    throw new Failed(
      `frame 0x${hex(pfn)} can’t be read: ${FRAME_STATUS.meaning(status)}`,
      'Choose another frame; `cr3scope walk` names the frame of an address.',
      'EFAULT',
    );
  return 0;
}

/** A frame by its number, or as what an address of a process maps: "117274", "4077:7f3a4001f000". */
export async function parseFrame(explorer: Explorer, text: string): Promise<{ pfn: bigint; pid: number }> {
  const [pidText, vaText] = text.split(':');
  if (vaText === undefined) return { pfn: parseAddress(text, 'a PFN, nor PID:ADDRESS'), pid: 0 };
  const va = parseAddress(vaText, 'an address');
  const pid = parsePid(pidText ?? '');
  const { path } = await explorer.translate({ pid, startTicks: 0n, va });
  if (!mapsFrame(ENTRY_KINDS[path.leaf.kind]))
    throw new Failed(
      `process ${pidText} maps no frame at ${hexVa(va)}`,
      `See \`cr3scope walk ${pidText} ${hex(va)}\`.`,
      'EFAULT',
    );
  return { pfn: pfnOf(physicalAddress(va, path.leaf)), pid };
}

export async function owners(explorer: Explorer, text: string, { json }: Json): Promise<number> {
  const { pfn, pid: asked } = await parseFrame(explorer, text);
  if (pfn >= PFN_END) throw new Failed(`frame 0x${hex(pfn)} is beyond 52 physical bits`, 'Check the number.');
  const o = await explorer.owners({ pfn, pid: asked, again: false });
  const target = await explorer.target();
  const { levels } = target;
  const processes = await explorer.processes({});
  const names = new Map(Array.from(processes.pid, (pid, i) => [pid, processes.name[i] as string]));
  const list = Array.from(o.pid, (pid, i) => ({
    pid,
    name: names.get(pid) ?? null,
    sharers: o.sharers[i] as number[],
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
      tableOf: Array.from(o.tablePid, (pid, i) => ({
        pid,
        level: levelName(o.tableLevel[i] as number, levels),
        va: o.tableVa[i],
      })),
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
    `frame 0x${hex(pfn)}, ${o.flags === null ? `no ${frameRecordOf(target).flags}` : kpageFlagLabels(o.flags, target).join(' ') || 'no flags'}: ${list.length === 0 ? 'no process maps it' : `mapped ${list.length}×`}. ${reconcile(o, target)}`,
  );
  if (list.length)
    table(
      ['PID', 'NAME', 'ADDRESS', 'PAGE', 'ACCESS'],
      list.map((w) => [
        [w.pid, ...w.sharers].join(' '),
        w.name ?? 'gone',
        hexVa(w.va),
        w.pageSize ?? '',
        w.access ?? 'no longer: changed since the walk',
      ]),
      new Set([0]),
    );
  if (list.some((w) => w.sharers.length)) say('processes in one line share their address space, so the mapping is one');
  for (const [i, pid] of o.tablePid.entries())
    say(
      `it is a ${levelName(o.tableLevel[i] as number, levels)} table of ${pid} ${names.get(pid) ?? 'gone'}, from ${hexVa(o.tableVa[i] as bigint)}`,
    );
  say(
    `walked ${o.spaces} address spaces, ${count(o.entries)} entries of ${count(o.pages)} pages in ${seconds.toFixed(3)} s (${bytes(o.bytes)})${o.gone || o.raced ? `; left out: ${o.gone} that went away, ${o.raced} tables that changed` : ''}`,
  );
  return 0;
}

/** The frames that two processes share, and the addresses at which each has its own. */
export async function shared(explorer: Explorer, pidText: string, otherText: string, { json }: Json): Promise<number> {
  const pid = parsePid(pidText);
  const other = parsePid(otherText);
  if (pid === other) throw new Failed(`process ${pid} is given twice`, 'Give two processes.');
  const s = await explorer.shared({ pid, startTicks: 0n, other, otherStart: 0n });
  const runs = Array.from(s.pages, (pages, i) => ({
    va: s.vaA[i] as bigint,
    otherVa: s.vaB[i] as bigint,
    pages: Number(pages),
    copy: s.copy[i] === 1,
  }));
  if (json) {
    for (const r of runs) print(r);
    print({
      pid,
      other,
      shared: Number(s.shared),
      copies: Number(s.copies),
      mapped: Number(s.mappedA),
      otherMapped: Number(s.mappedB),
    });
    return 0;
  }
  if (runs.length)
    table(
      [`IN ${pid}`, `IN ${other}`, 'PAGES', 'WHAT'],
      runs.map((r) => [
        hexVa(r.va),
        hexVa(r.otherVa),
        count(r.pages),
        r.copy ? 'frames of their own' : 'the same frames',
      ]),
      new Set([2]),
    );
  say(
    `${count(s.shared)} pages (${bytes(pageBytes(s.shared))}) lead to the same frames; at ${count(s.copies)} addresses each has a frame of its own, as after copy on write. ${pid} maps ${count(s.mappedA)} pages, ${other} ${count(s.mappedB)}; the zero pages are left out.`,
  );
  return 0;
}

export interface SearchOptions extends Json {
  as: string;
  pid?: string;
  limit: string;
}

export async function search(explorer: Explorer, text: string, options: SearchOptions): Promise<number> {
  const kind = PATTERN_KINDS.find((k) => k === options.as);
  if (!kind) throw new Failed(`"${options.as}" is not a kind of pattern`, `Use --as ${PATTERN_KINDS.join(', ')}.`);
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
      if (options.json) print({ address, pa, pfn: pfnOf(pa), text: context.text });
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
      gone: summary.gone,
      seconds,
    });
  else
    say(
      `${summary.hits === 1n ? '1 hit' : `${count(summary.hits)} hits`} in ${bytes(summary.bytes)} of ${pid ? `frames that process ${pid} maps` : 'physical memory'}, ${seconds.toFixed(2)} s${summary.limited ? '; stopped at --limit' : ''}${summary.unreadable ? `; ${bytes(summary.unreadable)} ${explorer.sources.facts.capture ? 'are not in the capture' : 'could not be read'}` : ''}${summary.gone ? '; the process exited in the meantime: the last hits may be in memory of others' : ''}`,
    );
  return summary.hits > 0n ? 0 : 1;
}

export type MemoryOptions = Json;

/** What physical memory is used for, by role and by process. */
export async function memory(explorer: Explorer, text: string | undefined, { json }: MemoryOptions): Promise<number> {
  const range = text === undefined ? undefined : parseRange(text);
  if (text !== undefined && !range)
    throw new Failed(
      `"${text}" is not a range of frames`,
      'Give two frame numbers in hex, the end exclusive: 100000-140000.',
    );
  const target = await explorer.target();
  const { ramEnd } = target;
  const end = pfnOf(ramEnd.at(-1) ?? 0n);
  if (end === 0n)
    throw new Failed(
      '/proc/iomem shows no System RAM to this user',
      'Run as root: this needs CAP_SYS_ADMIN.',
      'EACCES',
    );
  const map = await explorer.memory({ begin: 0n, end, ...range, cells: 1, flags: 0n, again: true });
  const processes = await explorer.processes({});
  const names = new Map(Array.from(processes.pid, (pid, i) => [pid, processes.name[i] as string]));
  const roles = [...ROLES.keys()].filter((r) => ROLES[r] !== 'absent' && map.total[r]);
  const list = Array.from(map.pid, (pid, i) => ({
    pid,
    name: names.get(pid) ?? null,
    mapped: ROLES.map((_, r) => map.mapped[i * ROLES.length + r] as bigint),
    alone: map.alone[i] as bigint,
  })).sort((a, b) => Number(sum(b.mapped) - sum(a.mapped)));
  const named = (frames: ArrayLike<bigint>) => Object.fromEntries(roles.map((r) => [ROLES[r], Number(frames[r])]));
  const totals = range ? undefined : reconcileTotals(map);
  if (json) {
    for (const p of list) print({ pid: p.pid, name: p.name, frames: named(p.mapped), alone: Number(p.alone) });
    print({
      pid: null,
      begin: map.begin,
      end: map.end,
      total: named(map.total),
      unmapped: named(map.unmapped),
      ...(totals && {
        kernel: Object.fromEntries(totals.reconciled.map((t) => [t.role, Number(t.kernel)])),
        notClassified: {
          ...Object.fromEntries(totals.parts.map((part) => [part.what, Number(part.frames)])),
          unexplained: Number(totals.unexplained),
        },
      }),
    });
    return 0;
  }
  const size = (frames: bigint) => (frames ? bytes(pageBytes(frames)) : '-');
  const cells = (frames: ArrayLike<bigint>) => roles.map((r) => size(frames[r] as bigint));
  table(
    ['PID', 'NAME', 'ALL', 'ALONE', ...roles.map((r) => ROLE.label(ROLE.name(r)).toUpperCase())],
    [
      ...list.map((p) => [String(p.pid), p.name ?? 'gone', size(sum(p.mapped)), size(p.alone), ...cells(p.mapped)]),
      [
        '',
        'in no address space',
        size(sum(map.unmapped) - (map.unmapped[ROLE.code('absent')] ?? 0n)),
        '',
        ...cells(map.unmapped),
      ],
      ['', 'all memory', size(sum(map.total) - (map.total[ROLE.code('absent')] ?? 0n)), '', ...cells(map.total)],
    ],
    new Set([0, ...Array.from({ length: roles.length + 2 }, (_, i) => i + 2)]),
  );
  say(
    `frames ${hex(map.begin)}-${hex(map.end)} by ${frameRecordOf(target).flags}, mappings by a walk of ${map.spaces} address spaces; a frame that several map counts for each, ALONE for one only`,
  );
  if (totals) {
    const rows = totals.reconciled.map((t) => [ROLE.label(t.role), size(t.counted), size(t.kernel), t.from]);
    const parts = totals.parts.map((part) => [`  ${part.what}`, '', size(part.frames), part.from]);
    const { unexplained } = totals;
    table(
      ['FRAMES', 'COUNTED', 'KERNEL', 'BY'],
      [
        ...rows,
        [ROLE.label('kernel'), size(totals.notClassified), '', 'no flag says what these are; of them'],
        ...parts,
        unexplained < 0n
          ? ['  counted twice by these counters', '', size(-unexplained), '']
          : ['  said by no counter', '', size(unexplained), ''],
      ],
      new Set([1, 2]),
    );
  }
  return 0;
}

const sum = (frames: Iterable<bigint>): bigint => [...frames].reduce((a, b) => a + b, 0n);
