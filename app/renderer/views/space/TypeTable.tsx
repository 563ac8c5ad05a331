// SPDX-License-Identifier: GPL-2.0-only
// The regions by type, with totals. Choosing a type lists its regions.
import { bytes } from '../../../contract/format.ts';
import { type ColumnSpec, numberColumn, sizeColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import type { TypeRow } from './regionRows.ts';
import { sayCounts, VerdictBar } from './VerdictBar.tsx';

const COLUMNS: readonly ColumnSpec<TypeRow>[] = [
  {
    id: 'type',
    header: 'Type',
    width: 'minmax(9ch, 1fr)',
    value: (r) => r.label,
    text: (r) => r.label,
    cell: (r) => (
      <span className={r.type ? '' : 'strong'} title={r.meaning}>
        {r.label}
      </span>
    ),
  },
  numberColumn('regions', 'Regions', '7ch', (r) => r.regions),
  sizeColumn('size', 'Size', (r) => r.size),
  {
    id: 'mapped',
    header: 'Mapped',
    width: '9ch',
    align: 'right',
    value: (r) => r.mapped,
    text: (r) => bytes(r.mapped),
  },
  {
    id: 'verdicts',
    header: 'Verdicts',
    width: 'minmax(4ch, 0.8fr)',
    value: (r) => (r.size ? Number((r.mapped * 1000n) / r.size) : 0),
    text: (r) => sayCounts(r.counts),
    cell: (r) => <VerdictBar counts={r.counts} />,
  },
];

export function TypeTable({ rows, onType }: { rows: readonly TypeRow[]; onType(type: TypeRow['type']): void }) {
  return (
    <DataTable
      label="Regions by type"
      columns={COLUMNS}
      rows={rows}
      rowKey={(r) => r.label}
      onSelect={(r) => onType(r.type)}
    />
  );
}
