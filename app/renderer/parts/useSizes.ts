// SPDX-License-Identifier: GPL-2.0-only
import { useDefaultLayout } from 'react-resizable-panels';
import { z } from 'zod';

/** Shares of the group by panel, in percent. */
const Layout = z.record(z.string(), z.number().min(0).max(100));

/** The library takes whatever is kept, and fails if that is something else. */
const storage = {
  getItem(key: string): string | null {
    const kept = localStorage.getItem(key);
    try {
      return kept !== null && Layout.safeParse(JSON.parse(kept)).success ? kept : null;
    } catch {
      return null; // it is not JSON
    }
  },
  setItem: (key: string, value: string) => localStorage.setItem(key, value),
};

/** A group of panels whose sizes this browser keeps, for each set of panels that are open. */
export const useSizes = (id: string, panelIds: string[]) =>
  useDefaultLayout({ id: `cr3scope.${id}`, panelIds, storage });
