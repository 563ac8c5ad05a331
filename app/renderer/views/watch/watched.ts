// SPDX-License-Identifier: GPL-2.0-only
// Texts and actions that the parts of the view share.
import { count, hexVa } from '../../../contract/format.ts';
import { pagesBetween } from '../../../contract/paging.ts';
import { goTo, selectVa } from '../../state/navigate.ts';
import { useSpace } from '../../state/space.ts';
import type { Change, Watched, WatchedPlace } from '../../state/watch.ts';

export const isSeveral = (watched: Watched) => new Set(watched.places.map((p) => p.space.pid)).size > 1;

/** Shows the page of a change in its process. */
export const visitChange = ({ space, to }: Change) =>
  useSpace.getState().space?.pid === space.pid ? selectVa(to.va) : goTo(space, to.va);

export const sayPlace = ({ space, begin, end }: Pick<WatchedPlace, 'space' | 'begin' | 'end'>) =>
  `${space.pid} ${space.name} ${hexVa(begin)} + ${count(pagesBetween(begin, end))}`;
