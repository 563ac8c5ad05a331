// SPDX-License-Identifier: GPL-2.0-only
// A pane of the window and its title.
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

/** The first line of a pane: its title and actions. */
export function PaneTitle({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <header className="pane-title">
      <h2>{title}</h2>
      {children}
    </header>
  );
}
