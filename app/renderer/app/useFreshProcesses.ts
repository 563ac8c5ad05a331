// SPDX-License-Identifier: GPL-2.0-only
// Reads the list of processes again and again: also views without the list name processes.
import { useEffect } from 'react';
import { refreshProcesses, useProcesses } from '../state/processes.ts';
import { useProcessList } from '../state/processList.ts';
import { changes, useTarget } from '../state/target.ts';

const REFRESH_MS = 2000;

export function useFreshProcesses(): void {
  useEffect(() => {
    const timer = setInterval(() => {
      const { target } = useTarget.getState();
      if (!document.hidden && useProcesses.getState().asked && changes(target))
        void refreshProcesses(useProcessList.getState().follow);
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
}
