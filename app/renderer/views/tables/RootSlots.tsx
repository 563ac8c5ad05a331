// SPDX-License-Identifier: GPL-2.0-only
// The two roots under PTI, slot by slot.
import { useMemo } from 'react';
import { hex, hexVa } from '../../../contract/format.ts';
import { ENTRY_BYTES, halfOf, pfnOf } from '../../../contract/paging.ts';
import { SLOT_RELATIONS, type Slot } from '../../../contract/table.ts';
import { type ColumnSpec, textColumn, vaColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { copyAction, entryActions } from '../../state/actions.ts';
import { explainEntry } from '../../state/explain.ts';
import { openFrame } from '../../state/memory.ts';
import { useTarget } from '../../state/target.ts';
import { menuOf } from '../common/menu.tsx';

const columns = (levels: number): readonly ColumnSpec<Slot>[] => {
  const entry = (id: string, header: string, raw: (s: Slot) => bigint): ColumnSpec<Slot> => ({
    id,
    header,
    width: '18ch',
    value: raw,
    text: (s) => (raw(s) ? hex(raw(s), 16) : '—'),
    cell: (s) =>
      raw(s) ? (
        <LinkButton num onClick={() => explainEntry(raw(s), levels, halfOf(s.va))}>
          {hex(raw(s), 16)}
        </LinkButton>
      ) : (
        <span className="dim">—</span>
      ),
  });
  return [
    { id: 'slot', header: 'Slot', width: '6ch', value: (s) => s.index, text: (s) => hex(s.index, 3) },
    vaColumn('From', '18ch', (s) => s.va),
    entry('kernel', 'Kernel root', (s) => s.kernel),
    entry('user', 'User root', (s) => s.user),
    textColumn('relation', 'What', 'minmax(20ch, 1fr)', (s) => SLOT_RELATIONS[s.relation]),
  ];
};

export function RootSlots({ slots, rootPa }: { slots: readonly Slot[]; rootPa: bigint }) {
  const levels = useTarget((s) => s.target?.levels ?? 4);
  const specs = useMemo(() => columns(levels), [levels]);
  return (
    <DataTable
      label="Slots of the two roots"
      columns={specs}
      rows={slots}
      rowKey={(s) => String(s.index)}
      itemsOf={(s) =>
        menuOf([
          [copyAction('first address', hexVa(s.va))],
          ...[s.kernel, s.user].filter(Boolean).map((raw) => entryActions(raw, levels, halfOf(s.va))),
        ])
      }
      onSelect={(s) => openFrame(pfnOf(rootPa), s.index * ENTRY_BYTES, { level: levels, base: 0n })}
    />
  );
}
