// SPDX-License-Identifier: GPL-2.0-only
// The content of the frame under the cursor, as bytes or as a page table.
import { useState } from 'react';
import { pfnOf } from '../../../contract/paging.ts';
import { FRAME_STATUS } from '../../../contract/verdicts.ts';
import { Banner } from '../../parts/Banner.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { useMemory } from '../../state/memory.ts';
import { FailureNote } from '../common/FailureNote.tsx';
import { FindBar } from './FindBar.tsx';
import { FrameTitle } from './FrameTitle.tsx';
import { HexView } from './HexView.tsx';
import { TableView } from './TableView.tsx';

export function FramePane() {
  const cursor = useMemory((s) => s.cursor);
  const frame = useMemory((s) => s.frame);
  const error = useMemory((s) => s.frameError);
  const table = useMemory((s) => s.table);
  const [finding, setFinding] = useState(false);
  const loaded = useMemory((s) => s.cursor !== undefined && s.loaded.has(pfnOf(s.cursor)));
  const pfn = cursor === undefined ? undefined : pfnOf(cursor);
  const facts = frame?.pfn === pfn ? frame : undefined;
  const status = facts ? FRAME_STATUS.name(facts.status) : 'ok';
  return (
    <Pane
      label="Frame"
      onKeyDown={(event) => {
        if (event.key.toLowerCase() === 'f' && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          setFinding(true);
        }
      }}
    >
      {cursor === undefined ? (
        <PaneTitle title="Frame" />
      ) : (
        <FrameTitle cursor={cursor} readable={status === 'ok'} onFind={() => setFinding(true)} />
      )}
      {error && <FailureNote failure={error} />}
      {pfn === undefined && !error && (
        <Empty title="No frame is open">Choose a page that maps one, or paste a frame number into the box above.</Empty>
      )}
      {finding && <FindBar onClose={() => setFinding(false)} />}
      {status !== 'ok' && (
        <Banner role="note">
          This frame can’t be read: it is {FRAME_STATUS.meaning(status)}. cr3scope shows no bytes rather than zeros.
        </Banner>
      )}
      {pfn !== undefined && !(error && !loaded) && (table && status === 'ok' ? <TableView pfn={pfn} /> : <HexView />)}
    </Pane>
  );
}
