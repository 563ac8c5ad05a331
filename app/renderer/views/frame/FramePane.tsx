// SPDX-License-Identifier: GPL-2.0-only
// Physical memory around the cursor: the facts of its frame, the bytes or the table that it holds, and their meaning.
import { Menu } from '@base-ui/react/menu';
import { ChevronLeft, ChevronRight, Copy, Search } from 'lucide-react';
import { useState } from 'react';
import type { Frame } from '../../../contract/api.ts';
import { hex, kpageFlagNames } from '../../../contract/format.ts';
import { pageOffset, paOf, pfnOf } from '../../../contract/paging.ts';
import { ROLE } from '../../../contract/roles.ts';
import { FRAME_STATUS } from '../../../contract/verdicts.ts';
import { COPY_FORMS, type CopyForm, copyAs } from '../../lib/copy.ts';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { copyText } from '../../state/clipboard.ts';
import { byteAt, openFrame, selection, showTable, useMemory } from '../../state/memory.ts';
import { askOwners } from '../../state/owners.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import { Bookmarks } from './Bookmarks.tsx';
import { FindBar } from './FindBar.tsx';
import { HexView } from './HexView.tsx';
import { Inspector } from './Inspector.tsx';
import { TableView } from './TableView.tsx';
import '../../parts/banner.css';
import '../../parts/popup.css';
import './frame.css';

/** Selections larger than this are not copied by accident. */
const MOST_COPIED = 1 << 20;

function copySelection(form: CopyForm): void {
  const state = useMemory.getState();
  const { begin, end } = selection(state);
  const bytes: number[] = [];
  for (let pa = begin; pa < end && bytes.length < MOST_COPIED; pa++) {
    const b = byteAt(state.loaded, pa);
    if (b === undefined) break; // what can't be read is not made up
    bytes.push(b);
  }
  copyText(copyAs(form, bytes, begin));
}

function CopyMenu() {
  return (
    <Menu.Root>
      <Menu.Trigger className="icon-button" aria-label="Copy the selected bytes" title="Copy the selected bytes">
        <Copy size={13} aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} className="layer">
          <Menu.Popup className="popup menu">
            {Object.entries(COPY_FORMS).map(([form, label]) => (
              <Menu.Item key={form} className="option" onClick={() => copySelection(form as CopyForm)}>
                {label}
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

function factsOf(frame: Frame): string {
  const flags = frame.flags === null ? 'kpageflags not readable' : kpageFlagNames(frame.flags).join(' · ');
  return [
    `PA 0x${hex(paOf(frame.pfn))}`,
    ROLE.label(ROLE.name(frame.role)),
    ...(frame.count === null ? [] : [`mapped ×${frame.count}`]),
    ...(frame.node === null ? [] : [`node ${frame.node}`]),
    ...(frame.cgroupPath ? [`cgroup ${frame.cgroupPath}`] : []),
    flags || 'no flags',
  ].join(' · ');
}

export function FramePane() {
  const cursor = useMemory((s) => s.cursor);
  const frame = useMemory((s) => s.frame);
  const error = useMemory((s) => s.frameError);
  const table = useMemory((s) => s.table);
  const [finding, setFinding] = useState(false);
  const pfn = cursor === undefined ? undefined : pfnOf(cursor);
  const facts = frame?.pfn === pfn ? frame : undefined;
  const status = facts ? FRAME_STATUS.name(facts.status) : 'ok';
  const offset = pageOffset(cursor ?? 0n);
  return (
    <div className="frame-panes">
      <Pane
        label="Frame"
        onKeyDown={(event) => {
          if (event.key.toLowerCase() === 'f' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            setFinding(true);
          }
        }}
      >
        <PaneTitle title={pfn === undefined ? 'Frame' : `Frame ${hex(pfn)}`}>
          {pfn !== undefined && cursor !== undefined && (
            <>
              <button
                type="button"
                className="icon-button"
                aria-label="Previous frame"
                disabled={pfn === 0n}
                onClick={() => openFrame(pfn - 1n, offset)}
              >
                <ChevronLeft size={14} aria-hidden="true" />
              </button>
              <button
                type="button"
                className="icon-button"
                aria-label="Next frame"
                onClick={() => openFrame(pfn + 1n, offset)}
              >
                <ChevronRight size={14} aria-hidden="true" />
              </button>
              <button type="button" className="quiet-button" onClick={() => void askOwners(pfn)}>
                mapped by…
              </button>
              <button
                type="button"
                className="quiet-button"
                aria-pressed={table !== undefined}
                disabled={status !== 'ok'}
                onClick={() => showTable(table ? undefined : { level: 1 })}
              >
                as table
              </button>
              <span className="dim ellipsis" title={facts && factsOf(facts)}>
                {facts && factsOf(facts)}
              </span>
              <span className="spacer" />
              <button
                type="button"
                className="icon-button"
                aria-label="Find bytes"
                title="Find bytes (Ctrl F)"
                onClick={() => setFinding(true)}
              >
                <Search size={13} aria-hidden="true" />
              </button>
              <CopyMenu />
              <Bookmarks />
              <PlaceMenu place={{ view: 'frame', pa: cursor }} what="this byte" />
            </>
          )}
        </PaneTitle>
        {error && <Empty title={error.message}>{error.remedy}</Empty>}
        {pfn === undefined && !error && (
          <Empty title="No frame is open">
            Choose a page that maps one, or paste a frame number into the box above.
          </Empty>
        )}
        {finding && <FindBar onClose={() => setFinding(false)} />}
        {status !== 'ok' && (
          <p className="banner" role="note">
            This frame can't be read: it is {FRAME_STATUS.meaning(status)}. cr3scope shows no bytes rather than zeros.
          </p>
        )}
        {pfn !== undefined && (table && status === 'ok' ? <TableView pfn={pfn} /> : <HexView />)}
      </Pane>
      <Inspector />
    </div>
  );
}
