// SPDX-License-Identifier: GPL-2.0-only
// The 512 entries of a table as a picture.
import type { MouseEvent } from 'react';
import { hex, hexVa } from '../../../contract/format.ts';
import type { TableEntry } from '../../../contract/table.ts';
import { ENTRY_KIND } from '../../../contract/verdicts.ts';

export function TableGrid({
  entries,
  slot,
  onSlot,
}: {
  entries: TableEntry[];
  slot: number;
  onSlot(index: number): void;
}) {
  const click = (event: MouseEvent) => {
    const index = (event.target as HTMLElement).dataset.index;
    if (index !== undefined) onSlot(Number(index));
  };
  return (
    <div
      className="table-grid"
      role="img"
      aria-label="The 512 entries coloured by kind; the list shows the same"
      onClick={click}
    >
      {entries.map((e) => (
        <i
          key={e.index}
          data-index={e.index}
          className={e.index === slot ? 'here' : ''}
          style={{ background: `var(${ENTRY_KIND.word(e.kind).tint})` }}
          title={`${hex(e.index, 3)} ${hexVa(e.va)}: ${ENTRY_KIND.label(e.kind)}`}
        />
      ))}
    </div>
  );
}
