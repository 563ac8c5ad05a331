// SPDX-License-Identifier: GPL-2.0-only
// All page tables of the tree. Choosing one opens it.
import { useMemo } from 'react';
import type { TableTree } from '../../../contract/api.ts';
import { count } from '../../../contract/format.ts';
import { levelName, pageOf, pfnOf } from '../../../contract/paging.ts';
import { frameRecordOf } from '../../../contract/said.ts';
import { type FilteredTable, TABLE_FIELDS } from '../../lib/fields.ts';
import { type ColumnSpec, numberColumn, paColumn, vaColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { tableActions } from '../../state/actions.ts';
import { openFrame, useMemory } from '../../state/memory.ts';
import { useTarget } from '../../state/target.ts';
import { FilterBox } from '../common/FilterBox.tsx';
import { menuOf } from '../common/menu.tsx';
import { useFilter } from '../common/useFilter.ts';
import '../../parts/bar.css';

interface Row extends FilteredTable {
  readonly index: number;
  readonly level: number;
}

/** `record`: where it is read whether a frame is marked as a page table. */
const columnsOf = (record: string): readonly ColumnSpec<Row>[] => [
  { id: 'level', header: 'Level', width: '7ch', value: (r) => -r.level, text: (r) => r.name },
  vaColumn('From', '16ch', (r) => r.va),
  paColumn('pa', 'Table PA', '12ch', (r) => r.pa),
  numberColumn('used', 'Used', '8ch', (r) => r.used),
  {
    id: 'filled',
    header: 'Filled',
    width: 'minmax(9ch, 1fr)',
    value: (r) => r.used / r.slots,
    text: (r) => `${((r.used / r.slots) * 100).toFixed(1)} %`,
    cell: (r) => <meter min={0} max={1} value={r.used / r.slots} aria-label="filled" />,
  },
  { id: 'marked', header: record, width: '14ch', value: (r) => r.marked, text: (r) => r.marked },
];

export function TableList({ tree }: { tree: TableTree }) {
  const target = useTarget((s) => s.target);
  const levels = target?.levels ?? 4;
  const open = useMemory((s) => (s.cursor === undefined ? undefined : pageOf(s.cursor)));
  const columns = useMemo(() => (target ? columnsOf(frameRecordOf(target).flags) : []), [target]);
  const rows = useMemo(
    () =>
      Array.from(
        tree.level,
        (level, index): Row => ({
          index,
          level,
          name: levelName(level, levels),
          va: tree.va[index] as bigint,
          pa: tree.pa[index] as bigint,
          used: tree.used[index] as number,
          slots: level === levels ? 256 : 512,
          marked: ['not marked', 'pgtable', 'unknown'][tree.marked[index] as number] as string,
        }),
      ),
    [tree, levels],
  );
  const used = useFilter('tables', TABLE_FIELDS);
  const { filter } = used;
  const shown = useMemo(() => (filter ? rows.filter((r) => filter.matches(r)) : rows), [rows, filter]);
  return (
    <div className="grid-frame">
      <div className="table-bar">
        <FilterBox
          label="Filter tables"
          placeholder="Filter: level == PTE and used < 8"
          fields={TABLE_FIELDS}
          used={used}
        />
        <span className="dim">
          {filter ? `${count(shown.length)} of ${count(rows.length)}` : count(rows.length)} tables
        </span>
      </div>
      <DataTable
        label="Page tables"
        columns={columns}
        rows={shown}
        rowKey={(r) => String(r.pa)}
        itemsOf={(r) => menuOf(tableActions(r.pa, { level: r.level, base: r.va }))}
        {...(open !== undefined && { selected: String(open) })}
        onSelect={(r) => openFrame(pfnOf(r.pa), 0, { level: r.level, base: r.va })}
        empty={<Empty title="No table matches the filter" />}
      />
    </div>
  );
}
