// SPDX-License-Identifier: GPL-2.0-only
// What the map shows as tables: by process, against the kernel's counters, and frame by frame.
import type { MemoryMap } from '../../../contract/api.ts';
import { FRAME_FIELDS } from '../../lib/fields.ts';
import { useKept } from '../../state/kept.ts';
import { FilterBox } from '../common/FilterBox.tsx';
import { useFilter } from '../common/useFilter.ts';
import { FrameList } from './FrameList.tsx';
import { TotalsTable } from './TotalsTable.tsx';
import { UseTable } from './UseTable.tsx';
import { useFrames } from './useFrames.ts';

const TABLES = { use: 'by process', kernel: 'against the kernel’s counters', frames: 'frame by frame' } as const;
type Table = keyof typeof TABLES;

interface Props {
  readonly map: MemoryMap;
  /** Whether it is of all memory. */
  readonly whole: boolean;
  /** Walks that were asked for so far. */
  readonly walks: number;
  nameOf(pid: number): string;
}

function Choice({ chosen, onChoose }: { chosen: Table; onChoose(table: Table): void }) {
  return (
    <div className="totals-choice" role="radiogroup" aria-label="Totals">
      {Object.entries(TABLES).map(([key, label]) => (
        <label key={key}>
          <input type="radio" name="totals" checked={chosen === key} onChange={() => onChoose(key as Table)} /> {label}
        </label>
      ))}
    </div>
  );
}

function Frames({ map, walks, nameOf, choice }: Omit<Props, 'whole'> & { choice: React.ReactNode }) {
  const used = useFilter('frames', FRAME_FIELDS);
  const shown = useFrames(map, walks, used.filter, nameOf);
  return (
    <>
      <div className="totals-bar">
        {choice}
        <FilterBox label="Filter frames" placeholder="Filter: flags has dirty" fields={FRAME_FIELDS} used={used} />
      </div>
      <FrameList shown={shown} />
    </>
  );
}

export function MemoryTotals({ map, whole, walks, nameOf }: Props) {
  const [table, setTable] = useKept<Table>('memory.totals', 'use');
  const choice = <Choice chosen={table} onChoose={setTable} />;
  return (
    <div className="memory-totals">
      {table === 'frames' ? (
        <Frames map={map} walks={walks} nameOf={nameOf} choice={choice} />
      ) : (
        <>
          <div className="totals-bar">{choice}</div>
          {table === 'use' ? <UseTable map={map} nameOf={nameOf} /> : <TotalsTable map={map} whole={whole} />}
        </>
      )}
    </div>
  );
}
