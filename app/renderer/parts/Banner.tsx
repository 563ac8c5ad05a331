// SPDX-License-Identifier: GPL-2.0-only
import type { ReactNode } from 'react';
import './banner.css';

/** A message across a pane. */
export function Banner({
  tone = '',
  role,
  children,
}: {
  tone?: '' | 'fine' | 'bad';
  role?: string;
  children: ReactNode;
}) {
  return (
    <p className={`banner ${tone}`} role={role}>
      {children}
    </p>
  );
}
