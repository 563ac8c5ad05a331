// SPDX-License-Identifier: GPL-2.0-only
import { CSPProvider } from '@base-ui/react/csp-provider';
import { Tabs } from '@base-ui/react/tabs';
import { type ComponentType, useEffect, useMemo, useState } from 'react';
import { Group, Panel } from 'react-resizable-panels';
import { Empty } from '../parts/Empty.tsx';
import { Splitter } from '../parts/Splitter.tsx';
import { cancelCheck, isRunning, useCheck } from '../state/check.ts';
import { useExplained } from '../state/explain.ts';
import { useExport } from '../state/export.ts';
import { useOwners } from '../state/owners.ts';
import { usePreferences } from '../state/preferences.ts';
import { useSearch } from '../state/search.ts';
import { useSharing } from '../state/sharing.ts';
import { showOnly, useSpace } from '../state/space.ts';
import { useTarget } from '../state/target.ts';
import { show, useView, type View, viewsOf } from '../state/view.ts';
import { ComparePane } from '../views/compare/ComparePane.tsx';
import { CpuPane } from '../views/cpus/CpuPane.tsx';
import { ExplainDialog } from '../views/explain/ExplainDialog.tsx';
import { ExportDialog } from '../views/export/ExportDialog.tsx';
import { FramePane } from '../views/frame/FramePane.tsx';
import { LabPane } from '../views/labs/LabPane.tsx';
import { MemoryPane } from '../views/memory/MemoryPane.tsx';
import { OwnersDialog } from '../views/owners/OwnersDialog.tsx';
import { ProcessList } from '../views/processes/ProcessList.tsx';
import { SearchDialog } from '../views/search/SearchDialog.tsx';
import { SharedDialog } from '../views/sharing/SharedDialog.tsx';
import { AddressSpace } from '../views/space/AddressSpace.tsx';
import { TablesPane } from '../views/tables/TablesPane.tsx';
import { TracePane } from '../views/trace/TracePane.tsx';
import { TranslationPane } from '../views/translation/TranslationPane.tsx';
import { WatchPane } from '../views/watch/WatchPane.tsx';
import { Header } from './Header.tsx';
import { StatusLine } from './StatusLine.tsx';
import './app.css';
import './views.css';

function useTheme(): void {
  const theme = usePreferences((s) => s.theme);
  useEffect(() => {
    const system = window.matchMedia('(prefers-color-scheme: dark)');
    const apply = () => {
      document.documentElement.dataset.theme = theme === 'system' ? (system.matches ? 'dark' : 'light') : theme;
    };
    apply();
    system.addEventListener('change', apply);
    return () => system.removeEventListener('change', apply);
  }, [theme]);
}

const isDialogOpen = (): boolean =>
  Boolean(useExport.getState().scope || useExplained.getState().entry || useOwners.getState().asked) ||
  useSearch.getState().open ||
  useSharing.getState().open;

/** Esc cancels the check that runs, else shows the whole region again. */
function useEscape(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (isDialogOpen()) return;
      if (isRunning(useCheck.getState().check)) cancelCheck();
      else if (useSpace.getState().only) showOnly(undefined);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function useNarrow(): boolean {
  const query = '(max-width: 1180px)';
  const [narrow, setNarrow] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const apply = () => setNarrow(media.matches);
    media.addEventListener('change', apply);
    return () => media.removeEventListener('change', apply);
  }, []);
  return narrow;
}

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

/** The middle of the window: one view of several. */
function Views() {
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

export function App() {
  useTheme();
  useEscape();
  const narrow = useNarrow();
  const lost = useTarget((s) => s.lost);
  if (lost)
    return (
      <main className="lost">
        <Empty title="Not connected">{lost}</Empty>
      </main>
    );
  return (
    <CSPProvider disableStyleElements>
      <Header />
      <main>
        <Group orientation="horizontal" id={narrow ? 'narrow' : 'wide'} key={narrow ? 'narrow' : 'wide'}>
          <Panel defaultSize={narrow ? '26%' : '25%'} minSize={190}>
            <ProcessList />
          </Panel>
          <Splitter direction="vertical" label="Width of the process list" />
          <Panel minSize={380}>
            <Group orientation="vertical" id={narrow ? 'narrow-centre' : 'wide-centre'}>
              <Panel minSize={160}>
                <Group orientation="horizontal" id={narrow ? 'narrow-top' : 'wide-top'}>
                  <Panel minSize={330}>
                    <Views />
                  </Panel>
                  <Splitter direction="vertical" label="Width of the translation" />
                  <Panel defaultSize={narrow ? '37%' : '33%'} minSize={230}>
                    <TranslationPane />
                  </Panel>
                </Group>
              </Panel>
              <Splitter direction="horizontal" label="Height of the frame" />
              <Panel defaultSize="30%" minSize={90}>
                <FramePane />
              </Panel>
            </Group>
          </Panel>
        </Group>
      </main>
      <StatusLine />
      <ExplainDialog />
      <OwnersDialog />
      <SearchDialog />
      <SharedDialog />
      <ExportDialog />
    </CSPProvider>
  );
}
