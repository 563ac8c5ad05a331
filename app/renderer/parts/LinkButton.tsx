// SPDX-License-Identifier: GPL-2.0-only
import type { ReactNode } from 'react';

interface Props {
  readonly num?: boolean;
  readonly disabled?: boolean;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

/** A button that looks like a link and goes somewhere in the window. */
export function LinkButton({ num = false, disabled = false, onClick, children }: Props) {
  return (
    <button type="button" className={num ? 'link num' : 'link'} disabled={disabled} onClick={onClick}>
      {children}
    </button>
  );
}
