// SPDX-License-Identifier: GPL-2.0-only
// Which panes stand beside the view.
import { useEffect, useState } from 'react';
import { useChosen } from '../state/chosen.ts';
import { type PaneName, useLayout } from '../state/layout.ts';
import { useMemory } from '../state/memory.ts';
import { usePresentation } from '../state/presentation.ts';
import { scopeOf, useView } from '../state/view.ts';

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const apply = () => setMatches(media.matches);
    apply();
    media.addEventListener('change', apply);
    return () => media.removeEventListener('change', apply);
  }, [query]);
  return matches;
}

interface Pane {
  /** Whether it belongs beside this view. */
  readonly fits: boolean;
  readonly open: boolean;
}

/** Only a view of a process has the list of processes. The others are alone until something is chosen in them. */
export function usePanes(): Readonly<Record<PaneName, Pane>> {
  const scope = useView((s) => scopeOf(s.view));
  const chosen = useChosen((s) => s.scope === scope);
  const hasFrame = useMemory((s) => s.cursor !== undefined);
  const open = useLayout((s) => s.open);
  const narrow = useMedia('(max-width: 1180px)');
  const low = useMedia('(max-height: 640px)');
  const presented = usePresentation((s) => s.on);
  const process = scope === 'process';
  const pane = (fits: boolean, wanted: boolean): Pane => ({ fits, open: fits && wanted && !presented });
  return {
    processes: pane(process, open.processes ?? !narrow),
    drawer: pane(process || (chosen && hasFrame), open.drawer ?? !low),
    inspector: pane(process || chosen, open.inspector ?? true),
  };
}
