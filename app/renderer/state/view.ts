// SPDX-License-Identifier: GPL-2.0-only
// What the middle of the window shows.
import { create } from 'zustand';
import type { Target } from '../../contract/api.ts';

export const VIEWS = {
  space: 'Address space',
  tables: 'Tables',
  memory: 'Physical memory',
  cpus: 'CPUs',
  trace: 'Trace',
  watch: 'Watch',
  compare: 'Compare',
  labs: 'Labs',
} as const;
export type View = keyof typeof VIEWS;
/** Views that need a live machine. */
const LIVE_VIEWS: ReadonlySet<string> = new Set<View>(['labs']);

/** The views that this target supports, with their names. */
export const viewsOf = (target: Target | undefined): [View, string][] =>
  (Object.entries(VIEWS) as [View, string][]).filter(([view]) => !target?.capture || !LIVE_VIEWS.has(view));

export const useView = create<{ readonly view: View }>(() => ({ view: 'space' }));

export const show = (view: View): void => useView.setState({ view });
