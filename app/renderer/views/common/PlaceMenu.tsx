// SPDX-License-Identifier: GPL-2.0-only
// Copies the current place as a link, or as the command that prints the same.
import { Link } from 'lucide-react';
import type { Place } from '../../../contract/link.ts';
import { MenuButton } from '../../parts/MenuButton.tsx';
import { placeActions } from '../../state/actions.ts';
import { menuOf } from './menu.tsx';

export const PlaceMenu = ({ place, what }: { place: Place; what: string }) => (
  <MenuButton icon={Link} label={`Link to ${what}`} items={menuOf([placeActions(place)])} />
);
