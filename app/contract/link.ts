// SPDX-License-Identifier: GPL-2.0-only
// Places that can be shown, as links (cr3scope://…) and as the command that prints the same.
import { hex, parseU64 } from './format.ts';
import { LAB_NAMES } from './labs.ts';
import { PA_END, PFN_END } from './paging.ts';

export type Place =
  | { readonly view: 'process'; readonly pid: number }
  | { readonly view: 'address'; readonly pid: number; readonly va: bigint }
  | { readonly view: 'tables'; readonly pid: number }
  | { readonly view: 'frame'; readonly pa: bigint }
  | { readonly view: 'owners'; readonly pfn: bigint }
  | { readonly view: 'cpus' }
  | { readonly view: 'lab'; readonly name: string }
  | { readonly view: 'memory'; readonly begin?: bigint; readonly end?: bigint }
  | { readonly view: 'entry'; readonly raw: bigint; readonly level?: string };

const SCHEME = 'cr3scope://';

/** What may follow the # in the window's address: the first place to show, the token of the web face, and the machine. */
export interface Fragment {
  readonly link?: string;
  readonly token?: string;
  /** One that is read by ssh. */
  readonly machine?: string;
}

export const fragmentOf = (parts: Fragment): string => new URLSearchParams({ ...parts }).toString();

export function parseFragment(fragment: string): Fragment {
  const parts = new URLSearchParams(fragment.replace(/^#/, ''));
  const link = parts.get('link');
  const token = parts.get('token');
  const machine = parts.get('machine');
  return { ...(link && { link }), ...(token && { token }), ...(machine && { machine }) };
}

export function linkOf(place: Place): string {
  switch (place.view) {
    case 'process':
    case 'tables':
      return `${SCHEME}${place.view}/${place.pid}`;
    case 'address':
      return `${SCHEME}address/${place.pid}/${hex(place.va)}`;
    case 'frame':
      return `${SCHEME}frame/${hex(place.pa)}`;
    case 'cpus':
      return `${SCHEME}cpus`;
    case 'lab':
      return `${SCHEME}lab/${place.name}`;
    case 'owners':
      return `${SCHEME}owners/${hex(place.pfn)}`;
    case 'memory':
      return `${SCHEME}memory${place.begin === undefined ? '' : `/${hex(place.begin)}-${hex(place.end ?? 0n)}`}`;
    case 'entry':
      return `${SCHEME}entry/${hex(place.raw)}${place.level ? `/${place.level}` : ''}`;
  }
}

/** The command line that prints what the link shows. */
export function commandOf(place: Place): string {
  switch (place.view) {
    case 'process':
      return `cr3scope check ${place.pid}`;
    case 'tables':
      return `cr3scope tables ${place.pid}`;
    case 'address':
      return `cr3scope walk ${place.pid} ${hex(place.va)}`;
    case 'frame':
      return `cr3scope frame --pa ${hex(place.pa)}`;
    case 'cpus':
      return 'cr3scope cpus';
    case 'lab':
      return `cr3scope lab ${place.name}`;
    case 'owners':
      return `cr3scope owners ${hex(place.pfn)}`;
    case 'memory':
      return `cr3scope memory${place.begin === undefined ? '' : ` ${hex(place.begin)}-${hex(place.end ?? 0n)}`}`;
    case 'entry':
      return `cr3scope explain ${hex(place.raw)}${place.level ? ` --level ${place.level}` : ''}`;
  }
}

/** "100000-140000", frame numbers, end exclusive. */
export function parseRange(text: string): { begin: bigint; end: bigint } | undefined {
  const [, from, to] = /^([^-]+)-([^-]+)$/.exec(text.trim()) ?? [];
  const begin = from && parseU64(from, true);
  const end = to && parseU64(to, true);
  return typeof begin === 'bigint' && typeof end === 'bigint' && begin < end && end <= PFN_END
    ? { begin, end }
    : undefined;
}

/** Whether a text means to be a link. */
export const isLink = (text: string): boolean => text.startsWith(SCHEME);

/** The place that a link names; undefined if it is not a link. */
export function parseLink(text: string): Place | undefined {
  if (!isLink(text)) return undefined;
  const [view, first = '', second = '', ...more] = text.slice(SCHEME.length).replace(/\/$/, '').split('/');
  if (more.length) return undefined;
  const pid = /^\d{1,10}$/.test(first) ? Number(first) : 0;
  const word = parseU64(first, true);
  const none = second === '';
  if (view === 'process' || view === 'tables') return pid && none ? { view, pid } : undefined;
  if (view === 'address') {
    const va = parseU64(second, true);
    return pid && va !== undefined ? { view, pid, va } : undefined;
  }
  if (view === 'frame') return word !== undefined && word < PA_END && none ? { view, pa: word } : undefined;
  if (view === 'cpus') return first === '' ? { view } : undefined;
  if (view === 'lab') return LAB_NAMES.some((n) => n === first) && none ? { view, name: first } : undefined;
  if (view === 'owners') return word !== undefined && word < PFN_END && none ? { view, pfn: word } : undefined;
  if (view === 'memory') {
    const range = parseRange(first);
    return first === '' ? { view } : range && none ? { view, ...range } : undefined;
  }
  if (view === 'entry' && word !== undefined && /^(pte|pmd|pud|p4d|pgd)?$/.test(second))
    return second ? { view, raw: word, level: second } : { view, raw: word };
  return undefined;
}
