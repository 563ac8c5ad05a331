// SPDX-License-Identifier: GPL-2.0-only
// The theme of the page: the one that the user chose in this browser, or the system's.
import { create } from 'zustand';

export type Theme = 'system' | 'light' | 'dark';

const THEME_KEY = 'cr3scope.theme';
const isDark = window.matchMedia('(prefers-color-scheme: dark)');

interface ThemeState {
  readonly preferred: Theme;
  readonly shown: 'light' | 'dark';
}

function savedTheme(): Theme {
  const saved = localStorage.getItem(THEME_KEY);
  return saved === 'light' || saved === 'dark' ? saved : 'system';
}

/** Sets the colours of the page. Pictures that are drawn afterwards use them. */
function apply(preferred: Theme): ThemeState {
  const shown = preferred === 'system' ? (isDark.matches ? 'dark' : 'light') : preferred;
  document.documentElement.dataset.theme = shown;
  return { preferred, shown };
}

export const useTheme = create<ThemeState>(() => apply(savedTheme()));

isDark.addEventListener('change', () => useTheme.setState(({ preferred }) => apply(preferred)));

export function setTheme(preferred: Theme): void {
  localStorage.setItem(THEME_KEY, preferred);
  useTheme.setState(apply(preferred));
}
