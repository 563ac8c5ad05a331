// SPDX-License-Identifier: GPL-2.0-only
// What the colours of the map mean.
import type { MemoryMap } from '../../../contract/api.ts';
import { bytes, KPF_NAMES } from '../../../contract/format.ts';
import { pageBytes } from '../../../contract/paging.ts';
import { ROLE, ROLES } from '../../../contract/roles.ts';
import { Legend } from '../../parts/Legend.tsx';
import { type Colouring, SIZES } from './cells.ts';

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

export function MapLegend({ map, by, flag }: { map: MemoryMap; by: Colouring; flag: number }) {
  const items = {
    role: () => roleItems(map),
    size: () =>
      SIZES.map(({ name, colour }) => ({ key: name, colour: `var(${colour})`, text: `mapped by ${name} pages` })),
    flag: () => [{ key: 'flag', colour: 'var(--accent)', text: `${KPF_NAMES[flag]}, darker where fewer` }],
    owner: () => [{ key: 'owner', colour: 'var(--dim)', text: 'a colour for each process that maps most of a cell' }],
  };
  return <Legend items={items[by]()} />;
}
