// SPDX-License-Identifier: GPL-2.0-only
// Which view is shown.
import { z } from 'zod';
import { create } from 'zustand';
import type { Target } from '../../contract/api.ts';
import { VIEW_NAMES, VIEWS, type View } from '../../contract/views.ts';
import { save, saved } from '../lib/saved.ts';
import { runsHere } from './target.ts';

/** Views of what happens while this machine runs. A capture may hold what a watch or a trace has seen. */
const LIVE_VIEWS: ReadonlySet<View> = new Set(['labs', 'watch', 'trace']);
const RECORDED_VIEWS: ReadonlySet<View> = new Set(['watch', 'trace']);

/** The views that this target supports. */
export const viewsOf = (target: Target | undefined): View[] =>
  VIEW_NAMES.filter(
    (view) => runsHere(target) || !LIVE_VIEWS.has(view) || (target?.capture && RECORDED_VIEWS.has(view)),
  );

/** Where a choice belongs: the views of a process share what is chosen; each other view has its own. */
export type Scope = 'process' | View;
export const scopeOf = (view: View): Scope => (VIEWS[view].group === 'process' ? 'process' : view);

export const useView = create<{ readonly view: View }>(() => ({ view: 'space' }));
useView.subscribe(({ view }) => save('view', view));

/** The view that this browser showed last, if there is one that this target supports. */
export function lastView(target: Target | undefined): View | undefined {
  const view = saved('view', z.enum(VIEW_NAMES));
  return viewsOf(target).find((v) => v === view);
}

/** Shows a view as it is. `turnTo` of navigate.ts also brings back what is chosen there. */
export const show = (view: View): void => useView.setState({ view });
