// SPDX-License-Identifier: GPL-2.0-only
// The regions of the address space, with their verdicts as bars.
import { useMemo } from 'react';
import { pagesBetween } from '../../../contract/paging.ts';
import { VERDICTS } from '../../../contract/verdicts.ts';
import { type ColumnSpec, sizeColumn, vaColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { useCheck } from '../../state/check.ts';
import { selectRegion, useSpace } from '../../state/space.ts';
import './regions.css';

interface RegionRow {
  readonly index: number;
  readonly begin: bigint;
  readonly end: bigint;
  readonly permissions: string;
  readonly path: string;
  readonly counts?: BigUint64Array;
}

function Bar({ counts }: { counts: BigUint64Array }) {
  return (
    <span className="bar" aria-hidden="true">
      {VERDICTS.map((v, i) =>
        counts[i] ? <i key={v} className={`v-${v}`} style={{ flexGrow: Number(counts[i]) }} /> : null,
      )}
    </span>
  );
}

const resident = (r: RegionRow) =>
  r.counts ? Number((((r.counts[0] ?? 0n) + (r.counts[1] ?? 0n)) * 1000n) / pagesBetween(r.begin, r.end)) / 10 : -1;

const COLUMNS: readonly ColumnSpec<RegionRow>[] = [
  vaColumn('Region', 'minmax(13ch, 17ch)', (r) => r.begin),
  sizeColumn('size', 'Size', (r) => r.end - r.begin),
  {
    id: 'access',
    header: 'Access',
    width: '6.5ch',
    value: (r) => r.permissions,
    cell: (r) => <span className="num">{r.permissions}</span>,
  },
  {
    id: 'verdicts',
    header: 'Verdicts',
    width: 'minmax(8ch, 0.8fr)',
    value: resident,
    cell: (r) => (r.counts ? <Bar counts={r.counts} /> : <span className="dim">not checked</span>),
  },
  {
    id: 'resident',
    header: 'Mapped',
    width: '8ch',
    align: 'right',
    value: resident,
    cell: (r) => (r.counts ? <span className="num">{resident(r).toFixed(1)} %</span> : ''),
  },
  {
    id: 'path',
    header: 'What',
    width: 'minmax(12ch, 1.6fr)',
    value: (r) => r.path,
    cell: (r) => <span title={r.path}>{r.path || <span className="dim">anonymous</span>}</span>,
  },
];

export function RegionTable() {
  const regions = useSpace((s) => s.regions);
  const summary = useCheck((s) => s.check?.summary);
  const selected = useSpace((s) => s.region);
  const rows = useMemo((): RegionRow[] => {
    if (!regions) return [];
    const checked = new Map(summary ? Array.from(summary.regionBegin, (begin, i) => [begin, i]) : []);
    return Array.from(regions.begin, (begin, index) => {
      const at = checked.get(begin);
      return {
        index,
        begin,
        end: regions.end[index] as bigint,
        permissions: regions.permissions[index] as string,
        path: regions.path[index] as string,
        counts:
          summary && at !== undefined
            ? summary.regionCounts.subarray(at * VERDICTS.length, (at + 1) * VERDICTS.length)
            : undefined,
      };
    });
  }, [regions, summary]);
  return (
    <DataTable
      label="Regions"
      minWidth={560}
      columns={COLUMNS}
      rows={rows}
      rowKey={(r) => String(r.index)}
      selected={String(selected)}
      onSelect={(r) => selectRegion(r.index)}
    />
  );
}
