// SPDX-License-Identifier: GPL-2.0-only
// All processes with their roots. Choosing one opens its address space.
import { type KeyboardEvent, useMemo, useState } from 'react';
import { count } from '../../../contract/format.ts';
import { PROCESS_FIELDS } from '../../lib/fields.ts';
import { DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { processActions } from '../../state/actions.ts';
import { selectProcess } from '../../state/navigate.ts';
import { useProcesses } from '../../state/processes.ts';
import { useProcessList } from '../../state/processList.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { FailureNote } from '../common/FailureNote.tsx';
import { FilterBox } from '../common/FilterBox.tsx';
import { menuOf } from '../common/menu.tsx';
import { useFilter } from '../common/useFilter.ts';
import { columnsOf } from './columns.tsx';
import { setFolded } from './folded.ts';
import { ListBar } from './ListBar.tsx';
import { useProcessRows, useShownRows } from './useProcessRows.ts';
import './processes.css';

export function ProcessList() {
  const processes = useProcesses((s) => s.listed);
  const error = useProcesses((s) => s.error);
  const space = useSpace((s) => s.space);
  const pti = useTarget((s) => s.target?.pti ?? false);
  const tree = useProcessList((s) => s.tree);
  const columns = useMemo(() => columnsOf(pti, tree), [pti, tree]);
  const used = useFilter('processes', PROCESS_FIELDS);
  const { filter } = used;
  const [kernel, setKernel] = useState(false);
  const [missing, setMissing] = useState(false);
  const all = useProcessRows();
  const living = all.filter((r) => r.change !== 'gone');
  const threads = living.filter((r) => r.kernelThread).length;
  /** Processes of the captured machine whose pages the capture does not hold. */
  const notHeld = living.filter((r) => !r.held && !r.kernelThread).length;
  const matches = useMemo(
    () =>
      all.filter(
        (r) => (kernel || !r.kernelThread) && (missing || r.held || r.kernelThread) && (!filter || filter.matches(r)),
      ),
    [all, kernel, missing, filter],
  );

  const { rows, arrange } = useShownRows(all, matches);
  const selected = space && `${space.pid}:${space.startTicks}`;

  /** Left and Right fold and unfold the children of the process that is chosen. */
  function onKeyDown(event: KeyboardEvent) {
    const fold = { ArrowLeft: true, ArrowRight: false }[event.key];
    const isGrid = (event.target as HTMLElement).getAttribute('role') === 'grid';
    if (fold === undefined || !arrange || !selected || !isGrid || event.altKey) return;
    event.preventDefault();
    setFolded(selected, fold);
  }

  return (
    <Pane label="Processes" onKeyDown={onKeyDown}>
      <PaneTitle title="Processes">
        <span className="dim" title={`${count(living.length - threads)} processes with an address space`}>
          {notHeld
            ? `${count(living.length - threads - notHeld)} captured of ${count(living.length - threads)}`
            : count(living.length - threads)}{' '}
          · {count(threads)} kernel threads
        </span>
      </PaneTitle>
      <div className="toolbar">
        <FilterBox
          label="Filter processes"
          placeholder="Filter: name, PID, rss > 1G"
          fields={PROCESS_FIELDS}
          used={used}
        />
        <label className="check">
          <input type="checkbox" checked={kernel} onChange={(e) => setKernel(e.target.checked)} /> kernel threads
        </label>
        {notHeld > 0 && (
          <label className="check">
            <input type="checkbox" checked={missing} onChange={(e) => setMissing(e.target.checked)} /> not captured
          </label>
        )}
      </div>
      <ListBar />
      <DataTable
        label="Processes"
        columns={columns}
        rows={rows}
        arrange={arrange}
        rowKey={(r) => r.key}
        itemsOf={(r) => menuOf(processActions(r, r.root || r.borrowed))}
        {...(selected && { selected })}
        onSelect={(r) => void selectProcess({ pid: r.pid, startTicks: r.startTicks, name: r.name })}
        rowClass={(r) => `${r.kernelThread || !r.held ? 'quiet' : ''} ${r.change}`}
        empty={
          error ? (
            <FailureNote failure={error} />
          ) : (
            <Empty title={processes ? 'No process matches the filter' : 'Reading the process list…'} />
          )
        }
      />
    </Pane>
  );
}
