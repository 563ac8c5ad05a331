// SPDX-License-Identifier: GPL-2.0-only
import { Empty } from '../../parts/Empty.tsx';
import { Pane } from '../../parts/Pane.tsx';

/** Replaces a view that needs a process while none is chosen. */
export function NoProcess({ view }: { view: string }) {
  return (
    <Pane label={view}>
      <Empty title="No process is chosen">Choose one on the left, or paste a PID into the box above.</Empty>
    </Pane>
  );
}
