// SPDX-License-Identifier: GPL-2.0-only
import { useEffect } from 'react';
import { usePreferences } from '../state/preferences.ts';

/** Keeps the colours of the page those that are preferred. */
export function useTheme(): void {
  const theme = usePreferences((s) => s.theme);
  useEffect(() => {
    const system = window.matchMedia('(prefers-color-scheme: dark)');
    const apply = () => {
      document.documentElement.dataset.theme = theme === 'system' ? (system.matches ? 'dark' : 'light') : theme;
    };
    apply();
    system.addEventListener('change', apply);
    return () => system.removeEventListener('change', apply);
  }, [theme]);
}
