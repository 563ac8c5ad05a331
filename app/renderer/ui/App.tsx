import { CSPProvider } from '@base-ui/react/csp-provider';
import { Tabs } from '@base-ui/react/tabs';
import { type ComponentType, useEffect, useMemo, useState } from 'react';
import { Group, Panel, Separator } from 'react-resizable-panels';
import { useMemory } from '../memory.ts';
import { cancelCheck, checkRunning, show, showOnly, useStore, type View, viewsOf } from '../store.ts';
import { AddressSpace } from './AddressSpace.tsx';
import { ComparePane } from './ComparePane.tsx';
import { CpuPane } from './CpuPane.tsx';
import { ExplainDialog } from './ExplainDialog.tsx';
import { ExportDialog } from './ExportDialog.tsx';
import { FramePane } from './FramePane.tsx';
import { Header } from './Header.tsx';
import { LabPane } from './LabPane.tsx';
import { MemoryPane } from './MemoryPane.tsx';
import { OwnersDialog } from './OwnersDialog.tsx';
import { ProcessList } from './ProcessList.tsx';
import { Empty } from './parts.tsx';
import { SearchDialog } from './SearchDialog.tsx';
import { SharedDialog } from './SharedDialog.tsx';
import { StatusLine } from './StatusLine.tsx';
import { TablesPane } from './TablesPane.tsx';
import { TracePane } from './TracePane.tsx';
import { TranslationPane } from './TranslationPane.tsx';
import { WatchPane } from './WatchPane.tsx';

function useTheme(): void {
  const theme = useStore((s) => s.theme);
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

/** Esc cancels the check that runs, else shows the whole region again. */
function useEscape(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      const { check, only, exporting, explaining, searching, sharing } = useStore.getState();
      if (exporting || explaining || useMemory.getState().owners || searching || sharing) return;
      if (checkRunning(check)) cancelCheck();
      else if (only) showOnly(undefined);
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
  const view = useStore((s) => s.view);
  const target = useStore((s) => s.target);
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
  const lost = useStore((s) => s.lost);
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
          <Separator className="splitter vertical" aria-label="Width of the process list" />
          <Panel minSize={380}>
            <Group orientation="vertical" id={narrow ? 'narrow-centre' : 'wide-centre'}>
              <Panel minSize={160}>
                <Group orientation="horizontal" id={narrow ? 'narrow-top' : 'wide-top'}>
                  <Panel minSize={330}>
                    <Views />
                  </Panel>
                  <Separator className="splitter vertical" aria-label="Width of the translation" />
                  <Panel defaultSize={narrow ? '37%' : '33%'} minSize={230}>
                    <TranslationPane />
                  </Panel>
                </Group>
              </Panel>
              <Separator className="splitter horizontal" aria-label="Height of the frame" />
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
