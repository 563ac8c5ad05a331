// SPDX-License-Identifier: GPL-2.0-only
import type { ReactNode } from 'react';
import { showHelp } from '../../state/help.ts';
import './term.css';

/** A word that the glossary explains; it opens the entry. `of`: the term in docs/glossary.md. */
export function Term({ of, children = of }: { of: string; children?: ReactNode }) {
  return (
    <button type="button" className="term" title={`${of}: what it means`} onClick={() => showHelp('glossary', of)}>
      {children}
    </button>
  );
}
