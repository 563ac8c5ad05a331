// SPDX-License-Identifier: GPL-2.0-only
import { useEffect } from 'react';
import { cancelCheck, isRunning, useCheck } from '../state/check.ts';
import { useExplained } from '../state/explain.ts';
import { useExport } from '../state/export.ts';
import { useHelp } from '../state/help.ts';
import { dismissNotice, useNotice } from '../state/notice.ts';
import { useSearch } from '../state/search.ts';
import { useSharing } from '../state/sharing.ts';
import { showOnly, useSpace } from '../state/space.ts';

const isDialogOpen = (): boolean =>
  Boolean(useExport.getState().scope || useExplained.getState().entry) ||
  useSearch.getState().open ||
  useHelp.getState().topic !== undefined ||
  useSharing.getState().open;

/** Esc dismisses the notice, or cancels the running check, or removes the filter by verdict. */
export function useEscape(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (isDialogOpen()) return;
      if (useNotice.getState().notice) dismissNotice();
      else if (isRunning(useCheck.getState().check)) cancelCheck();
      else if (useSpace.getState().only) showOnly(undefined);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
