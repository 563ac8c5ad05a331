// SPDX-License-Identifier: GPL-2.0-only
// The walk of one address, level by level: the table, the index, the raw entry and its 64 bits.
import type { Target, Translation } from '../../../contract/api.ts';
import { hex, hexVa } from '../../../contract/format.ts';
import { isPresent, mapsFrame, pageOf, permission, physicalAddress, userRootOf } from '../../../contract/paging.ts';
import { ENTRY_KINDS, FRAME_STATUS, NOTE } from '../../../contract/verdicts.ts';
import { Banner } from '../../parts/Banner.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { useHasNoSpace } from '../../state/processes.ts';
import { useSpace } from '../../state/space.ts';
import { changes, useTarget } from '../../state/target.ts';
import { FailureNote, LifeNote } from '../common/FailureNote.tsx';
import { NoteBox } from '../common/NoteBox.tsx';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import { Term } from '../common/Term.tsx';
import { HostWalk } from './HostWalk.tsx';
import { ReadingLine } from './ReadingLine.tsx';
import { SourceFacts } from './SourceFacts.tsx';
import { WalkLevel } from './WalkLevel.tsx';
import './translation.css';

function Walk({ translation: t, va, target }: { translation: Translation; va: bigint; target: Target }) {
  const { path, userPath, row } = t;
  const levels = Array.from({ length: target.levels }, (_, i) => target.levels - i).filter(
    (level) => path.last > 0 && level >= path.last,
  );
  const denied = isPresent(path.entry[path.last] ?? 0n)
    ? permission((userPath ?? path).entry, path.last, target.levels, target.pti && !userPath)
    : undefined;
  const status = FRAME_STATUS.name(path.status);
  const note = row ? NOTE.name(row.note[0] as number) : 'none';
  return (
    <div className="scroll walk-pane" tabIndex={0} role="group" aria-label="The walk">
      <p className="walk-root">
        <Term of="root PA" /> (mm→pgd) <span className="num strong">0x{hex(t.rootPa)}</span>
        {userPath && (
          <>
            {' '}
            · <Term of="user root" /> <span className="num">0x{hex(userRootOf(t.rootPa))}</span>
          </>
        )}
      </p>
      <ol className="walk-levels">
        {levels.map((level) => (
          <WalkLevel
            key={level}
            path={path}
            level={level}
            va={va}
            denied={denied}
            userRaw={level === target.levels ? userPath?.entry[level] : undefined}
          />
        ))}
      </ol>
      {status !== 'ok' && <Banner>The next table can’t be read: {FRAME_STATUS.meaning(status)}.</Banner>}
      <SourceFacts translation={t} va={va} target={target} />
      {note !== 'none' && <p className="explain">{NOTE.meaning(note)}</p>}
      {target.image?.onHost && mapsFrame(ENTRY_KINDS[path.leaf.kind]) && (
        <HostWalk pa={physicalAddress(va, path.leaf)} shift={path.leaf.shift as 12 | 21 | 30} />
      )}
    </div>
  );
}

export function TranslationPane() {
  const target = useTarget((s) => s.target);
  const chosen = useSpace((s) => s.va);
  const space = useSpace((s) => s.space);
  const reading = useSpace((s) => s.reading);
  const error = useSpace((s) => s.readingError);
  const noSpace = useHasNoSpace(space);
  const va = reading?.va ?? chosen;
  return (
    <Pane label="Walk">
      {va !== undefined && space && (
        <PaneTitle title={hexVa(va)}>
          <span className="dim ellipsis">
            {space.pid} {space.name}
          </span>
          <span className="spacer" />
          <PlaceMenu place={{ view: 'address', pid: space.pid, va }} what="this translation" />
        </PaneTitle>
      )}
      {error ? (
        <FailureNote failure={error} space={space} />
      ) : reading && target ? (
        <>
          {changes(target) && <ReadingLine reading={reading} />}
          {space && (
            <NoteBox
              on={{
                kind: 'page',
                pid: space.pid,
                startTicks: space.startTicks,
                name: space.name,
                va: pageOf(reading.va),
                verdict: reading.translation.row?.verdict[0] ?? null,
              }}
              where={`${space.pid} ${hexVa(pageOf(reading.va))}`}
            />
          )}
          <Walk translation={reading.translation} va={reading.va} target={target} />
        </>
      ) : space && noSpace ? (
        <LifeNote space={space} />
      ) : (
        <Empty title="No address is chosen">Choose a page in the table, or paste an address into the box above.</Empty>
      )}
    </Pane>
  );
}
