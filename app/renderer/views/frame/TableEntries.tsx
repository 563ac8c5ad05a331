// SPDX-License-Identifier: GPL-2.0-only
// The entries of a table as a list, and what each points to.
import type { Target } from '../../../contract/api.ts';
import { entryText } from '../../../contract/entry.ts';
import { hex, hexVa } from '../../../contract/format.ts';
import { ENTRY_BYTES, flagsOf, halfOf, levelName, mapsFrame, pageSizeName, paOf } from '../../../contract/paging.ts';
import type { TableEntry } from '../../../contract/table.ts';
import { ENTRY_KIND } from '../../../contract/verdicts.ts';
import { ContextMenu } from '../../parts/ContextMenu.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { placeUnder } from '../../parts/rowKeys.ts';
import { copyAction, entryActions, frameActions, tableActions } from '../../state/actions.ts';
import { explainEntry } from '../../state/explain.ts';
import { goDown, openFrame, selectByte, type TableShown } from '../../state/memory.ts';
import { menuOf } from '../common/menu.tsx';

interface Shown {
  readonly pfn: bigint;
  readonly table: TableShown;
  readonly target: Target;
}

function PointsTo({ entry: e, pfn, table: { level, base }, target: { levels } }: Shown & { entry: TableEntry }) {
  if (e.kind === 'none') return <span className="dim">—</span>;
  if (e.kind === 'table')
    return (
      <LinkButton
        onClick={() => {
          selectByte(paOf(pfn) + BigInt(e.index * ENTRY_BYTES));
          goDown(e.pfn, base === undefined ? { level: level - 1 } : { level: level - 1, base: e.va });
        }}
      >
        {levelName(level - 1, levels)} table {hex(e.pfn)}
      </LinkButton>
    );
  if (mapsFrame(e.kind))
    return (
      <LinkButton onClick={() => openFrame(e.pfn)}>
        {pageSizeName(e.shift)} page {hex(e.pfn)}
        {e.kind !== 'leaf' && ` · ${ENTRY_KIND.label(e.kind)}`}
      </LinkButton>
    );
  return entryText(e);
}

export function TableEntries({ entries, slot, ...shown }: Shown & { entries: readonly TableEntry[]; slot: number }) {
  const { pfn, table, target } = shown;
  const { level, base } = table;
  function itemsOf(at: HTMLElement) {
    const e = entries.find(({ index }) => index === placeUnder(at));
    if (!e) return [];
    return menuOf([
      entryActions(e.raw, level, halfOf(e.va)),
      ...(e.kind === 'table'
        ? tableActions(paOf(e.pfn), { level: level - 1, ...(base !== undefined && { base: e.va }) })
        : mapsFrame(e.kind)
          ? frameActions(e.pfn)
          : []),
      base === undefined ? [] : [copyAction('address', hexVa(e.va))],
    ]);
  }
  return (
    <ContextMenu itemsOf={itemsOf} area={<table className="listing" />}>
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
        {entries.map((e) => (
          <tr
            key={e.index}
            data-at={e.index}
            className={e.index === slot ? 'here' : ''}
            onClick={(event) => {
              if (!(event.target instanceof HTMLButtonElement)) selectByte(paOf(pfn) + BigInt(e.index * ENTRY_BYTES));
            }}
          >
            <td className="num">{hex(e.index, 3)}</td>
            {base !== undefined && <td className="num">{hexVa(e.va)}</td>}
            <td className="num">
              <LinkButton onClick={() => explainEntry(e.raw, level, halfOf(e.va))}>{hex(e.raw, 16)}</LinkButton>
            </td>
            <td>
              <PointsTo entry={e} {...shown} />
            </td>
            <td className="dim">
              {flagsOf(e.raw, level, target, target.release, halfOf(e.va))
                .filter((f) => f.set)
                .map((f) => f.name)
                .join(' ')}
            </td>
          </tr>
        ))}
      </tbody>
    </ContextMenu>
  );
}
