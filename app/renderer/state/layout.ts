// SPDX-License-Identifier: GPL-2.0-only
// Which panes are open, and the tab of the inspector. This browser keeps them.
import { z } from 'zod';
import { create } from 'zustand';
import { save, saved } from '../lib/saved.ts';

export const PANES = ['processes', 'drawer', 'inspector'] as const;
export type PaneName = (typeof PANES)[number];

/** The tabs of the inspector. */
export const TABS = {
  walk: 'Walk',
  frame: 'Frame',
  owners: 'Mapped by',
  bytes: 'Bytes',
  structure: 'Structure',
  notes: 'Notes',
} as const;
export type Tab = keyof typeof TABS;

const Layout = z.object({
  /** Whether a pane is open; it is not listed until the user has opened or closed it: the size of the window decides. */
  open: z.partialRecord(z.enum(PANES), z.boolean()),
  tab: z.enum(Object.keys(TABS) as [Tab, ...Tab[]]),
});
type Layout = z.infer<typeof Layout>;

export const useLayout = create<Layout>(() => saved('layout', Layout) ?? { open: {}, tab: 'walk' });
useLayout.subscribe((layout) => save('layout', layout));

export const setOpen = (pane: PaneName, open: boolean): void =>
  useLayout.setState((s) => ({ open: { ...s.open, [pane]: open } }));

/** Opens a pane that the user has closed. */
export function bringBack(pane: PaneName): void {
  if (useLayout.getState().open[pane] === false) setOpen(pane, true);
}

/** Shows a tab of the inspector. */
export function showTab(tab: Tab): void {
  useLayout.setState({ tab });
  bringBack('inspector');
}
