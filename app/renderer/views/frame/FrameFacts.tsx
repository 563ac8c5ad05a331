// SPDX-License-Identifier: GPL-2.0-only
// What the kernel says of the frame under the cursor.
import type { Frame } from '../../../contract/api.ts';
import { count, hex, kpageFlagLabels } from '../../../contract/format.ts';
import { paOf, pfnOf } from '../../../contract/paging.ts';
import { type Backing, backingOf, regionAt } from '../../../contract/regions.ts';
import { ROLE } from '../../../contract/roles.ts';
import { frameRecordOf } from '../../../contract/said.ts';
import { FRAME_STATUS } from '../../../contract/verdicts.ts';
import { ContextMenu } from '../../parts/ContextMenu.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Fact } from '../../parts/Fact.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { copyAction, frameActions, placeActions } from '../../state/actions.ts';
import { useMemory } from '../../state/memory.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { FailureNote } from '../common/FailureNote.tsx';
import { menuOf } from '../common/menu.tsx';
import { NoteBox } from '../common/NoteBox.tsx';
import { Term } from '../common/Term.tsx';
import '../../parts/flags.css';
import './facts.css';

/** What backs the region through which this frame was reached, if the region says more than kpageflags. */
const useBacking = (pfn: bigint): Backing | undefined =>
  useSpace(({ regions, reading }) =>
    regions && reading?.frame?.pfn === pfn ? backingOf(regions.path[regionAt(regions, reading.va)] ?? '') : undefined,
  );

function Flags({ flags }: { flags: bigint | null }) {
  const target = useTarget((s) => s.target);
  if (!target) return null;
  if (flags === null) return <span className="dim">{frameRecordOf(target).flags} can’t be read</span>;
  const labels = kpageFlagLabels(flags, target);
  return (
    <>
      <div className="flags">
        {labels.map((label) => (
          <span key={label} className="flag">
            {label}
          </span>
        ))}
      </div>
      <span className="num dim">{labels.length ? hex(flags, 16) : 'none is set'}</span>
    </>
  );
}

function Facts({ frame }: { frame: Frame }) {
  const backing = useBacking(frame.pfn);
  const target = useTarget((s) => s.target);
  const record = target && frameRecordOf(target);
  const role = ROLE.name(frame.role);
  const status = FRAME_STATUS.name(frame.status);
  return (
    <ContextMenu
      itemsOf={() =>
        menuOf([
          ...frameActions(frame.pfn),
          frame.flags === null || !record ? [] : [copyAction(`flags by ${record.flags}`, hex(frame.flags, 16))],
          placeActions({ view: 'frame', pa: paOf(frame.pfn) }, 'frame'),
        ])
      }
      area={<dl className="facts scroll fill frame-facts" tabIndex={0} aria-label="Facts of the frame" />}
    >
      <Fact name={<Term of="physical frame">Physical address</Term>} num>
        0x{hex(paOf(frame.pfn))}
      </Fact>
      {backing && (
        <Fact name="Backed by">
          {backing.label}
          <br />
          <span className="dim">{backing.meaning}</span>
        </Fact>
      )}
      <Fact name={<Term of="role">{backing ? `By ${record?.flags}` : 'Used for'}</Term>}>
        {ROLE.label(role)}
        <br />
        <span className="dim">{ROLE.meaning(role)}</span>
      </Fact>
      <Fact name={<Term of="mapping">Mapped</Term>}>
        {frame.count === null ? (
          <span className="dim">{record?.count} can’t be read</span>
        ) : (
          <>
            ×{count(frame.count)} <span className="dim">by {record?.count}</span>
          </>
        )}
      </Fact>
      <Fact name="Flags">
        <Flags flags={frame.flags} />
      </Fact>
      <Fact name="NUMA node">{frame.node ?? <span className="dim">not known</span>}</Fact>
      <Fact name="cgroup">
        {frame.cgroupPath ?? (
          <span className="dim">
            {frame.cgroup !== null
              ? 'none, or it is gone'
              : target?.image
                ? 'not read from an image'
                : 'kpagecgroup can’t be read'}
          </span>
        )}
      </Fact>
      <Fact name="Bytes">
        {status === 'ok' ? 'can be read' : <span className="bad">can’t be read: {FRAME_STATUS.meaning(status)}</span>}
      </Fact>
    </ContextMenu>
  );
}

export function FrameFacts() {
  const pfn = useMemory((s) => (s.cursor === undefined ? undefined : pfnOf(s.cursor)));
  const frame = useMemory((s) => s.frame);
  const error = useMemory((s) => s.frameError);
  return (
    <Pane label="Frame facts">
      {pfn !== undefined && <PaneTitle title={`Frame ${hex(pfn)}`} />}
      {error ? (
        <FailureNote failure={error} />
      ) : pfn === undefined ? (
        <Empty title="No frame is open">Choose a page that maps one, or paste a frame number into the box above.</Empty>
      ) : frame?.pfn === pfn ? (
        <>
          <NoteBox on={{ kind: 'frame', pfn }} where={`frame ${hex(pfn)}`} />
          <Facts frame={frame} />
        </>
      ) : (
        <Empty title="Reading the frame…" />
      )}
    </Pane>
  );
}
