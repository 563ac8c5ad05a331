// SPDX-License-Identifier: GPL-2.0-only
// The regions of the address space, with their verdicts as bars.
import { bytes } from '../../../contract/format.ts';
import { type ColumnSpec, sizeColumn, vaColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { regionActions } from '../../state/actions.ts';
import { chooseRegion } from '../../state/navigate.ts';
import { useSpace } from '../../state/space.ts';
import { menuOf } from '../common/menu.tsx';
import type { RegionRow } from './regionRows.ts';
import { sayCounts, VerdictBar } from './VerdictBar.tsx';

/** The end of a path says more than its beginning. */
const nameText = (r: RegionRow) => r.path.split('/').at(-1) || 'anonymous';
const mappedText = (r: RegionRow) => (r.mapped === undefined ? 'not checked' : bytes(r.mapped));

const COLUMNS: readonly ColumnSpec<RegionRow>[] = [
  vaColumn('Region', '11.5ch', (r) => r.begin),
  {
    id: 'path',
    header: 'What',
    width: 'minmax(10ch, 1.6fr)',
    value: (r) => r.path,
    text: nameText,
    cell: (r) => (
      <span className={r.path ? 'path' : 'dim'} title={r.path}>
        {nameText(r)}
      </span>
    ),
  },
  {
    id: 'access',
    header: 'Access',
    width: '6ch',
    value: (r) => r.permissions,
    text: (r) => r.permissions,
    cell: (r) => <span className="num">{r.permissions}</span>,
  },
  sizeColumn('size', 'Size', (r) => r.end - r.begin),
  {
    id: 'mapped',
    header: 'Mapped',
    width: '9ch',
    align: 'right',
    value: (r) => r.mapped ?? -1n,
    text: mappedText,
    cell: (r) => (r.mapped === undefined ? <span className="dim">{mappedText(r)}</span> : mappedText(r)),
  },
  {
    id: 'verdicts',
    header: 'Verdicts',
    width: 'minmax(9ch, 0.8fr)',
    value: (r) => (r.mapped === undefined ? -1 : Number((r.mapped * 1000n) / (r.end - r.begin))),
    text: (r) => (r.counts ? sayCounts(r.counts) : ''),
    cell: (r) => r.counts && <VerdictBar counts={r.counts} />,
  },
];

export function RegionTable({ rows }: { rows: readonly RegionRow[] }) {
  const selected = useSpace((s) => s.region);
  const space = useSpace((s) => s.space);
  const regions = useSpace((s) => s.regions);
  return (
    <DataTable
      label="Regions"
      columns={COLUMNS}
      rows={rows}
      rowKey={(r) => String(r.index)}
      itemsOf={(r) => (space && regions ? menuOf(regionActions(space, regions, r.index)) : [])}
      selected={String(selected)}
      onSelect={(r) => void chooseRegion(r.index)}
      empty={<Empty title="No region matches the filter" />}
    />
  );
}
