// SPDX-License-Identifier: GPL-2.0-only
// The whole window.

import { CSPProvider } from '@base-ui/react/csp-provider';
import { Cable } from 'lucide-react';
import { Group, Panel } from 'react-resizable-panels';
import { Empty } from '../parts/Empty.tsx';
import { Splitter } from '../parts/Splitter.tsx';
import { openConnections } from '../state/connections.ts';
import { useTarget } from '../state/target.ts';
import { ConnectDialog } from '../views/connect/ConnectDialog.tsx';
import { ExplainDialog } from '../views/explain/ExplainDialog.tsx';
import { ExportDialog } from '../views/export/ExportDialog.tsx';
import { FramePane } from '../views/frame/FramePane.tsx';
import { OwnersDialog } from '../views/owners/OwnersDialog.tsx';
import { ProcessList } from '../views/processes/ProcessList.tsx';
import { SearchDialog } from '../views/search/SearchDialog.tsx';
import { SharedDialog } from '../views/sharing/SharedDialog.tsx';
import { TranslationPane } from '../views/translation/TranslationPane.tsx';
import { Header } from './Header.tsx';
import { PrivilegesBanner } from './PrivilegesBanner.tsx';
import { StatusLine } from './StatusLine.tsx';
import { useEscape } from './useEscape.ts';
import { useNarrow } from './useNarrow.ts';
import { Views } from './Views.tsx';
import './app.css';

export function App() {
  useEscape();
  const narrow = useNarrow();
  const { lost, noMachine } = useTarget();
  if (lost)
    return (
      <main className="lost">
        <Empty title="Not connected">{lost}</Empty>
      </main>
    );
  if (noMachine)
    return (
      <CSPProvider disableStyleElements>
        <main className="lost">
          <div>
            <Empty title="No machine">{noMachine}. Connect to one that does, or open a capture.</Empty>
            <button type="button" className="primary" onClick={openConnections}>
              <Cable size={13} aria-hidden="true" /> Connect…
            </button>
          </div>
        </main>
        <ConnectDialog />
      </CSPProvider>
    );
  return (
    <CSPProvider disableStyleElements>
      <Header />
      <PrivilegesBanner />
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
      <ConnectDialog />
    </CSPProvider>
  );
}
