// SPDX-License-Identifier: GPL-2.0-only
// Reads the list of processes again and again: also views without the list name processes.
import { useEffect } from 'react';
import { refreshProcesses, useProcesses } from '../state/processes.ts';
import { useProcessList } from '../state/processList.ts';
import { onRefresh } from '../state/refresh.ts';

export function useFreshProcesses(): void {
  useEffect(
    () =>
      onRefresh(async () => {
        if (useProcesses.getState().asked) await refreshProcesses(useProcessList.getState().follow);
      }),
    [],
  );
}
