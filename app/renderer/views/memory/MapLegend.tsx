// SPDX-License-Identifier: GPL-2.0-only
// What the colours of the map mean.
import type { MemoryMap } from '../../../contract/api.ts';
import { bytes, count, KPF_NAMES } from '../../../contract/format.ts';
import { pageBytes } from '../../../contract/paging.ts';
import { ROLE, ROLES } from '../../../contract/roles.ts';
import type { Series } from '../../lib/series.ts';
import { Legend, seriesItems } from '../../parts/Legend.tsx';
import { type Colouring, type OwnerCells, SIZES } from './cells.ts';

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

/** A colour for each process that maps most of many cells. */
function ownerItems({ owners, colours, nameOf }: Props) {
  const items = owners.map(([pid, cells]) => ({
    key: String(pid),
    place: colours.get(pid),
    text: `${pid} ${nameOf(pid)}`,
    title: `maps most of ${count(cells)} cells`,
  }));
  return [...seriesItems(items, 'processes'), { key: 'nobody', colour: 'var(--raised)', text: 'no process' }];
}

interface Props {
  readonly map: MemoryMap;
  readonly by: Colouring;
  readonly owners: OwnerCells;
  readonly colours: Series<number>;
  readonly flag: number;
  nameOf(pid: number): string;
}

export function MapLegend(props: Props) {
  const { map, by, flag } = props;
  const items = {
    role: () => roleItems(map),
    size: () => [
      ...SIZES.map(({ name, colour }) => ({ key: name, colour: `var(${colour})`, text: `mapped by ${name} pages` })),
      { key: 'none', colour: 'var(--raised)', text: 'mapped by no process' },
    ],
    flag: () => [
      { key: 'flag', colour: 'var(--accent)', text: KPF_NAMES[flag] ?? '' },
      { key: 'none', colour: 'var(--raised)', text: 'no frame has it' },
    ],
    owner: () => ownerItems(props),
  };
  const shaded = (by === 'role' || by === 'flag') && map.framesPerCell > 1n;
  return <Legend items={items[by]()} note={shaded ? 'fainter: fewer frames of the cell' : undefined} />;
}
