// SPDX-License-Identifier: GPL-2.0-only
// Reads the list of processes again and again: also views without the list name processes.
import { useEffect } from 'react';
import { refreshProcesses, useProcesses } from '../state/processes.ts';

const REFRESH_MS = 2000;

export function useFreshProcesses(): void {
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden && useProcesses.getState().asked) void refreshProcesses();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
}
