// SPDX-License-Identifier: GPL-2.0-only
import { Binary, Download, RefreshCw, Users } from 'lucide-react';
import { useMemo } from 'react';
import { Group, Panel } from 'react-resizable-panels';
import { bytes, count, hex, hexVa } from '../../../contract/format.ts';
import { pagesBetween } from '../../../contract/paging.ts';
import { sayProof } from '../../../contract/proof.ts';
import { VERDICT, VERDICTS } from '../../../contract/verdicts.ts';
import { type ColumnSpec, DataTable } from '../../parts/DataTable.tsx';
import { Digits } from '../../parts/Digits.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { Splitter } from '../../parts/Splitter.tsx';
import { isRunning, startCheck, useCheck } from '../../state/check.ts';
import { setExporting } from '../../state/export.ts';
import { useProcesses } from '../../state/processes.ts';
import { setSharing } from '../../state/sharing.ts';
import { selectRegion, showOnly, useSpace } from '../../state/space.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import { PageTable } from './PageTable.tsx';
import { SpaceMap } from './SpaceMap.tsx';
import '../../parts/banner.css';
import '../../parts/legend.css';
import './regions.css';

function Legend() {
  const check = useCheck((s) => s.check);
  const only = useSpace((s) => s.only);
  return (
    <div className="legend" role="group" aria-label="Verdicts: press one to see its pages">
      {VERDICTS.map((v, i) => {
        const n = check?.counts[i] ?? 0n;
        // Plain agreement is counted, not kept page by page.
        const usable = v !== 'agree' && n > 0n && check?.rows !== undefined;
        return (
          <button
            key={v}
            type="button"
            disabled={!usable}
            aria-pressed={only === v}
            title={VERDICT.meaning(v)}
            className={`legend-item v-${v} ${n ? '' : 'none'}`}
            onClick={() => showOnly(only === v ? undefined : v)}
          >
            <i aria-hidden="true" />
            {VERDICT.label(v)} <span className="num">{check ? count(n) : '–'}</span>
          </button>
        );
      })}
    </div>
  );
}

interface RegionRow {
  readonly index: number;
  readonly begin: bigint;
  readonly end: bigint;
  readonly permissions: string;
  readonly path: string;
  readonly counts?: BigUint64Array;
}

function Bar({ counts }: { counts: BigUint64Array }) {
  return (
    <span className="bar" aria-hidden="true">
      {VERDICTS.map((v, i) =>
        counts[i] ? <i key={v} className={`v-${v}`} style={{ flexGrow: Number(counts[i]) }} /> : null,
      )}
    </span>
  );
}

const resident = (r: RegionRow) =>
  r.counts ? Number((((r.counts[0] ?? 0n) + (r.counts[1] ?? 0n)) * 1000n) / pagesBetween(r.begin, r.end)) / 10 : -1;

const COLUMNS: readonly ColumnSpec<RegionRow>[] = [
  {
    id: 'begin',
    header: 'Region',
    width: '13ch',
    value: (r) => r.begin,
    cell: (r) => <Digits text={hexVa(r.begin)} />,
  },
  {
    id: 'size',
    header: 'Size',
    width: '9ch',
    align: 'right',
    value: (r) => r.end - r.begin,
    cell: (r) => bytes(r.end - r.begin),
  },
  {
    id: 'access',
    header: 'Access',
    width: '6.5ch',
    value: (r) => r.permissions,
    cell: (r) => <span className="num">{r.permissions}</span>,
  },
  {
    id: 'verdicts',
    header: 'Verdicts',
    width: 'minmax(8ch, 0.8fr)',
    value: resident,
    cell: (r) => (r.counts ? <Bar counts={r.counts} /> : <span className="dim">not checked</span>),
  },
  {
    id: 'resident',
    header: 'Mapped',
    width: '8ch',
    align: 'right',
    value: resident,
    cell: (r) => (r.counts ? <span className="num">{resident(r).toFixed(1)} %</span> : ''),
  },
  {
    id: 'path',
    header: 'What',
    width: 'minmax(12ch, 1.6fr)',
    value: (r) => r.path,
    cell: (r) => <span title={r.path}>{r.path || <span className="dim">anonymous</span>}</span>,
  },
];

function RegionTable() {
  const regions = useSpace((s) => s.regions);
  const summary = useCheck((s) => s.check?.summary);
  const selected = useSpace((s) => s.region);
  const rows = useMemo((): RegionRow[] => {
    if (!regions) return [];
    const checked = new Map(summary ? Array.from(summary.regionBegin, (begin, i) => [begin, i]) : []);
    return Array.from(regions.begin, (begin, index) => {
      const at = checked.get(begin);
      return {
        index,
        begin,
        end: regions.end[index] as bigint,
        permissions: regions.permissions[index] as string,
        path: regions.path[index] as string,
        counts:
          summary && at !== undefined
            ? summary.regionCounts.subarray(at * VERDICTS.length, (at + 1) * VERDICTS.length)
            : undefined,
      };
    });
  }, [regions, summary]);
  return (
    <DataTable
      label="Regions"
      minWidth={560}
      columns={COLUMNS}
      rows={rows}
      rowKey={(r) => String(r.index)}
      selected={String(selected)}
      onSelect={(r) => selectRegion(r.index)}
    />
  );
}

export function AddressSpace() {
  const space = useSpace((s) => s.space);
  const regions = useSpace((s) => s.regions);
  const error = useSpace((s) => s.regionsError);
  const check = useCheck((s) => s.check);
  const processes = useProcesses((s) => s.processes);
  if (!space)
    return (
      <Pane label="Address space">
        <Empty title="No process is chosen">Choose one on the left, or paste a PID into the box above.</Empty>
      </Pane>
    );
  const at = processes ? processes.pid.indexOf(space.pid) : -1;
  const root = at >= 0 && processes?.startTicks[at] === space.startTicks ? (processes.rootPa[at] as bigint) : 0n;
  return (
    <Pane label="Address space">
      <PaneTitle title={`${space.pid} ${space.name}`}>
        <span className="dim">
          {at < 0 ? (
            'has exited'
          ) : root ? (
            <>
              root PA <span className="num strong">0x{hex(root)}</span>
            </>
          ) : (
            'no address space'
          )}
        </span>
        <span className="spacer" />
        <button
          type="button"
          className="icon-button"
          aria-label="What it shares with another process"
          title="What it shares with another process"
          onClick={() => setSharing(true)}
          disabled={!regions?.begin.length}
        >
          <Users size={13} aria-hidden="true" />
        </button>
        <button
          type="button"
          aria-label="Compare bytes"
          title="Check again, and compare the bytes of every mapped frame with /proc/PID/mem; sets accessed bits"
          onClick={() => void startCheck(true)}
          disabled={isRunning(check) || !regions?.begin.length}
        >
          <Binary size={13} aria-hidden="true" /> <span className="long">Compare bytes</span>
        </button>
        <button
          type="button"
          aria-label="Check again"
          title="Check again"
          onClick={() => void startCheck()}
          disabled={isRunning(check) || !regions?.begin.length}
        >
          <RefreshCw size={13} aria-hidden="true" /> <span className="long">Check again</span>
        </button>
        <button
          type="button"
          aria-label="Export…"
          title="Export…"
          onClick={() => setExporting('process')}
          disabled={!check?.summary}
        >
          <Download size={13} aria-hidden="true" /> <span className="long">Export…</span>
        </button>
        <PlaceMenu place={{ view: 'process', pid: space.pid }} what="this process" />
      </PaneTitle>
      {error ? (
        <Empty title={error.message}>{error.remedy}</Empty>
      ) : regions && regions.begin.length === 0 ? (
        <Empty title="This process has no address space">
          Kernel threads run in the kernel's own and only borrow a process's root while they are on a CPU; a zombie has
          given its back.
        </Empty>
      ) : (
        <>
          <SpaceMap />
          <Legend />
          {check?.summary?.proof && (
            <p className={`banner ${check.summary.proof.differ ? 'bad' : 'fine'}`} role="status">
              Bytes of frames against /proc/PID/mem: {sayProof(check.summary.proof)}.
            </p>
          )}
          {check?.error && (
            <div className="banner" role="alert">
              <strong>The check did not finish:</strong> {check.error.message}. {check.error.remedy}
            </div>
          )}
          {check?.summary && check.summary.outcome > 0 && (
            <div className="banner" role="alert">
              The process {check.summary.outcome === 1 ? 'exited' : 'executed another program'} during the check: its
              remaining pages are not comparable.
            </div>
          )}
          <Group orientation="vertical" className="fill" id="address-space">
            <Panel defaultSize="38%" minSize={70}>
              <RegionTable />
            </Panel>
            <Splitter direction="horizontal" label="Height of the region table" />
            <Panel minSize={90}>
              <PageTable />
            </Panel>
          </Group>
        </>
      )}
    </Pane>
  );
}
