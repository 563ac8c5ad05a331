// SPDX-License-Identifier: GPL-2.0-only
// Places that a text in the box may name: a root, an address of a process, a line of /proc/PID/maps, a region.
import { bytes, hex, hexVa, parseU64 } from '../../contract/format.ts';
import { isCanonical, PA_END, pageOf, pageOffset } from '../../contract/paging.ts';
import { regionWords, toVa } from './queryNumbers.ts';
import { type Context, type ProcessPlace, processAt, type Suggestion } from './suggestion.ts';

const processOf = ({ processes }: Context, pid: number): ProcessPlace | undefined => {
  const at = processes?.pid.indexOf(pid) ?? -1;
  return processes && at >= 0 ? processAt(processes, at) : undefined;
};

/** Without PCID, and without the bit that keeps translations of the TLB: CR3 as the CPU has it, or mm->pgd. */
const rootOfCr3 = (cr3: bigint): bigint => pageOf(cr3 & (PA_END - 1n));

/** Whose root it is. `surely`: the text says that it is a root; else it must be the root of a process. */
export function suggestRoots(text: string, surely: boolean, { processes }: Context): Suggestion[] {
  const number = parseU64(text, true);
  if (number === undefined || (!surely && pageOffset(number) !== 0)) return [];
  const root = rootOfCr3(number);
  if (root === 0n) return [];
  const found = processes
    ? [...processes.pid.keys()].filter((i) => processes.rootPa[i] === root || processes.userRootPa[i] === root)
    : [];
  const owners = found.map((i): Suggestion => {
    const process = processAt(processes as NonNullable<typeof processes>, i);
    const which = processes?.rootPa[i] === root ? 'root' : 'user root';
    return {
      id: `p${process.pid}`,
      label: `${process.pid} ${process.name}`,
      detail: `its ${which} is ${hex(root)}`,
      does: `Opens process ${process.pid} ${process.name}, whose ${which} this is.`,
      to: { kind: 'process', ...process },
    };
  });
  if (!surely && !owners.length) return [];
  return [
    ...owners,
    {
      id: 'root',
      label: hex(root, 9),
      detail: owners.length ? 'its root table' : 'root of no process in the list',
      does: 'Opens this frame as a page table of the highest level.',
      to: { kind: 'table', pa: root },
    },
  ];
}

const inProcess = (process: ProcessPlace, va: bigint, context: Context): Suggestion => {
  const where = context.chosen?.pid === process.pid ? regionWords(va, context) : '';
  return {
    id: `a${process.pid}`,
    label: `${process.pid}:${hexVa(va)}`,
    detail: `address of ${process.name}${where && ` ${where}`}`,
    does: `Opens process ${process.pid} ${process.name} and translates the address there.`,
    to: { kind: 'address', process, va },
  };
};

/** "3608:7f5f94e00000", "3608 7f5f94e00000". */
export function suggestPidAddress(text: string, context: Context): Suggestion[] {
  const [, pid, address = ''] = /^(\d{1,10})(?::|\s+)\s*(\S+)$/.exec(text) ?? [];
  if (!pid) return [];
  const process = processOf(context, Number(pid));
  const va = sumOf(address, process?.pid === context.chosen?.pid ? context : { ...context, regions: undefined });
  return process && va !== undefined && isCanonical(va, context.levels) ? [inProcess(process, va, context)] : [];
}

/** A line of /proc/PID/maps or smaps, or only its range: its first address, in the chosen process. */
export function suggestRanges(text: string, context: Context): Suggestion[] {
  const [, from = '', to = ''] = /^(?:0x)?([0-9a-f]{5,16})[-–](?:0x)?([0-9a-f]{5,16})(?=\s|$)/i.exec(text) ?? [];
  const [begin, end] = [parseU64(from, true), parseU64(to, true)];
  if (begin === undefined || end === undefined || begin >= end || !context.chosen) return [];
  if (!isCanonical(begin, context.levels)) return [];
  const { pid, name } = context.chosen;
  const isRegion = context.regions?.begin.some((first, i) => first === begin && context.regions?.end[i] === end);
  const where = regionWords(begin, context);
  return [
    {
      id: 'range',
      label: `${hexVa(begin)}–${hexVa(end)}`,
      detail: `${bytes(end - begin)}${where && ` ${where}`}`,
      does: isRegion
        ? `Shows this region of process ${pid} ${name}.`
        : `Translates the first address in process ${pid} ${name}, which has no region of just this range.`,
      to: { kind: 'region', va: begin },
    },
  ];
}

/** The first regions of each path that has this text in it, by their order in the address space. */
function regionsNamed(text: string, { regions }: Context): number[] {
  const wanted = text.toLowerCase();
  const seen = new Set<string>();
  return (regions?.path ?? []).flatMap((path, i) => {
    const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
    if (!name.includes(wanted) || seen.has(path)) return [];
    seen.add(path);
    return [i];
  });
}

/** "libc", "heap", "stack": regions of the chosen process by a part of their names. */
export function suggestRegions(text: string, context: Context): Suggestion[] {
  const { regions, chosen } = context;
  if (!regions || !chosen || text.length < 2) return [];
  return regionsNamed(text, context).map((i) => {
    const path = regions.path[i] as string;
    const begin = regions.begin[i] as bigint;
    const all = regions.path.filter((other) => other === path).length;
    return {
      id: `r${path}`,
      label: path.slice(path.lastIndexOf('/') + 1),
      detail: `${all === 1 ? 'region' : `first of ${all} regions`} at ${hexVa(begin)}, ${regions.permissions[i]}`,
      does: `Shows the region in process ${chosen.pid} ${chosen.name}, and translates its first address.`,
      to: { kind: 'region', va: begin },
    };
  });
}

/** "7f5f94e00000+0x30", "libc+1234": an address, or the first one of a region, and an offset in hex. */
function sumOf(text: string, context: Context): bigint | undefined {
  const [, base = '', offset = ''] = /^([^+]+?)\s*\+\s*(\S+)$/.exec(text) ?? [text, text, '0'];
  const add = parseU64(offset, true);
  const region = regionsNamed(base, context)[0];
  const start =
    parseU64(base, true) ?? (region === undefined || base.length < 2 ? undefined : context.regions?.begin[region]);
  return add === undefined || start === undefined ? undefined : start + add;
}

export function suggestOffsets(text: string, context: Context): Suggestion[] {
  if (!text.includes('+') || !context.chosen) return [];
  const va = sumOf(text, context);
  return va !== undefined && va >> 64n === 0n && isCanonical(va, context.levels) ? [toVa(va, context)] : [];
}
