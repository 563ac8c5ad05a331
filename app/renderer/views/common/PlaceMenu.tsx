// SPDX-License-Identifier: GPL-2.0-only
// Copies where one is: as a link, and as the command that prints the same.
import { Menu } from '@base-ui/react/menu';
import { Link } from 'lucide-react';
import { commandOf, linkOf, type Place } from '../../../contract/link.ts';
import { copyText } from '../../state/clipboard.ts';
import '../../parts/popup.css';

export function PlaceMenu({ place, what }: { place: Place; what: string }) {
  const items = [
    ['Copy link', linkOf(place)],
    ['Copy command', commandOf(place)],
  ] as const;
  return (
    <Menu.Root>
      <Menu.Trigger className="icon-button" aria-label={`Link to ${what}`} title={`Link to ${what}`}>
        <Link size={13} aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} className="layer">
          <Menu.Popup className="popup menu">
            {items.map(([label, text]) => (
              <Menu.Item key={label} className="option" onClick={() => copyText(text)}>
                <span>{label}</span>
                <span className="num dim">{text}</span>
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
