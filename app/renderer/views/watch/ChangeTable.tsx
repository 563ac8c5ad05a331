// SPDX-License-Identifier: GPL-2.0-only
// The changes of the watched pages with their causes, the latest first.
import { useMemo, useState } from 'react';
import { hex, hexVa } from '../../../contract/format.ts';
import { sayState } from '../../../contract/watch.ts';
import { ChosenRow } from '../../parts/ChosenRow.tsx';
import { type ColumnSpec, pidColumn, textColumn, timeColumn, vaColumn } from '../../parts/columns.tsx';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { addressActions, copyAction, frameActions } from '../../state/actions.ts';
import type { Change, Watched } from '../../state/watch.ts';
import { menuOf } from '../common/menu.tsx';
import { isSeveral, visitChange } from './watched.ts';

/** Beside the change itself. What is partly inferred says of which part. */
const causeText = ({ cause: { how, causes, text } }: Change): string =>
  how === 'seen' ? `seen: ${causes.join(', then ')}` : text;

const sayChosen = ({ to, cause: { text } }: Change): string => `${hexVa(to.va)}: ${text}. Now: ${sayState(to)}`;

const columns = (startNs: bigint, several: boolean): readonly ColumnSpec<Change>[] => [
  timeColumn(startNs, 2, (c) => c.to.ns),
  ...(several ? [pidColumn((c: Change) => c.space.pid)] : []),
  vaColumn('Page', '14ch', (c) => c.to.va),
  textColumn('change', 'Change', 'minmax(20ch, 1fr)', (c) => c.cause.effects.join('; ')),
  textColumn('cause', 'Cause', 'minmax(30ch, 1.5fr)', (c) => c.cause.text, causeText),
  {
    id: 'now',
    header: 'Now',
    width: 'minmax(18ch, 0.8fr)',
    value: (c) => c.to.pfn,
    text: (c) => sayState(c.to),
    cell: (c) => <span title={`${hex(c.from.raw, 16)} → ${hex(c.to.raw, 16)}`}>{sayState(c.to)}</span>,
  },
];

export function ChangeTable({ watched, running }: { watched: Watched; running: boolean }) {
  const { startNs, changes } = watched;
  const several = isSeveral(watched);
  const specs = useMemo(() => columns(startNs, several), [startNs, several]);
  const rows = useMemo(() => [...changes].reverse(), [changes]);
  const [chosen, setChosen] = useState<Change>();
  return (
    <ChosenRow text={chosen && sayChosen(chosen)}>
      <DataTable
        label="Changes"
        columns={specs}
        rows={rows}
        rowKey={(c) => String(c.id)}
        itemsOf={(c) =>
          menuOf([
            ...addressActions(c.space, c.to.va),
            ...(c.to.pfn ? frameActions(c.to.pfn) : []),
            [copyAction('cause', c.cause.text)],
          ])
        }
        {...(chosen && { selected: String(chosen.id) })}
        onSelect={(c) => {
          setChosen(c);
          void visitChange(c);
        }}
        empty={<Empty title={running ? 'Nothing has changed yet' : 'Nothing changed'} />}
      />
    </ChosenRow>
  );
}
