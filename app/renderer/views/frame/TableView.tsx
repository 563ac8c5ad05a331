// SPDX-License-Identifier: GPL-2.0-only
// A frame as a page table: its entries as a grid and as a list, with links to what they point to.

import { CornerUpLeft } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Target } from '../../../contract/api.ts';
import { bytes, kpageFlagNames } from '../../../contract/format.ts';
import {
  ENTRY_BYTES,
  flagsOf,
  halfOf,
  levelName,
  levelShift,
  mapsFrame,
  pageOffset,
  paOf,
} from '../../../contract/paging.ts';
import { frameRecordOf } from '../../../contract/said.ts';
import { kindCounts, type TableEntry, tableEntries } from '../../../contract/table.ts';
import { ENTRY_KIND } from '../../../contract/verdicts.ts';
import { ENTRY_FIELDS } from '../../lib/fields.ts';
import { Empty } from '../../parts/Empty.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { goBack, loadFrames, selectByte, showTable, useMemory } from '../../state/memory.ts';
import { onRefresh } from '../../state/refresh.ts';
import { useTarget } from '../../state/target.ts';
import { FilterBox } from '../common/FilterBox.tsx';
import { useFilter } from '../common/useFilter.ts';
import { TableEntries } from './TableEntries.tsx';
import { TableGrid } from './TableGrid.tsx';
import '../../parts/bar.css';
import '../../parts/listing.css';
import './table.css';

/** The frame of the page or table that an entry points to. */
const pointsTo = ({ kind, pfn }: TableEntry) => (kind === 'table' || mapsFrame(kind) ? pfn : undefined);

const setFlags = ({ raw, va }: TableEntry, level: number, target: Target) =>
  flagsOf(raw, level, target, target.release, halfOf(va)).flatMap((f) => (f.set ? [f.name] : []));

export function TableView({ pfn }: { pfn: bigint }) {
  const target = useTarget((s) => s.target);
  const held = useMemory((s) => s.loaded.get(pfn));
  const flags = useMemory((s) => (s.frame?.pfn === pfn ? s.frame.flags : null));
  const table = useMemory((s) => s.table);
  const trail = useMemory((s) => s.trail);
  const slot = useMemory((s) => Math.floor(pageOffset(s.cursor ?? 0n) / ENTRY_BYTES));
  const [only, setOnly] = useState('used');
  const filtering = useFilter('entries', ENTRY_FIELDS);
  const scroller = useRef<HTMLDivElement>(null);
  const entries = useMemo(
    () =>
      held?.status === 0 && table && target ? tableEntries(held.bytes, table.level, table.base ?? 0n, target) : [],
    [held, table, target],
  );
  useEffect(() => {
    void loadFrames(pfn, 1);
    return onRefresh(() => loadFrames(pfn, 1, true));
  }, [pfn]);
  const ready = entries.length > 0;
  // A live refresh must not scroll: it is left out of the dependencies
  useEffect(() => {
    const box = scroller.current;
    if (!ready || !box) return;
    box.querySelector('.here')?.scrollIntoView({ block: 'nearest' });
    box.scrollLeft = 0;
  }, [pfn, table, slot, ready]);
  if (!table || !target) return null;
  if (!ready) return <Empty title="Reading the table…" />;
  const { levels } = target;
  const { level } = table;
  const kinds = kindCounts(entries);
  const ofKind = entries.filter(
    (e) => only === 'all' || e.index === slot || (only === 'used' ? e.kind !== 'none' : e.kind === only),
  );
  const { filter } = filtering;
  const shown = filter
    ? ofKind.filter((e) => filter.matches({ ...e, pfn: pointsTo(e), flags: setFlags(e, level, target) }))
    : ofKind;
  const marked = flags === null ? undefined : kpageFlagNames(flags).includes('pgtable');
  const used = entries.filter((e) => e.kind !== 'none').length;

  return (
    <>
      <div className="table-bar">
        <IconButton
          icon={CornerUpLeft}
          size={14}
          label="Back to the table above"
          disabled={trail.length === 0}
          onClick={goBack}
        />
        <label>
          as{' '}
          <select value={level} onChange={(event) => showTable({ level: Number(event.target.value) })}>
            {Array.from({ length: levels }, (_, i) => levels - i).map((l) => (
              <option key={l} value={l}>
                {levelName(l, levels)}
              </option>
            ))}
          </select>{' '}
          table
        </label>
        <label>
          show{' '}
          <select value={only} onChange={(event) => setOnly(event.target.value)}>
            <option value="used">used entries</option>
            <option value="all">all entries</option>
            {kinds
              .filter(([kind]) => kind !== 'none')
              .map(([kind]) => (
                <option key={kind} value={kind}>
                  {ENTRY_KIND.label(kind)}
                </option>
              ))}
          </select>
        </label>
        <FilterBox
          label="Filter entries"
          placeholder="Filter: flags has dirty"
          fields={ENTRY_FIELDS}
          used={filtering}
        />
        <span className="dim ellipsis">
          {filter && `${shown.length} shown · `}
          {((used / 512) * 100).toFixed(1)} % filled ·{' '}
          {kinds.map(([kind, n]) => `${n} ${ENTRY_KIND.label(kind)}`).join(' · ')} ·{' '}
          {bytes(1n << BigInt(levelShift(level)))} an entry
          {marked === false && ` · ${frameRecordOf(target).flags} does not mark this frame as a page table`}
        </span>
      </div>
      <div className="table-panes">
        <TableGrid
          entries={entries}
          slot={slot}
          onSlot={(index) => selectByte(paOf(pfn) + BigInt(index * ENTRY_BYTES))}
        />
        <div className="scroll table-view" ref={scroller} tabIndex={0} role="group" aria-label="Entries of the table">
          <TableEntries entries={shown} slot={slot} pfn={pfn} table={table} target={target} />
        </div>
      </div>
    </>
  );
}
