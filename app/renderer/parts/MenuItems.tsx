// SPDX-License-Identifier: GPL-2.0-only
// What a menu lists, whatever opens it.
import { Menu } from '@base-ui/react/menu';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import './popup.css';

export interface MenuItem {
  readonly key: string;
  readonly content: ReactNode;
  readonly onClick: () => void;
  readonly disabled?: boolean;
  /** Set: it is a switch, and the menu stays open. */
  readonly checked?: boolean;
}
export type MenuEntry = MenuItem | 'line';

function Item({ item: { key: _, content, onClick, disabled = false, checked } }: { item: MenuItem }) {
  if (checked === undefined)
    return (
      <Menu.Item className="option" disabled={disabled} onClick={onClick}>
        {content}
      </Menu.Item>
    );
  return (
    <Menu.CheckboxItem className="option check-option" disabled={disabled} checked={checked} onCheckedChange={onClick}>
      <span className="check-mark">
        <Menu.CheckboxItemIndicator>
          <Check size={12} aria-hidden="true" />
        </Menu.CheckboxItemIndicator>
      </span>
      {content}
    </Menu.CheckboxItem>
  );
}

export const MenuItems = ({ items }: { items: readonly MenuEntry[] }) =>
  items.map((item, i) =>
    item === 'line' ? <Menu.Separator key={`line ${i}`} className="menu-line" /> : <Item key={item.key} item={item} />,
  );
