// SPDX-License-Identifier: GPL-2.0-only
// Watched pages: how each changed over time, and why.
import { count } from '../../../contract/format.ts';
import { MOST_KEPT } from '../../lib/history.ts';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { useHasNoSpace } from '../../state/processes.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { useWatch, type Watched, type WatchedPlace } from '../../state/watch.ts';
import { FailureNote, FailureText, LifeNote } from '../common/FailureNote.tsx';
import { NoProcess } from '../common/NoProcess.tsx';
import { RecordButton } from '../common/RecordButton.tsx';
import { Term } from '../common/Term.tsx';
import { ChangeTable } from './ChangeTable.tsx';
import { RecordedWatches } from './RecordedWatches.tsx';
import { Strips } from './Strips.tsx';
import { WatchForm } from './WatchForm.tsx';
import { sayPlace } from './watched.ts';
import './watch.css';

function saySeen({ places, seen, lost }: Watched): string {
  const samples = places.reduce((n, p) => n + p.samples, 0n);
  const kept = seen > MOST_KEPT ? `, the last ${count(MOST_KEPT)} kept` : '';
  const missed = lost ? ` · ${count(lost)} records of causes lost` : '';
  return `${count(samples)} samples · ${count(seen)} changes${kept}${missed}`;
}

function End({ end, space }: { end: NonNullable<WatchedPlace['ended']>; space: WatchedPlace['space'] }) {
  if ('error' in end)
    return (
      <>
        {' '}
        · <FailureText failure={end.error} space={space} />
      </>
    );
  return end.gone ? ' · The process exited or executed another program: its pages are gone' : ' · stopped';
}

function Places({ places }: { places: readonly WatchedPlace[] }) {
  return (
    <ul className="places" aria-label="Watched pages">
      {places.map((place) => (
        <li key={place.id} className={place.ended ? 'dim' : ''} aria-busy={place.samples === 0n && !place.ended}>
          <span className="num">{sayPlace(place)}</span>
          {place.ended && <End end={place.ended} space={place.space} />}
        </li>
      ))}
    </ul>
  );
}

export function WatchPane() {
  const recorded = useTarget((s) => s.target?.capture?.watched);
  const space = useSpace((s) => s.space);
  const watched = useWatch((s) => s.watched);
  const error = useWatch((s) => s.error);
  const noSpace = useHasNoSpace(space);
  const running = watched?.places.some((p) => !p.ended) ?? false;
  if (!space && !recorded) return <NoProcess view="Watch" />;
  return (
    <Pane label="Watch">
      <PaneTitle title="Watch pages">
        <span className="dim ellipsis">{watched && saySeen(watched)}</span>
        <span className="spacer" />
        <RecordButton />
      </PaneTitle>
      {recorded && <RecordedWatches places={recorded} />}
      <WatchForm running={running} hidden={recorded !== undefined || (noSpace && !running)} />
      {error && <FailureNote failure={error} space={space} />}
      {watched && <Places places={watched.places} />}
      {watched?.refusal && <p className="dim">All causes are inferred: {watched.refusal}</p>}
      {noSpace && space && !watched && !recorded && <LifeNote space={space} />}
      {!noSpace && !watched && !error && !recorded && (
        <Empty title="Nothing is watched">
          Choose a page of the process and press Watch: each change is shown with its <Term of="cause" />, seen or
          inferred.
        </Empty>
      )}
      {watched && (
        <>
          <Strips watched={watched} />
          <ChangeTable watched={watched} running={running} />
        </>
      )}
    </Pane>
  );
}
