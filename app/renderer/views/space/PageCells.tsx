// SPDX-License-Identifier: GPL-2.0-only
import type { ReactNode } from 'react';
import type { SourceName } from '../../../contract/sources.ts';
import { VERDICT } from '../../../contract/verdicts.ts';
import { Digits } from '../../parts/Digits.tsx';
import { VerdictChip } from '../../parts/VerdictChip.tsx';
import type { PageRow } from './pageRow.ts';

export function Cell({ children, title }: { children?: ReactNode; title?: string }) {
  return (
    <div role="gridcell" title={title || undefined}>
      {children}
    </div>
  );
}

/** The word of a source. Digits that differ from the other source are highlighted; there may be none to compare with. */
function Value({ text, other = text }: { text: string; other?: string | undefined }) {
  if (text === other || text.length !== other.length || !/^[0-9a-f]+$/.test(text))
    return /^[0-9a-f]+$/.test(text) ? <Digits text={text} /> : <span className="num dim">{text}</span>;
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

/** The cells after the address. They are empty until the row is read. */
export function Cells({ row: r, sources }: { row: PageRow | undefined; sources: readonly SourceName[] }) {
  /** What the word of a source is compared with. */
  const other = (name: SourceName) => r?.said[name === 'tableWalk' ? 'pagemap' : 'tableWalk'];
  return (
    <>
      <Cell>{r && <VerdictChip verdict={VERDICT.name(r.verdict)} />}</Cell>
      {sources.map((name) => (
        <Cell key={name}>{r && <Value text={r.said[name]} other={r.compared ? other(name) : undefined} />}</Cell>
      ))}
      <Cell title={r && [r.entry, r.why].filter(Boolean).join(': ')}>
        <span className="dim">{r?.entry}</span>
      </Cell>
    </>
  );
}
