// SPDX-License-Identifier: GPL-2.0-only
// What memory is used for, by process and role.
import { useMemo } from 'react';
import type { MemoryMap } from '../../../contract/api.ts';
import { bytes } from '../../../contract/format.ts';
import { pageBytes } from '../../../contract/paging.ts';
import { ROLE, ROLES } from '../../../contract/roles.ts';
import { type ColumnSpec, pidColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { processActions } from '../../state/actions.ts';
import { menuOf } from '../common/menu.tsx';
import { ABSENT } from './cells.ts';

interface Use {
  readonly key: string;
  readonly pid: number;
  readonly name: string;
  readonly alone: bigint;
  readonly all: bigint;
  readonly byRole: readonly bigint[];
}

export function UseTable({ map, nameOf }: { map: MemoryMap; nameOf(pid: number): string }) {
  const rows = useMemo((): Use[] => {
    const row = (key: string, pid: number, name: string, frames: ArrayLike<bigint>, alone: bigint): Use => {
      const byRole = Array.from(frames);
      return { key, pid, name, alone, byRole, all: byRole.reduce((n, f, r) => (r === ABSENT ? n : n + f), 0n) };
    };
    return [
      row('total', 0, 'all memory', map.total, 0n),
      row('unmapped', 0, 'in no address space', map.unmapped, 0n),
      ...Array.from(map.pid, (pid, i) =>
        row(
          String(pid),
          pid,
          nameOf(pid),
          map.mapped.subarray(i * ROLES.length, (i + 1) * ROLES.length),
          map.alone[i] as bigint,
        ),
      )
        .filter((u) => u.all > 0n)
        .sort((a, b) => (a.all < b.all ? 1 : -1)),
    ];
  }, [map, nameOf]);
  const columns = useMemo((): ColumnSpec<Use>[] => {
    const size = (id: string, header: string, value: (u: Use) => bigint): ColumnSpec<Use> => ({
      id,
      header,
      width: `${Math.max(10, header.length + 3)}ch`,
      align: 'right',
      value,
      text: (u) => (value(u) ? bytes(pageBytes(value(u))) : '–'),
    });
    return [
      pidColumn((u) => u.pid, ''),
      { id: 'name', header: 'Name', width: 'minmax(16ch, 1fr)', value: (u) => u.name, text: (u) => u.name },
      size('all', 'All', (u) => u.all),
      size('alone', 'Alone', (u) => u.alone),
      ...ROLES.map((role, r) => size(role, ROLE.label(role), (u) => u.byRole[r] as bigint)).filter(
        (_, r) => r !== ABSENT && map.total[r],
      ),
    ];
  }, [map]);
  return (
    <DataTable
      label="Memory by process and role"
      columns={columns}
      rows={rows}
      rowKey={(u) => u.key}
      itemsOf={(u) => {
        const at = map.pid.indexOf(u.pid);
        return at < 0
          ? []
          : menuOf(processActions({ pid: u.pid, startTicks: map.startTicks[at] as bigint, name: u.name }));
      }}
      onSelect={() => undefined}
    />
  );
}
