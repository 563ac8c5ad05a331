// SPDX-License-Identifier: GPL-2.0-only
// A frame as a page table: its entries as a lit grid and as a list, what each points to, and the way down and back.
import { CornerUpLeft } from 'lucide-react';
import { type MouseEvent, useEffect, useMemo, useRef, useState } from 'react';
import { bytes, hex, hexVa, kpageFlagNames } from '../../../contract/format.ts';
import {
  ENTRY_BYTES,
  flagsOf,
  halfOf,
  levelName,
  levelShift,
  mapsFrame,
  pageOffset,
  pageSizeName,
  paOf,
} from '../../../contract/paging.ts';
import { kindCounts, type TableEntry, tableEntries } from '../../../contract/table.ts';
import { Empty } from '../../parts/Empty.tsx';
import { explainEntry } from '../../state/explain.ts';
import { goBack, goDown, loadFrames, openFrame, selectByte, showTable, useMemory } from '../../state/memory.ts';
import { useTarget } from '../../state/target.ts';
import '../../parts/bar.css';
import '../../parts/listing.css';
import './table.css';

const REFRESH_MS = 1000;

function Grid({ entries, slot, onSlot }: { entries: TableEntry[]; slot: number; onSlot(index: number): void }) {
  const click = (event: MouseEvent) => {
    const index = (event.target as HTMLElement).dataset.index;
    if (index !== undefined) onSlot(Number(index));
  };
  return (
    <div
      className="table-grid"
      role="img"
      aria-label="The 512 entries lit by kind; the list has the same"
      onClick={click}
    >
      {entries.map((e) => (
        <i
          key={e.index}
          data-index={e.index}
          className={`k-${e.kind} ${e.index === slot ? 'here' : ''}`}
          title={`${hex(e.index, 3)} ${hexVa(e.va)}: ${e.kind}`}
        />
      ))}
    </div>
  );
}

export function TableView({ pfn }: { pfn: bigint }) {
  const target = useTarget((s) => s.target);
  const held = useMemory((s) => s.loaded.get(pfn));
  const flags = useMemory((s) => (s.frame?.pfn === pfn ? s.frame.flags : null));
  const table = useMemory((s) => s.table);
  const trail = useMemory((s) => s.trail);
  const slot = useMemory((s) => Math.floor(pageOffset(s.cursor ?? 0n) / ENTRY_BYTES));
  const [only, setOnly] = useState('used');
  const scroller = useRef<HTMLDivElement>(null);
  const entries = useMemo(
    () =>
      held?.status === 0 && table && target ? tableEntries(held.bytes, table.level, table.base ?? 0n, target) : [],
    [held, table, target],
  );
  useEffect(() => {
    void loadFrames(pfn, 1);
    const timer = setInterval(() => {
      if (!document.hidden) void loadFrames(pfn, 1, true);
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [pfn]);
  const ready = entries.length > 0;
  // Fewer dependencies on purpose: a live refresh must not scroll
  useEffect(() => {
    const box = scroller.current;
    if (!ready || !box) return;
    box.querySelector('.here')?.scrollIntoView({ block: 'nearest' });
    box.scrollLeft = 0;
  }, [pfn, table, slot, ready]);
  if (!table || !target) return null;
  if (!ready) return <Empty title="Reading the table…" />;
  const { levels, release } = target;
  const { level, base } = table;
  const kinds = kindCounts(entries);
  const shown = entries.filter(
    (e) => only === 'all' || e.index === slot || (only === 'used' ? e.kind !== 'none' : e.kind === only),
  );
  const marked = flags === null ? undefined : kpageFlagNames(flags).includes('pgtable');
  const used = entries.filter((e) => e.kind !== 'none').length;

  function pointsTo(e: TableEntry) {
    if (e.kind === 'none') return <span className="dim">—</span>;
    if (e.kind === 'table')
      return (
        <button
          type="button"
          className="link"
          onClick={() => {
            selectByte(paOf(pfn) + BigInt(e.index * ENTRY_BYTES));
            goDown(e.pfn, base === undefined ? { level: level - 1 } : { level: level - 1, base: e.va });
          }}
        >
          {levelName(level - 1, levels)} table {hex(e.pfn)}
        </button>
      );
    if (mapsFrame(e.kind))
      return (
        <button type="button" className="link" onClick={() => openFrame(e.pfn)}>
          {pageSizeName(e.shift)} page {hex(e.pfn)}
          {e.kind === 'leaf' ? '' : e.kind === 'protNone' ? ' · PROT_NONE' : ' · mid-split'}
        </button>
      );
    if (e.kind === 'swap' || e.kind === 'marker') return `${e.kind} ${e.swapType}:${hex(e.swapOffset)}`;
    return e.kind;
  }

  return (
    <>
      <div className="table-bar">
        <button
          type="button"
          className="icon-button"
          aria-label="Back to the table above"
          disabled={trail.length === 0}
          onClick={goBack}
        >
          <CornerUpLeft size={14} aria-hidden="true" />
        </button>
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
                <option key={kind}>{kind}</option>
              ))}
          </select>
        </label>
        <span className="dim ellipsis">
          {((used / 512) * 100).toFixed(1)} % filled · {kinds.map(([kind, n]) => `${n} ${kind}`).join(' · ')} ·{' '}
          {bytes(1n << BigInt(levelShift(level)))} an entry
          {marked === false && ' · kpageflags does not mark this frame as a page table'}
        </span>
      </div>
      <div className="table-panes">
        <Grid entries={entries} slot={slot} onSlot={(index) => selectByte(paOf(pfn) + BigInt(index * ENTRY_BYTES))} />
        <div className="scroll table-view" ref={scroller} tabIndex={0} role="group" aria-label="Entries of the table">
          <table className="listing">
            <thead>
              <tr>
                <th>Index</th>
                {base !== undefined && <th>Address</th>}
                <th>Entry</th>
                <th>Points to</th>
                <th>Flags</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((e) => (
                <tr
                  key={e.index}
                  className={e.index === slot ? 'here' : ''}
                  onClick={(event) => {
                    if (!(event.target instanceof HTMLButtonElement))
                      selectByte(paOf(pfn) + BigInt(e.index * ENTRY_BYTES));
                  }}
                >
                  <td className="num">{hex(e.index, 3)}</td>
                  {base !== undefined && <td className="num">{hexVa(e.va)}</td>}
                  <td className="num">
                    <button type="button" className="link" onClick={() => explainEntry(e.raw, level, halfOf(e.va))}>
                      {hex(e.raw, 16)}
                    </button>
                  </td>
                  <td>{pointsTo(e)}</td>
                  <td className="dim">
                    {flagsOf(e.raw, level, target, release, halfOf(e.va))
                      .filter((f) => f.set)
                      .map((f) => f.name)
                      .join(' ')}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </>
  );
}
