// SPDX-License-Identifier: GPL-2.0-only
// The whole window.

import { CSPProvider } from '@base-ui/react/csp-provider';
import { Cable, FolderOpen } from 'lucide-react';
import { capitalized } from '../../contract/format.ts';
import { Empty } from '../parts/Empty.tsx';
import { openCaptures } from '../state/captures.ts';
import { openConnections } from '../state/connections.ts';
import { useProcesses } from '../state/processes.ts';
import { useTarget } from '../state/target.ts';
import { ConnectDialog } from '../views/connect/ConnectDialog.tsx';
import { ExplainDialog } from '../views/explain/ExplainDialog.tsx';
import { ExportDialog } from '../views/export/ExportDialog.tsx';
import { HelpDialog } from '../views/help/HelpDialog.tsx';
import { OpenDialog } from '../views/open/OpenDialog.tsx';
import { SearchDialog } from '../views/search/SearchDialog.tsx';
import { SharedDialog } from '../views/sharing/SharedDialog.tsx';
import { DropTarget } from './DropTarget.tsx';
import { Header } from './Header.tsx';
import { LeavePresentation } from './LeavePresentation.tsx';
import { Notice } from './Notice.tsx';
import { PlaceLine } from './PlaceLine.tsx';
import { PrivilegesBanner } from './PrivilegesBanner.tsx';
import { SavedLine } from './SavedLine.tsx';
import { StatusLine } from './StatusLine.tsx';
import { Tour, TourOffer } from './Tour.tsx';
import { useEscape } from './useEscape.ts';
import { useFreshProcesses } from './useFreshProcesses.ts';
import { usePresented } from './usePresented.ts';
import { Views } from './Views.tsx';
import { Workbench } from './Workbench.tsx';
import './app.css';
import './presentation.css';

export function App() {
  useEscape();
  useFreshProcesses();
  usePresented();
  const asked = useProcesses((s) => s.asked);
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
            <Empty title="No machine">
              {capitalized(noMachine)}. Connect to one that does, or open a capture or a memory image.
            </Empty>
            <div className="lost-buttons">
              <button type="button" className="primary" onClick={openConnections}>
                <Cable size={13} aria-hidden="true" /> Connect…
              </button>
              <button type="button" onClick={openCaptures}>
                <FolderOpen size={13} aria-hidden="true" /> Open…
              </button>
            </div>
          </div>
        </main>
        <ConnectDialog />
        <OpenDialog />
        <DropTarget />
      </CSPProvider>
    );
  return (
    <CSPProvider disableStyleElements>
      <Header />
      <PrivilegesBanner />
      <main aria-busy={!asked}>
        <Views>
          <PlaceLine />
          <Workbench />
          <TourOffer />
          <Notice />
          <SavedLine />
        </Views>
      </main>
      <StatusLine />
      <ExplainDialog />
      <SearchDialog />
      <SharedDialog />
      <ExportDialog />
      <ConnectDialog />
      <HelpDialog />
      <OpenDialog />
      <DropTarget />
      <Tour />
      <LeavePresentation />
    </CSPProvider>
  );
}
