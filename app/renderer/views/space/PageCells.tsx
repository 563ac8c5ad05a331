// SPDX-License-Identifier: GPL-2.0-only
import type { ReactNode } from 'react';
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

/** A source's word, with the digits that differ from the other's lit. */
function Value({ text, other, differs }: { text: string; other: string; differs: boolean }) {
  if (!differs || text.length !== other.length || !/^[0-9a-f]+$/.test(text))
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

/** The cells of a row after its address; empty ones until it is read. */
export function Cells({ row: r, hasKernel }: { row: PageRow | undefined; hasKernel: boolean }) {
  return (
    <>
      <Cell>{r && <VerdictChip verdict={VERDICT.name(r.verdict)} />}</Cell>
      <Cell>{r && <Value text={r.pagemap} other={r.walk} differs={r.differs} />}</Cell>
      {hasKernel && <Cell>{r && <Value text={r.kernel} other={r.walk} differs={r.kernel !== r.walk} />}</Cell>}
      <Cell>{r && <Value text={r.walk} other={r.pagemap} differs={r.differs} />}</Cell>
      <Cell title={r?.why}>
        <span className="dim">{r?.entry}</span>
      </Cell>
    </>
  );
}
