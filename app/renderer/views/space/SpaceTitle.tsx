// SPDX-License-Identifier: GPL-2.0-only
// The process, its root, and the actions on its address space.
import { Binary, Download, RefreshCw, Users } from 'lucide-react';
import { hex } from '../../../contract/format.ts';
import { NO_ROOT } from '../../../contract/noRoot.ts';
import { hasSource } from '../../lib/sources.ts';
import { IconButton, TitleButton } from '../../parts/IconButton.tsx';
import { PaneTitle } from '../../parts/Pane.tsx';
import { isRunning, shownCheck, startCheck, useCheck } from '../../state/check.ts';
import { hasCommand } from '../../state/commands.ts';
import { setExporting } from '../../state/export.ts';
import { isListed, useLife, useProcesses } from '../../state/processes.ts';
import { setSharing } from '../../state/sharing.ts';
import { type Space, useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import { Term } from '../common/Term.tsx';

function Root({ space }: { space: Space }) {
  const processes = useProcesses((s) => s.processes);
  const at = processes ? processes.pid.indexOf(space.pid) : -1;
  if (!processes) return '';
  if (!isListed(processes, space)) return 'has exited';
  const root = processes.rootPa[at];
  if (!root) return NO_ROOT.label(NO_ROOT.name(processes.noRoot[at] as number));
  return (
    <>
      <Term of="root PA" /> <span className="num strong">0x{hex(root)}</span>
    </>
  );
}

export function SpaceTitle({ space }: { space: Space }) {
  const check = useCheck((s) => s.check);
  const hasResult = useCheck((s) => shownCheck(s)?.summary !== undefined);
  const empty = useSpace((s) => !s.regions?.begin.length);
  const alive = useLife(space) === 'alive';
  // A capture has what a check has read, also of pages that this machine could not read.
  const checkable = useTarget((s) => hasSource(s.target, 'tableWalk')) && alive && !empty;
  const comparesBytes = useTarget((s) => hasCommand('bytes', s.target));
  const busy = isRunning(check);
  return (
    <PaneTitle title={`${space.pid} ${space.name}`}>
      <span className="dim">
        <Root space={space} />
      </span>
      <span className="spacer" />
      {checkable && (
        <>
          <IconButton
            icon={Users}
            label="What it shares with another process"
            title="What it shares with another process"
            onClick={() => setSharing(true)}
          />
          {comparesBytes && (
            <TitleButton
              icon={Binary}
              label="Compare bytes"
              title="Check again, and compare the bytes of every mapped frame with /proc/PID/mem; sets accessed bits"
              disabled={busy}
              onClick={() => void startCheck(true)}
            />
          )}
          <TitleButton icon={RefreshCw} label="Check again" disabled={busy} onClick={() => void startCheck()} />
        </>
      )}
      {(checkable || hasResult) && (
        <TitleButton icon={Download} label="Export…" disabled={!hasResult} onClick={() => setExporting('process')} />
      )}
      <PlaceMenu place={{ view: 'process', pid: space.pid }} what="this process" />
    </PaneTitle>
  );
}
