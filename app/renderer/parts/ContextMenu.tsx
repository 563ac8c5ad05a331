// SPDX-License-Identifier: GPL-2.0-only
// The menu of what is under the pointer, or of what the keyboard has chosen. Right click, Shift+F10 or the menu key opens it.
import { ContextMenu as Base } from '@base-ui/react/context-menu';
import { type MouseEvent, type ReactElement, type ReactNode, useState } from 'react';
import { type MenuEntry, MenuItems } from './MenuItems.tsx';

interface Props {
  /** What can be done with a part of `area`; undefined or empty: the browser's own menu opens. */
  readonly itemsOf: (target: HTMLElement, event: MouseEvent) => readonly MenuEntry[] | undefined;
  /** The element that it belongs to, without its children. */
  readonly area: ReactElement;
  /** Where the menu of the keyboard stands, within `area`: a CSS selector. Without it, or where there is none: at `area`. */
  readonly chosen?: string;
  readonly children?: ReactNode;
}

export function ContextMenu({ itemsOf, area, chosen, children }: Props) {
  const [items, setItems] = useState<readonly MenuEntry[]>([]);
  function onContextMenu(event: MouseEvent<HTMLElement>) {
    // The keyboard's event comes to what has the focus.
    const keyboard = event.isTrusted && event.target === event.currentTarget;
    const at = keyboard && chosen ? event.currentTarget.querySelector<HTMLElement>(chosen) : null;
    if (at) {
      // The menu opens there as by the pointer.
      event.preventDefault();
      event.stopPropagation();
      const { left, bottom } = at.getBoundingClientRect();
      at.dispatchEvent(
        new window.MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: left + 24, clientY: bottom }),
      );
      return;
    }
    const found = itemsOf(event.target as HTMLElement, event) ?? [];
    setItems(found);
    if (found.length === 0) event.stopPropagation();
  }
  return (
    <Base.Root>
      <Base.Trigger render={area} onContextMenuCapture={onContextMenu}>
        {children}
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className="layer">
          <Base.Popup className="popup menu">
            <MenuItems items={items} />
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
