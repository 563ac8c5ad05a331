// SPDX-License-Identifier: GPL-2.0-only
// The cells of the map of physical memory: their frames, colours and descriptions.
import type { MemoryMap } from '../../../contract/api.ts';
import { count, hex, KPF_NAMES } from '../../../contract/format.ts';
import { ROLE, ROLES } from '../../../contract/roles.ts';
import { type Series, seriesToken } from '../../lib/series.ts';

export const ABSENT = ROLE.code('absent');
/** Pages by which a frame can be mapped, and the colour of each. */
export const SIZES = [
  { name: '4K', colour: '--v-agree' },
  { name: '2M', colour: '--v-agreeByRule' },
  { name: '1G', colour: '--v-swapped' },
];
export const COLOURINGS = { role: 'role', owner: 'owner', size: 'page size', flag: 'a flag' } as const;
export type Colouring = keyof typeof COLOURINGS;

export const cellCount = (map: MemoryMap) => map.owner.length;
export const framesOf = (map: MemoryMap, cell: number) => {
  const begin = map.begin + BigInt(cell) * map.framesPerCell;
  const end = begin + map.framesPerCell;
  return { begin, end: end < map.end ? end : map.end };
};
const rolesOf = (map: MemoryMap, cell: number) => map.roles.subarray(cell * ROLES.length, (cell + 1) * ROLES.length);

/** The processes that map most of the most cells, and the cells of each; the most first. */
export type OwnerCells = readonly (readonly [pid: number, cells: number])[];

export function ownersOf(map: MemoryMap): OwnerCells {
  const cells = new Map<number, number>();
  for (const pid of map.owner) if (pid) cells.set(pid, (cells.get(pid) ?? 0) + 1);
  return [...cells].sort(([, a], [, b]) => b - a);
}

/** Index of the largest value; -1 for an empty list. */
function largest(values: ArrayLike<number>): number {
  let best = -1;
  for (let i = 0; i < values.length; i++)
    if ((values[i] as number) > (best < 0 ? 0 : (values[best] as number))) best = i;
  return best;
}

/** The token of the colour of a cell, and the share of its frames that it stands for: 0..1. */
export function paint(map: MemoryMap, cell: number, by: Colouring, colours: Series<number>): [string, number] {
  const { begin, end } = framesOf(map, cell);
  const frames = Number(end - begin);
  const roles = rolesOf(map, cell);
  if (by === 'role' || roles[ABSENT] === frames) {
    const role = largest(roles);
    return [`--r-${ROLES[role]}`, (roles[role] as number) / frames];
  }
  if (by === 'owner') {
    const pid = map.owner[cell] as number;
    return [pid ? seriesToken(colours.get(pid)) : '--raised', 1];
  }
  if (by === 'flag') {
    const flagged = map.flagged[cell] as number;
    return flagged ? ['--accent', flagged / frames] : ['--raised', 1];
  }
  const size = largest(map.sizes.subarray(cell * 3, cell * 3 + 3));
  return [SIZES[size]?.colour ?? '--raised', 1];
}

export function describe(map: MemoryMap, cell: number, nameOf: (pid: number) => string, flag: number): string {
  const { begin, end } = framesOf(map, cell);
  const frames = end - begin;
  const roles = [...rolesOf(map, cell)]
    .map((n, r) => [n, r] as const)
    .filter(([n]) => n > 0)
    .sort(([a], [b]) => b - a)
    .map(([n, r]) => (frames === 1n ? ROLE.label(ROLE.name(r)) : `${count(n)} ${ROLE.label(ROLE.name(r))}`));
  const sizes = SIZES.flatMap(({ name }, i) => (map.sizes[cell * 3 + i] ? [name] : []));
  return [
    frames === 1n ? `frame ${hex(begin)}` : `frames ${hex(begin)}–${hex(end - 1n)}`,
    ...roles,
    ...(sizes.length ? [`mapped by ${sizes.join(', ')} pages`] : []),
    ...(map.owner[cell] ? [`most by ${map.owner[cell]} ${nameOf(map.owner[cell] as number)}`] : []),
    ...(map.flagged[cell] ? [`${count(map.flagged[cell] as number)} ${KPF_NAMES[flag]}`] : []),
  ].join(' · ');
}
