// SPDX-License-Identifier: GPL-2.0-only
// Where the walk and the frame that are shown were chosen. Beside any other view they would be stale.
import { create } from 'zustand';
import { type Scope, scopeOf, useView } from './view.ts';

interface Chosen {
  /** Undefined: nothing was chosen yet. */
  readonly scope?: Scope | undefined;
  /** Whether a page was chosen there, not only a frame. */
  readonly page: boolean;
}

export const useChosen = create<Chosen>(() => ({ page: false }));

const here = (): Scope => scopeOf(useView.getState().view);

/** A page of a process, and the frame that it maps, are chosen in the view that is shown. */
export const pageIsChosen = (): void => useChosen.setState({ scope: here(), page: true });

/** A frame is chosen in the view that is shown. The page that was chosen there stays. */
export const frameIsChosen = (): void =>
  useChosen.setState(({ scope, page }) => ({ scope: here(), page: page && scope === here() }));

/** What was chosen is shown nowhere any more, until something is chosen. */
export const nothingIsChosen = (): void => useChosen.setState({ scope: undefined, page: false });
