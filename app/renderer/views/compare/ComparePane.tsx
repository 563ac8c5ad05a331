// SPDX-License-Identifier: GPL-2.0-only
// What changed since a snapshot: processes, roots, regions, pages.
import { useEffect } from 'react';
import { Banner } from '../../parts/Banner.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { openSnapshot, takeSnapshot, useCompare } from '../../state/compare.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { FailureNote } from '../common/FailureNote.tsx';
import { Term } from '../common/Term.tsx';
import { DifferenceTable } from './DifferenceTable.tsx';
import { CompareForm, OpenForm } from './SnapshotForms.tsx';
import { Totals } from './Totals.tsx';

export function ComparePane() {
  const space = useSpace((s) => s.space);
  const captured = useTarget((s) => s.target?.capture?.path);
  const { snapshots, busy, before, after, comparison, error } = useCompare();
  const chosen = snapshots.filter((s) => s.id === before || s.id === after);
  // If the window shows a capture, other captures are compared with it.
  useEffect(() => {
    if (captured && useCompare.getState().snapshots.length === 0) void openSnapshot(captured);
  }, [captured]);
  return (
    <Pane label="Compare">
      <PaneTitle title="Compare">
        <span className="dim ellipsis" role="status">
          {busy}
        </span>
        <span className="spacer" />
        {space && !captured && (
          <button type="button" disabled={busy !== ''} onClick={() => void takeSnapshot(space)}>
            Snapshot of {space.pid} {space.name}
          </button>
        )}
        {!captured && (
          <button type="button" disabled={busy !== ''} onClick={() => void takeSnapshot(undefined)}>
            Snapshot of all
          </button>
        )}
      </PaneTitle>
      <OpenForm />
      {snapshots.length > 0 && <CompareForm captured={captured !== undefined} />}
      {chosen
        .filter((s) => s.problem)
        .map((s) => (
          <Banner key={s.id} role="alert">
            {s.problem}
          </Banner>
        ))}
      {error && <FailureNote failure={error} />}
      {snapshots.length === 0 && !error && (
        <Empty title="No snapshot is kept">
          Take a <Term of="snapshot" /> now, or open a <Term of="capture" />, and compare later: which processes came
          and went, which executed another program, and which pages moved, were swapped, or changed their rights.
        </Empty>
      )}
      {comparison && (
        <>
          <Totals comparison={comparison} />
          <DifferenceTable differences={comparison.differences} />
        </>
      )}
    </Pane>
  );
}
