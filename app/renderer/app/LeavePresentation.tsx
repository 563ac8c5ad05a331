// SPDX-License-Identifier: GPL-2.0-only
import { X } from 'lucide-react';
import { present, usePresentation } from '../state/presentation.ts';

/** The way back to the whole window; Esc does the same. */
export function LeavePresentation() {
  const on = usePresentation((s) => s.on);
  if (!on) return null;
  return (
    <button type="button" className="leave-presentation" onClick={() => present(false)}>
      <X size={13} aria-hidden="true" /> Leave the presentation (Esc)
    </button>
  );
}
