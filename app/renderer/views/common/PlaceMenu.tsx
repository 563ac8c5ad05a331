// SPDX-License-Identifier: GPL-2.0-only
// Copies the current place as a link, or as the command that prints the same.
import { Link } from 'lucide-react';
import { commandOf, linkOf, type Place } from '../../../contract/link.ts';
import { MenuButton } from '../../parts/MenuButton.tsx';
import { copyText } from '../../state/clipboard.ts';

export function PlaceMenu({ place, what }: { place: Place; what: string }) {
  const items = [
    ['Copy link', linkOf(place)],
    ['Copy command', commandOf(place)],
  ] as const;
  return (
    <MenuButton
      icon={Link}
      label={`Link to ${what}`}
      items={items.map(([label, text]) => ({
        key: label,
        content: (
          <>
            <span>{label}</span>
            <span className="num dim">{text}</span>
          </>
        ),
        onClick: () => copyText(text),
      }))}
    />
  );
}
