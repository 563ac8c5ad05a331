// SPDX-License-Identifier: GPL-2.0-only
// Changes the colours: the system's, light, dark.
import { type LucideIcon, Monitor, Moon, Sun } from 'lucide-react';
import { IconButton } from '../parts/IconButton.tsx';
import { setTheme, type Theme, useTheme } from '../state/theme.ts';

const THEMES: Readonly<Record<Theme, { next: Theme; icon: LucideIcon }>> = {
  system: { next: 'light', icon: Monitor },
  light: { next: 'dark', icon: Sun },
  dark: { next: 'system', icon: Moon },
};

export function ThemeButton() {
  const theme = useTheme((s) => s.preferred);
  const { next, icon } = THEMES[theme];
  return (
    <IconButton
      icon={icon}
      size={15}
      label={`Colours: ${theme}. Switch to ${next}`}
      title={`Colours: ${theme}`}
      onClick={() => setTheme(next)}
    />
  );
}
