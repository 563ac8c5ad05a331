// SPDX-License-Identifier: GPL-2.0-only
import type { ReactNode } from 'react';
import './facts.css';

/** One row of a `<dl className="facts">`. */
export function Fact({ name, num = false, children }: { name: ReactNode; num?: boolean; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={num ? 'num' : undefined}>{children}</dd>
    </div>
  );
}
