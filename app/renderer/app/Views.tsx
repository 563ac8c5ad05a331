// SPDX-License-Identifier: GPL-2.0-only
// The views of the window in their groups, and the one that is shown.
import { Tabs } from '@base-ui/react/tabs';
import { type ComponentType, type ReactNode, useMemo } from 'react';
import { GROUPS, VIEWS, type View } from '../../contract/views.ts';
import { turnTo } from '../state/navigate.ts';
import { useTarget } from '../state/target.ts';
import { useView, viewsOf } from '../state/view.ts';
import { ComparePane } from '../views/compare/ComparePane.tsx';
import { CpuPane } from '../views/cpus/CpuPane.tsx';
import { LabPane } from '../views/labs/LabPane.tsx';
import { MemoryPane } from '../views/memory/MemoryPane.tsx';
import { AddressSpace } from '../views/space/AddressSpace.tsx';
import { TablesPane } from '../views/tables/TablesPane.tsx';
import { TracePane } from '../views/trace/TracePane.tsx';
import { WatchPane } from '../views/watch/WatchPane.tsx';
import { PaneButtons } from './PaneButtons.tsx';
import './views.css';

const PANES: Readonly<Record<View, ComponentType>> = {
  space: AddressSpace,
  tables: TablesPane,
  watch: WatchPane,
  memory: MemoryPane,
  cpus: CpuPane,
  trace: TracePane,
  compare: ComparePane,
  labs: LabPane,
};

/** The tabs of all views, above what `children` arrange around `ShownView`. */
export function Views({ children }: { children: ReactNode }) {
  const view = useView((s) => s.view);
  const target = useTarget((s) => s.target);
  const views = useMemo(() => viewsOf(target), [target]);
  return (
    <Tabs.Root className="views" value={view} onValueChange={(value) => turnTo(value as View)}>
      <div className="view-line">
        <Tabs.List className="view-tabs" aria-label="Views">
          {Object.entries(GROUPS).map(([group, caption]) => (
            <div key={group} role="presentation" className="view-group">
              {caption && <span aria-hidden="true">{caption}</span>}
              {views
                .filter((v) => VIEWS[v].group === group)
                .map((v) => (
                  <Tabs.Tab key={v} value={v}>
                    {VIEWS[v].label}
                  </Tabs.Tab>
                ))}
            </div>
          ))}
        </Tabs.List>
        <PaneButtons />
      </div>
      {children}
    </Tabs.Root>
  );
}

export function ShownView() {
  const view = useView((s) => s.view);
  const Pane = PANES[view];
  return (
    <Tabs.Panel value={view} className="view">
      <Pane />
    </Tabs.Panel>
  );
}
