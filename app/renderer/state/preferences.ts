// SPDX-License-Identifier: GPL-2.0-only
// What the user of this browser prefers.
import { create } from 'zustand';

export type Theme = 'system' | 'light' | 'dark';

const THEME_KEY = 'cr3scope.theme';

function savedTheme(): Theme {
  const saved = localStorage.getItem(THEME_KEY);
  return saved === 'light' || saved === 'dark' ? saved : 'system';
}

export const usePreferences = create<{ readonly theme: Theme }>(() => ({ theme: savedTheme() }));

export function setTheme(theme: Theme): void {
  localStorage.setItem(THEME_KEY, theme);
  usePreferences.setState({ theme });
}
