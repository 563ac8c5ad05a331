// SPDX-License-Identifier: GPL-2.0-only
import { useEffect } from 'react';
import { useCaptures } from '../state/captures.ts';
import { cancelCheck, isRunning, useCheck } from '../state/check.ts';
import { useCompare } from '../state/compare.ts';
import { useExplained } from '../state/explain.ts';
import { useExport } from '../state/export.ts';
import { useHelp } from '../state/help.ts';
import { dismissNotice, useNotice } from '../state/notice.ts';
import { present, usePresentation } from '../state/presentation.ts';
import { forgetSaved, useSaved } from '../state/saved.ts';
import { useSearch } from '../state/search.ts';
import { useSharing } from '../state/sharing.ts';
import { showOnly, useSpace } from '../state/space.ts';
import { useTour } from '../state/tour.ts';
import { useTrace } from '../state/trace.ts';
import { useWatch } from '../state/watch.ts';

const isDialogOpen = (): boolean =>
  Boolean(useExport.getState().scope || useExplained.getState().entry) ||
  useSearch.getState().open ||
  useHelp.getState().topic !== undefined ||
  useSharing.getState().open ||
  useCaptures.getState().open ||
  useTour.getState().step !== undefined;

/** Dismisses the failures that stand in a view; says whether there were any. */
function dismissErrors(): boolean {
  const found = [useTrace.getState(), useWatch.getState(), useCompare.getState()].some(({ error }) => error);
  const none = { error: undefined };
  useTrace.setState(none);
  useWatch.setState(none);
  useCompare.setState(none);
  return found;
}

/** Esc dismisses the notice and the failure of a view, cancels the check, leaves the presentation, or shows all verdicts. */
export function useEscape(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (isDialogOpen()) return;
      if (useNotice.getState().notice) dismissNotice();
      else if (useSaved.getState().last) forgetSaved();
      else if (dismissErrors()) return;
      else if (isRunning(useCheck.getState().check)) cancelCheck();
      else if (usePresentation.getState().on) present(false);
      else if (useSpace.getState().only) showOnly(undefined);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
