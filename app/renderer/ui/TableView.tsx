// The open frame as a page table: its entries, what each points to, and the way down and up.
import { useEffect, useMemo, useRef, useState } from 'react';
import { bytes, hex, hexVa, kpageFlagNames } from '../../contract/format.ts';
import { flagsOf, levelName, levelShift, mapsFrame, pageSizeName } from '../../contract/paging.ts';
import { kindCounts, type TableEntry, tableEntries } from '../../contract/table.ts';
import { explainEntry, openFrame, selectByte, showTable, useStore } from '../store.ts';

export function TableView() {
  const target = useStore((s) => s.target);
  const frame = useStore((s) => s.frame);
  const table = useStore((s) => s.table);
  const offset = useStore((s) => s.offset);
  const [empty, setEmpty] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const entries = useMemo(
    () => (frame && table && target ? tableEntries(frame.bytes, table.level, table.base ?? 0n, target) : []),
    [frame, table, target],
  );
  // Fewer dependencies on purpose: a live refresh must not scroll
  useEffect(() => {
    scroller.current?.querySelector('.here')?.scrollIntoView({ block: 'nearest' });
  }, [frame?.pfn, table]);
  if (!frame || !table || !target) return null;
  const { levels, release } = target;
  const { level, base } = table;
  const slot = offset >> 3;
  const shown = empty ? entries : entries.filter((e) => e.kind !== 'none' || e.index === slot);
  const marked = frame.flags === null ? undefined : kpageFlagNames(frame.flags).includes('pgtable');

  function pointsTo(e: TableEntry) {
    if (e.kind === 'none') return <span className="dim">—</span>;
    if (e.kind === 'table')
      return (
        <button
          type="button"
          className="link"
          onClick={() =>
            void openFrame(e.pfn, 0, base === undefined ? { level: level - 1 } : { level: level - 1, base: e.va })
          }
        >
          {levelName(level - 1, levels)} table {hex(e.pfn)}
        </button>
      );
    if (mapsFrame(e.kind))
      return (
        <button type="button" className="link" onClick={() => void openFrame(e.pfn)}>
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
          <input type="checkbox" checked={empty} onChange={() => setEmpty(!empty)} /> empty entries
        </label>
        <span className="dim ellipsis">
          {kindCounts(entries)
            .map(([kind, n]) => `${n} ${kind}`)
            .join(' · ')}{' '}
          · {bytes(1n << BigInt(levelShift(level)))} an entry
          {marked === false && ' · kpageflags does not mark this frame as a page table'}
        </span>
      </div>
      <div className="scroll table-view" ref={scroller} tabIndex={0} role="group" aria-label="Entries of the table">
        <table>
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
              <tr key={e.index} className={e.index === slot ? 'here' : ''} onClick={() => selectByte(e.index * 8)}>
                <td className="num">{hex(e.index, 3)}</td>
                {base !== undefined && <td className="num">{hexVa(e.va)}</td>}
                <td className="num">
                  <button type="button" className="link" onClick={() => explainEntry(e.raw, level)}>
                    {hex(e.raw, 16)}
                  </button>
                </td>
                <td>{pointsTo(e)}</td>
                <td className="dim">
                  {flagsOf(e.raw, level, target, release)
                    .filter((f) => f.set)
                    .map((f) => f.name)
                    .join(' ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
