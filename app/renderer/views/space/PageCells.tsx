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

/** The word of a source. Digits that differ from the other source are highlighted. */
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

/** The cells after the address. They are empty until the row is read. */
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
