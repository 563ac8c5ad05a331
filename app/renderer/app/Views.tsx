// SPDX-License-Identifier: GPL-2.0-only
import { Tabs } from '@base-ui/react/tabs';
import { type ComponentType, useMemo } from 'react';
import { useTarget } from '../state/target.ts';
import { show, useView, type View, viewsOf } from '../state/view.ts';
import { ComparePane } from '../views/compare/ComparePane.tsx';
import { CpuPane } from '../views/cpus/CpuPane.tsx';
import { LabPane } from '../views/labs/LabPane.tsx';
import { MemoryPane } from '../views/memory/MemoryPane.tsx';
import { AddressSpace } from '../views/space/AddressSpace.tsx';
import { TablesPane } from '../views/tables/TablesPane.tsx';
import { TracePane } from '../views/trace/TracePane.tsx';
import { WatchPane } from '../views/watch/WatchPane.tsx';
import './views.css';

const PANES: Readonly<Record<View, ComponentType>> = {
  space: AddressSpace,
  tables: TablesPane,
  memory: MemoryPane,
  cpus: CpuPane,
  trace: TracePane,
  watch: WatchPane,
  compare: ComparePane,
  labs: LabPane,
};

/** The middle of the window, which shows one of the views. */
export function Views() {
  const view = useView((s) => s.view);
  const target = useTarget((s) => s.target);
  const views = useMemo(() => viewsOf(target), [target]);
  return (
    <Tabs.Root className="views" value={view} onValueChange={(value) => show(value as View)}>
      <Tabs.List className="view-tabs" aria-label="Views">
        {views.map(([value, label]) => (
          <Tabs.Tab key={value} value={value}>
            {label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {views.map(([value]) => {
        const Pane = PANES[value];
        return (
          <Tabs.Panel key={value} value={value} className="view">
            <Pane />
          </Tabs.Panel>
        );
      })}
    </Tabs.Root>
  );
}
