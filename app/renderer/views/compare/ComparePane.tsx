// SPDX-License-Identifier: GPL-2.0-only
// What changed since a snapshot: processes, roots, regions, pages.
import { Download } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { COMPARISON_FORMATS } from '../../../contract/api.ts';
import {
  type Difference,
  differs,
  PAGE_CHANGE_TEXT,
  PAGE_CHANGES,
  sayChange,
  sayWhere,
} from '../../../contract/changes.ts';
import { bytes, count } from '../../../contract/format.ts';
import { type ColumnSpec, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import {
  choose,
  compare,
  dropSnapshot,
  type Kept,
  openSnapshot,
  saveComparison,
  takeSnapshot,
  useCompare,
} from '../../state/compare.ts';
import { useKept } from '../../state/kept.ts';
import { goTo, selectProcess } from '../../state/navigate.ts';
import { useProcesses } from '../../state/processes.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import '../../parts/banner.css';
import '../../parts/bar.css';
import '../../parts/chip.css';
import './compare.css';

type Row = { readonly id: number; readonly difference: Difference };

const KIND: Readonly<Record<Difference['type'], string>> = {
  boot: 'boot',
  processGone: 'gone',
  processCome: 'came',
  notCaptured: 'unknown',
  exec: 'exec',
  regionGone: 'region',
  regionCome: 'region',
  regionChanged: 'region',
  pages: 'pages',
};

const columns = (nameOf: (pid: number) => string): readonly ColumnSpec<Row>[] => [
  {
    id: 'pid',
    header: 'PID',
    width: '8ch',
    align: 'right',
    value: ({ difference: d }) => ('pid' in d ? d.pid : 0),
    cell: ({ difference: d }) => (
      <span className="num" title={'pid' in d ? nameOf(d.pid) : ''}>
        {'pid' in d ? d.pid : ''}
      </span>
    ),
  },
  {
    id: 'kind',
    header: 'Kind',
    width: '9ch',
    value: ({ difference: d }) => KIND[d.type],
    cell: ({ difference: d }) => <span className={`strong c-${KIND[d.type]}`}>{KIND[d.type]}</span>,
  },
  {
    id: 'where',
    header: 'Where',
    width: 'minmax(13ch, 0.5fr)',
    value: ({ difference: d }) => sayWhere(d),
    cell: ({ difference: d }) => (
      <span className={'name' in d ? '' : 'num'} title={sayWhere(d)}>
        {sayWhere(d)}
      </span>
    ),
  },
  {
    id: 'what',
    header: 'What changed',
    width: 'minmax(26ch, 1.6fr)',
    value: ({ difference: d }) => sayChange(d),
    cell: ({ difference: d }) => <span title={sayChange(d)}>{sayChange(d)}</span>,
  },
];

const time = (iso: string) => new Date(iso).toLocaleTimeString('en-GB');
const date = (iso: string) => new Date(iso).toLocaleDateString('sv');
function sayKept({ space, path, at, pages, processes }: Kept): string {
  const whose = space ? `${space.pid} ${space.name}` : `${processes} ${processes === 1 ? 'process' : 'processes'}`;
  const what = path ? `${path.split('/').at(-1)} · ${date(at)} ` : '';
  return `${what}${time(at)} · ${whose} · ${count(pages)} pages`;
}

function Totals() {
  const comparison = useCompare((s) => s.comparison);
  const busy = useCompare((s) => s.busy);
  if (!comparison) return null;
  const { totals, dropped } = comparison;
  return (
    <div className="table-bar wrap">
      <span>
        {differs(totals) ? (
          <>
            <strong>{count(totals.gone)}</strong> gone, <strong>{count(totals.come)}</strong> came,{' '}
            <strong>{count(totals.executed)}</strong> executed, <strong>{count(totals.regions)}</strong> regions
          </>
        ) : (
          'Nothing changed'
        )}
      </span>
      {PAGE_CHANGES.filter((change) => totals.pages[change] > 0n).map((change) => (
        <span key={change} className="chip" title={PAGE_CHANGE_TEXT[change]}>
          {count(totals.pages[change])} {PAGE_CHANGE_TEXT[change]}
        </span>
      ))}
      {dropped > 0 && <span className="dim">{count(dropped)} more are counted, not listed</span>}
      <span className="spacer" />
      {COMPARISON_FORMATS.map((format) => (
        <button key={format} type="button" disabled={busy !== ''} onClick={() => void saveComparison(format)}>
          <Download size={13} aria-hidden="true" /> {format === 'csv' ? 'CSV' : 'JSON Lines'}
        </button>
      ))}
    </div>
  );
}

export function ComparePane() {
  const space = useSpace((s) => s.space);
  const processes = useProcesses((s) => s.processes);
  const { snapshots, busy, before, after, comparison, error } = useCompare();
  const [selected, setSelected] = useState<number>();
  const [path, setPath] = useKept('compare.path', '');
  const captured = useTarget((s) => s.target?.capture?.path);
  const kept = snapshots.reduce((n, s) => n + (s.path ? 0 : s.bytes), 0);
  const chosen = snapshots.filter((s) => s.id === before || s.id === after);
  // A capture in this window is what another one is compared with.
  useEffect(() => {
    if (captured && useCompare.getState().snapshots.length === 0) void openSnapshot(captured);
  }, [captured]);
  const rows = useMemo(
    () => (comparison?.differences ?? []).map((difference, id) => ({ id, difference })),
    [comparison],
  );
  const at = (pid: number) => processes?.pid.indexOf(pid) ?? -1;
  const nameOf = (pid: number) => processes?.name[at(pid)] ?? '';
  const specs = useMemo(() => columns((pid) => processes?.name[processes.pid.indexOf(pid)] ?? ''), [processes]);
  const visit = ({ id, difference: d }: Row) => {
    setSelected(id);
    if (!('pid' in d) || at(d.pid) < 0) return;
    const place = { pid: d.pid, startTicks: processes?.startTicks[at(d.pid)] ?? 0n, name: nameOf(d.pid) };
    if (d.type === 'pages') void goTo(place, d.va);
    else if ('begin' in d) void goTo(place, d.begin);
    else void selectProcess(place);
  };
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
      <form
        className="find-bar wrap"
        onSubmit={(event) => {
          event.preventDefault();
          if (path.trim()) void openSnapshot(path.trim());
        }}
      >
        <input
          className="num command"
          aria-label="Capture in a file"
          placeholder="a capture in a file: /path/to/before.cr3scope"
          value={path}
          spellCheck={false}
          onChange={(e) => setPath(e.target.value)}
        />
        <button type="submit" disabled={busy !== '' || !path.trim()}>
          Open
        </button>
      </form>
      {snapshots.length > 0 && (
        <form
          className="find-bar wrap"
          onSubmit={(event) => {
            event.preventDefault();
            void compare();
          }}
        >
          <label>
            from{' '}
            <select aria-label="Before" value={before} onChange={(e) => choose(e.target.value, after)}>
              {snapshots.map((s) => (
                <option key={s.id} value={s.id}>
                  {sayKept(s)}
                </option>
              ))}
            </select>
          </label>
          <label>
            to{' '}
            <select aria-label="After" value={after} onChange={(e) => choose(before ?? '', e.target.value)}>
              <option value="">{captured ? 'choose one' : 'now'}</option>
              {snapshots
                .filter((s) => s.id !== before)
                .map((s) => (
                  <option key={s.id} value={s.id}>
                    {sayKept(s)}
                  </option>
                ))}
            </select>
          </label>
          <button type="submit" disabled={busy !== '' || !before || (captured !== undefined && !after)}>
            Compare
          </button>
          <button type="button" disabled={busy !== '' || !before} onClick={() => before && void dropSnapshot(before)}>
            Drop
          </button>
          <span className="dim">{kept > 0 && `${bytes(kept)} kept`}</span>
        </form>
      )}
      {chosen
        .filter((s) => s.problem)
        .map((s) => (
          <p key={s.id} className="banner" role="alert">
            {s.problem}
          </p>
        ))}
      {error && <Empty title={error.message}>{error.remedy}</Empty>}
      {snapshots.length === 0 && !error && (
        <Empty title="No snapshot is kept">
          Take one now, or open a capture, and compare later: which processes came and went, which executed another
          program, and which pages moved, were swapped, or changed their rights.
        </Empty>
      )}
      <Totals />
      {comparison && (
        <DataTable
          label="Differences"
          minWidth={620}
          columns={specs}
          rows={rows}
          rowKey={(r) => String(r.id)}
          {...(selected !== undefined && { selected: String(selected) })}
          onSelect={visit}
          empty={<Empty title="Nothing changed" />}
        />
      )}
    </Pane>
  );
}
