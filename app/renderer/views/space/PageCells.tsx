// SPDX-License-Identifier: GPL-2.0-only
import type { ReactNode } from 'react';
import { Digits } from '../../parts/Digits.tsx';

export function Cell({ children, title }: { children?: ReactNode; title?: string }) {
  return (
    <div role="gridcell" title={title || undefined}>
      {children}
    </div>
  );
}

/** A source's word, with the digits that differ from the other's lit. */
export function Value({ text, other, differs }: { text: string; other: string; differs: boolean }) {
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
