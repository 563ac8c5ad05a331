// SPDX-License-Identifier: GPL-2.0-only
// What the colours of the map mean.
import type { MemoryMap } from '../../../contract/api.ts';
import { bytes, count, KPF_NAMES } from '../../../contract/format.ts';
import { pageBytes } from '../../../contract/paging.ts';
import { ROLE, ROLES } from '../../../contract/roles.ts';
import { Legend } from '../../parts/Legend.tsx';
import { type Colouring, colourOfOwner, ownersOf, SIZES } from './cells.ts';

/** A colour for each role that occurs. */
const roleItems = (map: MemoryMap) =>
  ROLES.map((role, r) => ({ role, frames: map.total[r] as bigint }))
    .filter(({ frames }) => frames > 0n)
    .map(({ role, frames }) => ({
      key: role,
      colour: `var(--r-${role})`,
      text: `${ROLE.label(role)} ${bytes(pageBytes(frames))}`,
      title: ROLE.meaning(role),
    }));

/** Owners that the key names. */
const MOST_OWNERS = 10;

/** A colour for each process that maps most of some cells. */
function ownerItems(map: MemoryMap, nameOf: (pid: number) => string) {
  const owners = ownersOf(map);
  const items = owners.slice(0, MOST_OWNERS).map(([pid, cells]) => ({
    key: String(pid),
    colour: colourOfOwner(pid),
    text: `${pid} ${nameOf(pid)}`,
    title: `maps most of ${count(cells)} cells`,
  }));
  const others = owners.length - items.length;
  const nobody = { key: 'nobody', colour: 'var(--raised)', text: 'no process' };
  const more = { key: 'others', colour: 'transparent', text: `and ${others} other processes` };
  return [...items, ...(others > 0 ? [more] : []), nobody];
}

interface Props {
  readonly map: MemoryMap;
  readonly by: Colouring;
  readonly flag: number;
  nameOf(pid: number): string;
}

export function MapLegend({ map, by, flag, nameOf }: Props) {
  const items = {
    role: () => roleItems(map),
    size: () => [
      ...SIZES.map(({ name, colour }) => ({ key: name, colour: `var(${colour})`, text: `mapped by ${name} pages` })),
      { key: 'none', colour: 'var(--raised)', text: 'mapped by no process' },
    ],
    flag: () => [{ key: 'flag', colour: 'var(--accent)', text: `${KPF_NAMES[flag]}, darker where fewer` }],
    owner: () => ownerItems(map, nameOf),
  };
  return <Legend items={items[by]()} />;
}
