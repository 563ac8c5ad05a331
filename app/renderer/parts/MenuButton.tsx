// SPDX-License-Identifier: GPL-2.0-only
import { Menu } from '@base-ui/react/menu';
import type { LucideIcon } from 'lucide-react';
import { type MenuEntry, MenuItems } from './MenuItems.tsx';
import './popup.css';

interface Props {
  readonly icon: LucideIcon;
  readonly label: string;
  readonly items: readonly MenuEntry[];
  readonly className?: string;
}

/** An icon that opens a menu. */
export function MenuButton({ icon: Icon, label, items, className = '' }: Props) {
  return (
    <Menu.Root>
      <Menu.Trigger className={`icon-button ${className}`} aria-label={label} title={label}>
        <Icon size={13} aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} className="layer">
          <Menu.Popup className="popup menu">
            <MenuItems items={items} />
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
