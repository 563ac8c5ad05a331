// SPDX-License-Identifier: GPL-2.0-only
// The frame under the cursor: its number, and the actions on its bytes.
import { ChevronLeft, ChevronRight, Search } from 'lucide-react';
import { hex } from '../../../contract/format.ts';
import { pageOffset, pfnOf } from '../../../contract/paging.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { PaneTitle } from '../../parts/Pane.tsx';
import { openFrame, showTable, useMemory } from '../../state/memory.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import { Bookmarks } from './Bookmarks.tsx';
import { CopyMenu } from './CopyMenu.tsx';

interface Props {
  readonly cursor: bigint;
  /** Whether the bytes of the frame can be read. */
  readonly readable: boolean;
  onFind(): void;
}

export function FrameTitle({ cursor, readable, onFind }: Props) {
  const table = useMemory((s) => s.table);
  const pfn = pfnOf(cursor);
  const offset = pageOffset(cursor);
  return (
    <PaneTitle title={`Frame ${hex(pfn)}`}>
      <IconButton
        icon={ChevronLeft}
        size={14}
        label="Previous frame"
        disabled={pfn === 0n}
        onClick={() => openFrame(pfn - 1n, offset)}
      />
      <IconButton icon={ChevronRight} size={14} label="Next frame" onClick={() => openFrame(pfn + 1n, offset)} />
      <button
        type="button"
        className="quiet-button"
        aria-pressed={table !== undefined}
        disabled={!readable}
        onClick={() => showTable(table ? undefined : { level: 1 })}
      >
        as table
      </button>
      <span className="spacer" />
      <IconButton icon={Search} label="Find bytes" title="Find bytes (Ctrl F)" onClick={onFind} />
      <CopyMenu />
      <Bookmarks />
      <PlaceMenu place={{ view: 'frame', pa: cursor }} what="this byte" />
    </PaneTitle>
  );
}
