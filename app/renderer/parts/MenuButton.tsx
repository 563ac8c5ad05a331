// SPDX-License-Identifier: GPL-2.0-only
import { Menu } from '@base-ui/react/menu';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import './popup.css';

interface Item {
  readonly key: string;
  readonly content: ReactNode;
  readonly onClick: () => void;
}

/** An icon that opens a menu. */
export function MenuButton({ icon: Icon, label, items }: { icon: LucideIcon; label: string; items: readonly Item[] }) {
  return (
    <Menu.Root>
      <Menu.Trigger className="icon-button" aria-label={label} title={label}>
        <Icon size={13} aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} className="layer">
          <Menu.Popup className="popup menu">
            {items.map(({ key, content, onClick }) => (
              <Menu.Item key={key} className="option" onClick={onClick}>
                {content}
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
