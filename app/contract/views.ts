// SPDX-License-Identifier: GPL-2.0-only
// The views of the window. Those of the chosen process belong together; those of the machine stand by themselves.

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

export const VIEW_NAMES = Object.keys(VIEWS) as [View, ...View[]];
