// SPDX-License-Identifier: GPL-2.0-only
// The frames that the map shows, one by one.
import { useMemo } from 'react';
import type { Target } from '../../../contract/api.ts';
import { clock, count, flagLabels, hex } from '../../../contract/format.ts';
import { paOf, pfnOf } from '../../../contract/paging.ts';
import { ROLE, type Role } from '../../../contract/roles.ts';
import { frameRecordOf } from '../../../contract/said.ts';
import type { FilteredFrame } from '../../lib/fields.ts';
import { MOST_READ, MOST_SHOWN } from '../../lib/filteredFrames.ts';
import { type ColumnSpec, numberColumn, paColumn, pidColumn, textColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Digits } from '../../parts/Digits.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { frameActions } from '../../state/actions.ts';
import { openFrame, useMemory } from '../../state/memory.ts';
import { useTarget } from '../../state/target.ts';
import { FailureNote } from '../common/FailureNote.tsx';
import { menuOf } from '../common/menu.tsx';
import type { FramesShown } from './useFrames.ts';

const columns = (target: Target): readonly ColumnSpec<FilteredFrame>[] => [
  {
    id: 'pfn',
    header: 'Frame',
    width: '10ch',
    value: (f) => f.pfn,
    text: (f) => hex(f.pfn),
    cell: (f) => <Digits text={hex(f.pfn, 6)} />,
  },
  { ...paColumn<FilteredFrame>('address', 'Physical address', '16ch', (f) => paOf(f.pfn)), hidden: true },
  textColumn(
    'role',
    'Used for',
    '15ch',
    (f) => ROLE.meaning(f.role as Role),
    (f) => ROLE.label(f.role as Role),
  ),
  numberColumn('mapped', 'Mapped', '8ch', (f) => f.mapped, '–'),
  pidColumn((f) => f.pid, '–'),
  textColumn('name', 'Most by', 'minmax(12ch, 0.6fr)', (f) => f.name ?? ''),
  textColumn('flags', frameRecordOf(target).flags, 'minmax(24ch, 2fr)', (f) =>
    f.flags ? flagLabels(f.flags, target).join(' ') : 'can’t be read',
  ),
];

/** What the list covers. It never passes a part for the whole. */
function coverage({ found, reading }: FramesShown): string {
  const parts: string[] = [];
  if (found) {
    const { frames: shown, matching, read, unread, at, filtered } = found;
    const all = filtered ? matching : read + Number(unread);
    const first = shown.length < all ? `the first ${count(MOST_SHOWN)} of ` : '';
    const frames = all === 1 ? 'frame' : 'frames';
    const match = filtered ? (all === 1 ? ' matches' : ' match') : '';
    parts.push(`${first}${count(all)} ${frames}${match}`);
    if (filtered && unread)
      parts.push(`${count(unread)} were not read: a filter reads ${count(MOST_READ)} at most. Zoom in to them`);
    parts.push(`read at ${clock(at)}`);
  }
  if (reading !== undefined) parts.push(`reading, ${count(reading)} so far`);
  return parts.join(' · ');
}

function None({ shown: { found, error } }: { shown: FramesShown }) {
  if (error) return <FailureNote failure={error} />;
  if (!found) return <Empty title="Reading the frames…" />;
  return <Empty title="No frame matches the filter" />;
}

export function FrameList({ shown }: { shown: FramesShown }) {
  const open = useMemory((s) => (s.cursor === undefined ? undefined : pfnOf(s.cursor)));
  const target = useTarget((s) => s.target);
  const specs = useMemo(() => (target ? columns(target) : []), [target]);
  const { found, reading } = shown;
  return (
    <div className="grid-frame" aria-busy={reading !== undefined}>
      <DataTable
        label="Frames"
        columns={specs}
        rows={found?.frames ?? []}
        rowKey={(f) => String(f.pfn)}
        itemsOf={(f) => menuOf(frameActions(f.pfn))}
        {...(open !== undefined && { selected: String(open) })}
        onSelect={(f) => openFrame(f.pfn)}
        empty={<None shown={shown} />}
      />
      <div className="grid-foot dim" role="status">
        {coverage(shown)}
      </div>
    </div>
  );
}
