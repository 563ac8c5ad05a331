// SPDX-License-Identifier: GPL-2.0-only
// The frame under the cursor: its number, facts and actions.
import { ChevronLeft, ChevronRight, Search } from 'lucide-react';
import type { Frame, Target } from '../../../contract/api.ts';
import { hex, kpageFlagLabels } from '../../../contract/format.ts';
import { pageOffset, paOf, pfnOf } from '../../../contract/paging.ts';
import { type Backing, backingOf, regionAt } from '../../../contract/regions.ts';
import { ROLE } from '../../../contract/roles.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { PaneTitle } from '../../parts/Pane.tsx';
import { openFrame, showTable, useMemory } from '../../state/memory.ts';
import { askOwners } from '../../state/owners.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import { Bookmarks } from './Bookmarks.tsx';
import { CopyMenu } from './CopyMenu.tsx';

/** What backs the region through which this frame was reached, if the region says more than kpageflags. */
const useBacking = (pfn: bigint): Backing | undefined =>
  useSpace(({ regions, va, translation }) =>
    regions && va !== undefined && translation?.row?.pfn[0] === pfn
      ? backingOf(regions.path[regionAt(regions, va)] ?? '')
      : undefined,
  );

function factsOf(frame: Frame, target: Target | undefined, backing: Backing | undefined): string {
  const flags =
    frame.flags === null || !target ? 'kpageflags not readable' : kpageFlagLabels(frame.flags, target).join(' · ');
  return [
    `PA 0x${hex(paOf(frame.pfn))}`,
    ...(backing
      ? [`${backing.label} (by kpageflags: ${ROLE.label(ROLE.name(frame.role))})`]
      : [ROLE.label(ROLE.name(frame.role))]),
    ...(frame.count === null ? [] : [`mapped ×${frame.count}`]),
    ...(frame.node === null ? [] : [`node ${frame.node}`]),
    ...(frame.cgroupPath ? [`cgroup ${frame.cgroupPath}`] : []),
    flags || 'no flags',
  ].join(' · ');
}

interface Props {
  readonly cursor: bigint;
  readonly facts: Frame | undefined;
  /** Whether the bytes of the frame can be read. */
  readonly readable: boolean;
  onFind(): void;
}

export function FrameTitle({ cursor, facts, readable, onFind }: Props) {
  const target = useTarget((s) => s.target);
  const table = useMemory((s) => s.table);
  const pfn = pfnOf(cursor);
  const backing = useBacking(pfn);
  const text = facts && factsOf(facts, target, backing);
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
      <button type="button" className="quiet-button" onClick={() => void askOwners(pfn)}>
        mapped by…
      </button>
      <button
        type="button"
        className="quiet-button"
        aria-pressed={table !== undefined}
        disabled={!readable}
        onClick={() => showTable(table ? undefined : { level: 1 })}
      >
        as table
      </button>
      <span className="dim ellipsis" title={text}>
        {text}
      </span>
      <span className="spacer" />
      <IconButton icon={Search} label="Find bytes" title="Find bytes (Ctrl F)" onClick={onFind} />
      <CopyMenu />
      <Bookmarks />
      <PlaceMenu place={{ view: 'frame', pa: cursor }} what="this byte" />
    </PaneTitle>
  );
}
