// SPDX-License-Identifier: GPL-2.0-only
import { useEffect } from 'react';
import { usePresentation } from '../state/presentation.ts';

/** Marks the page while it is presented, for the style sheets. */
export function usePresented(): void {
  const on = usePresentation((s) => s.on);
  useEffect(() => {
    document.documentElement.toggleAttribute('data-presentation', on);
  }, [on]);
}
