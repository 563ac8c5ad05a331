// SPDX-License-Identifier: GPL-2.0-only
import type { Target } from '../../../contract/api.ts';
import { Empty } from '../../parts/Empty.tsx';
import { startWatch } from '../../state/watch.ts';
import { sayPlace } from './watched.ts';
import '../../parts/bar.css';

/** Time between two replayed samples, in ms. */
const REPLAY_MS = 50;

/** Replays the watches of a capture. */
export function RecordedWatches({ places }: { places: NonNullable<Target['capture']>['watched'] }) {
  if (places.length === 0)
    return (
      <Empty title="Nothing was watched in this capture">
        Record it on a machine: <code>cr3scope watch PID RANGE -o file.cr3scope</code>.
      </Empty>
    );
  return (
    <div className="find-bar wrap">
      {places.map(({ pid, startTicks, name, begin, end }) => (
        <button
          key={`${pid} ${begin} ${end}`}
          type="button"
          onClick={() => void startWatch({ pid, startTicks, name }, begin, end, REPLAY_MS)}
        >
          {sayPlace({ space: { pid, startTicks, name }, begin, end })}
        </button>
      ))}
    </div>
  );
}
