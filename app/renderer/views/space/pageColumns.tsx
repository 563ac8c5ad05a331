// SPDX-License-Identifier: GPL-2.0-only
// The columns of the list of pages.
import { StickyNote } from 'lucide-react';
import { hexVa } from '../../../contract/format.ts';
import { SOURCE, type SourceName } from '../../../contract/sources.ts';
import { VERDICT } from '../../../contract/verdicts.ts';
import { type ColumnSpec, vaColumn } from '../../parts/columns.tsx';
import { Digits } from '../../parts/Digits.tsx';
import { VerdictChip } from '../../parts/VerdictChip.tsx';
import type { PageRow } from './pageRow.ts';

/** A page of the list. */
export interface PageLine {
  readonly va: bigint;
  /** Path of the region, or what stands for it. */
  readonly region: string;
  /** What is noted at the page, or at the frame that it maps; "": nothing. */
  readonly noted: string;
  /** Undefined until it is read. */
  readonly row: PageRow | undefined;
}

/** The word of a source. Digits that differ from the other source are highlighted; there may be none to compare with. */
function Value({ text, other = text }: { text: string; other?: string | undefined }) {
  if (text === other || text.length !== other.length || !/^[0-9a-f]+$/.test(text))
    return /^[0-9a-f]+$/.test(text) ? (
      <Digits text={text} />
    ) : (
      <span className="num dim" title={text}>
        {text}
      </span>
    );
  return (
    <span className="num">
      {Array.from(text, (c, i) => (
        <span key={i} className={c === other[i] ? '' : 'lit'}>
          {c}
        </span>
      ))}
    </span>
  );
}

const sourceColumn = (name: SourceName): ColumnSpec<PageLine> => ({
  id: name,
  header: SOURCE.label(name),
  width: 'minmax(9ch, 0.7fr)',
  text: ({ row }) => row?.said[name] ?? '',
  cell: ({ row }) =>
    row && (
      <Value
        text={row.said[name]}
        other={row.compared ? row.said[name === 'tableWalk' ? 'pagemap' : 'tableWalk'] : undefined}
      />
    ),
});

const regionText = ({ region }: PageLine) => region.split('/').at(-1) ?? '';

const REGION: ColumnSpec<PageLine> = {
  id: 'region',
  header: 'Region',
  width: 'minmax(9ch, 0.7fr)',
  text: regionText,
  cell: (line) => (
    <span className="dim" title={line.region}>
      {regionText(line)}
    </span>
  ),
};

/** None of them sorts: a list may have 10^10 pages. `ofMany`: the pages are of many regions. */
export const pageColumns = (sources: readonly SourceName[], ofMany: boolean): readonly ColumnSpec<PageLine>[] => {
  const { value: _, ...va } = vaColumn<PageLine>('Virtual address', '14ch', (line) => line.va);
  return [
    {
      ...va,
      cell: (line) => (
        <>
          <Digits text={hexVa(line.va)} />
          {line.noted && (
            <span title={line.noted}>
              <StickyNote className="note-mark" size={11} role="img" aria-label={`Noted: ${line.noted}`} />
            </span>
          )}
        </>
      ),
    },
    ...(ofMany ? [REGION] : []),
    {
      id: 'verdict',
      header: 'Verdict',
      width: 'minmax(12.5ch, 0.7fr)',
      text: ({ row }) => (row ? VERDICT.label(VERDICT.name(row.verdict)) : ''),
      cell: ({ row }) => row && <VerdictChip verdict={VERDICT.name(row.verdict)} />,
    },
    ...sources.map(sourceColumn),
    {
      id: 'entry',
      header: 'Entry',
      width: 'minmax(12ch, 1.5fr)',
      text: ({ row }) => row?.entry ?? '',
      cell: ({ row }) => (
        <span className="dim" title={row && [row.entry, row.why].filter(Boolean).join(': ')}>
          {row?.entry}
        </span>
      ),
    },
  ];
};
