// SPDX-License-Identifier: GPL-2.0-only
import type { ReactNode } from 'react';
import './empty.css';

/** An empty or failed state: the reason, and what to do. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty" role="note">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
    </div>
  );
}
