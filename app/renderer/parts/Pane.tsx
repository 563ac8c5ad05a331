// SPDX-License-Identifier: GPL-2.0-only
// The frame of what the window shows beside and below each other.
import type { KeyboardEventHandler, ReactNode } from 'react';
import './pane.css';

interface Props {
  readonly label: string;
  readonly className?: string;
  readonly onKeyDown?: KeyboardEventHandler;
  readonly children: ReactNode;
}

/** A region of the page with a name. */
export function Pane({ label, className = '', onKeyDown, children }: Props) {
  return (
    <section className={`pane ${className}`} aria-label={label} onKeyDown={onKeyDown}>
      {children}
    </section>
  );
}

/** Its first line: what is shown, and what can be done with it. */
export function PaneTitle({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <header className="pane-title">
      <h2>{title}</h2>
      {children}
    </header>
  );
}
