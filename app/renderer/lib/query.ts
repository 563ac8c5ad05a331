// SPDX-License-Identifier: GPL-2.0-only
// What a pasted text may mean, the best guess first.
import type { Processes } from '../../contract/api.ts';
import { hex, hexVa, parseU64 } from '../../contract/format.ts';
import { type Place, parseLink } from '../../contract/link.ts';
import { isCanonical, PA_END, PFN_END, pageOffset, pfnOf } from '../../contract/paging.ts';

export type Destination =
  | { kind: 'process'; pid: number; startTicks: bigint; name: string }
  | { kind: 'va'; va: bigint }
  | { kind: 'frame'; pfn: bigint; offset: number }
  | { kind: 'entry'; raw: bigint }
  | { kind: 'place'; place: Place };

export interface Suggestion {
  readonly id: string;
  readonly label: string;
  readonly detail: string;
  readonly to: Destination;
}

const MOST = 8;

export function suggest(
  text: string,
  processes: Processes | undefined,
  levels: number,
  hasProcess: boolean,
): Suggestion[] {
  const query = text.trim();
  if (!query) return [];
  const found: Suggestion[] = [];
  const place = parseLink(query);
  if (place) return [{ id: 'link', label: query, detail: 'link', to: { kind: 'place', place } }];
  const [, prefix = '', rest = ''] = /^(?:(pid|va|pa|pfn|entry)(?:\s*[:=]\s*|\s+))?(.*)$/i.exec(query) ?? [];
  const wanted = prefix.toLowerCase();
  const decimal = /^\d+$/.test(rest) ? Number(rest) : Number.NaN;
  const number = parseU64(rest, true);

  if (processes && (!wanted || wanted === 'pid')) {
    for (let i = 0; i < processes.pid.length && found.length < MOST; i++) {
      const pid = processes.pid[i] as number;
      const name = processes.name[i] as string;
      if (
        pid !== decimal &&
        !(Number.isNaN(decimal) && wanted !== 'pid' && name.toLowerCase().includes(query.toLowerCase()))
      )
        continue;
      found.push({
        id: `p${pid}`,
        label: `${pid} ${name}`,
        detail: 'process',
        to: { kind: 'process', pid, startTicks: processes.startTicks[i] as bigint, name },
      });
    }
  }
  if (number === undefined) return found;
  const va = (): Suggestion => ({
    id: 'va',
    label: hexVa(number),
    detail: 'virtual address',
    to: { kind: 'va', va: number },
  });
  const pa = (): Suggestion => ({
    id: 'pa',
    label: hex(number, 9),
    detail: 'physical address',
    to: { kind: 'frame', pfn: pfnOf(number), offset: pageOffset(number) },
  });
  const pfn = (): Suggestion => ({
    id: 'pfn',
    label: hex(number),
    detail: 'frame number (PFN)',
    to: { kind: 'frame', pfn: number, offset: 0 },
  });
  const entry = (): Suggestion => ({
    id: 'entry',
    label: hex(number, 16),
    detail: 'page-table entry, explained bit by bit',
    to: { kind: 'entry', raw: number },
  });
  const canGo = { va: hasProcess && isCanonical(number, levels), pa: number < PA_END, pfn: number < PFN_END };
  if (wanted) {
    if (wanted === 'va' && canGo.va) found.push(va());
    if (wanted === 'pa' && canGo.pa) found.push(pa());
    if (wanted === 'pfn' && canGo.pfn) found.push(pfn());
    if (wanted === 'entry') found.push(entry());
    return found;
  }
  // User addresses have 11 or 12 digits, physical ones up to 10, frame numbers up to 7; 13 to 16 digits are an entry.
  const digits = hex(number).length;
  if (canGo.va && digits >= 11) found.push(va());
  if (digits >= 13) found.push(entry());
  if (canGo.pa && digits >= 6) found.push(pa());
  if (canGo.pfn) found.push(pfn());
  if (canGo.va && digits < 11) found.push(va());
  if (digits >= 6 && digits < 13) found.push(entry());
  return found;
}
