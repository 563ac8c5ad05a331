// SPDX-License-Identifier: GPL-2.0-only
// Which view is shown. Views of the chosen process belong together; those of the machine stand by themselves.
import { z } from 'zod';
import { create } from 'zustand';
import type { Target } from '../../contract/api.ts';
import { save, saved } from '../lib/saved.ts';

/** The groups of views with their captions, in the order of the tabs. */
export const GROUPS = { process: 'Process', machine: 'Machine', labs: '' } as const;
type Group = keyof typeof GROUPS;

export const VIEWS = {
  space: { label: 'Address space', group: 'process' },
  tables: { label: 'Tables', group: 'process' },
  watch: { label: 'Watch', group: 'process' },
  memory: { label: 'Physical memory', group: 'machine' },
  cpus: { label: 'CPUs', group: 'machine' },
  trace: { label: 'Trace', group: 'machine' },
  compare: { label: 'Compare', group: 'machine' },
  labs: { label: 'Labs', group: 'labs' },
} as const satisfies Record<string, { label: string; group: Group }>;
export type View = keyof typeof VIEWS;
/** Views that need a live machine. */
const LIVE_VIEWS: ReadonlySet<string> = new Set<View>(['labs']);

/** The views that this target supports. */
export const viewsOf = (target: Target | undefined): View[] =>
  (Object.keys(VIEWS) as View[]).filter((view) => !target?.capture || !LIVE_VIEWS.has(view));

/** Where a choice belongs: the views of a process share what is chosen; each other view has its own. */
export type Scope = 'process' | View;
export const scopeOf = (view: View): Scope => (VIEWS[view].group === 'process' ? 'process' : view);

export const useView = create<{ readonly view: View }>(() => ({ view: 'space' }));
useView.subscribe(({ view }) => save('view', view));

/** The view that this browser showed last, if there is one that this target supports. */
export function lastView(target: Target | undefined): View | undefined {
  const view = saved('view', z.enum(Object.keys(VIEWS) as [View, ...View[]]));
  return viewsOf(target).find((v) => v === view);
}

/** Shows a view as it is. `turnTo` of navigate.ts also brings back what is chosen there. */
export const show = (view: View): void => useView.setState({ view });
