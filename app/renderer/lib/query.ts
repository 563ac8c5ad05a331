// SPDX-License-Identifier: GPL-2.0-only
// What a text in the box at the top may mean, the best guess first, and what would be done.
import { parseLink } from '../../contract/link.ts';
import { suggestNumbers } from './queryNumbers.ts';
import { suggestOffsets, suggestPidAddress, suggestRanges, suggestRegions, suggestRoots } from './queryPlaces.ts';
import { type Context, type ProcessPlace, processAt, type Suggestion } from './suggestion.ts';

const MOST = 8;

const openProcess = (process: ProcessPlace): Suggestion => ({
  id: `p${process.pid}`,
  label: `${process.pid} ${process.name}`,
  detail: 'process',
  does: `Opens process ${process.pid} ${process.name} and checks its address space.`,
  to: { kind: 'process', ...process },
});

/** Processes by their PID, or by a part of their name. */
function suggestProcesses(query: string, byPid: boolean, { processes }: Context): Suggestion[] {
  if (!processes) return [];
  const isPid = /^\d+$/.test(query);
  const text = query.toLowerCase();
  const found: number[] = [];
  for (let i = 0; i < processes.pid.length && found.length < MOST; i++)
    if (
      isPid ? processes.pid[i] === Number(query) : !byPid && (processes.name[i] as string).toLowerCase().includes(text)
    )
      found.push(i);
  return found.map((i) => openProcess(processAt(processes, i)));
}

/** Views and commands, by a word or the beginning of one. */
function suggestNamed(query: string, exact: boolean, { named }: Context): Suggestion[] {
  const text = query.toLowerCase();
  return named
    .filter(({ title, words }) =>
      [title.toLowerCase(), ...words].some((word) => (exact ? word === text : word !== text && word.startsWith(text))),
    )
    .map(({ name, title, does }) => ({
      id: `c${name}`,
      label: title,
      detail: '',
      does,
      to: { kind: 'command', name },
    }));
}

export function suggest(text: string, context: Context): Suggestion[] {
  const query = text.trim();
  if (!query) return [];
  const place = parseLink(query);
  if (place)
    return [
      { id: 'link', label: query, detail: 'link', does: 'Shows the place of this link.', to: { kind: 'place', place } },
    ];
  const [, prefix = '', rest = ''] = /^(?:(pid|va|pa|pfn|entry|cr3|root)(?:\s*[:=]\s*|\s+))?(.*)$/i.exec(query) ?? [];
  const wanted = prefix.toLowerCase();
  if (wanted === 'pid') return suggestProcesses(rest, true, context);
  if (wanted === 'cr3' || wanted === 'root') return suggestRoots(rest, true, context);
  if (wanted) return suggestNumbers(rest, wanted, context);
  const all = [
    ...suggestNamed(query, true, context),
    ...suggestRanges(query, context),
    ...suggestPidAddress(query, context),
    ...suggestOffsets(query, context),
    ...(/^\d+$/.test(query) ? suggestProcesses(query, false, context) : []),
    ...suggestRoots(query, false, context),
    ...suggestNumbers(query, '', context),
    ...suggestRegions(query, context),
    ...(/^\d+$/.test(query) ? [] : suggestProcesses(query, false, context)),
    ...suggestNamed(query, false, context),
  ];
  return all.filter(({ id }, i) => all.findIndex((other) => other.id === id) === i).slice(0, MOST);
}
