// SPDX-License-Identifier: GPL-2.0-only
import type { ReactNode } from 'react';
import './bar.css';

/** A line of controls below the title of a pane. It wraps if the pane is narrow. */
export function FormBar({
  hidden = false,
  onSubmit,
  children,
}: {
  hidden?: boolean;
  onSubmit: () => void;
  children: ReactNode;
}) {
  return (
    <form
      className="find-bar wrap"
      hidden={hidden}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
    </form>
  );
}
