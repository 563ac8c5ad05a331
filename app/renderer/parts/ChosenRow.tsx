// SPDX-License-Identifier: GPL-2.0-only
import type { ReactNode } from 'react';

/** A table, and below it all that its chosen row says: the cells have no room for it. */
export const ChosenRow = ({ text, children }: { text: string | undefined; children: ReactNode }) => (
  <div className="grid-frame">
    {children}
    {text !== undefined && <p className="grid-foot chosen-row">{text}</p>}
  </div>
);
