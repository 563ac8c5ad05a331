// SPDX-License-Identifier: GPL-2.0-only
// All page tables of the chosen process: how many, how full, and under PTI the two roots slot by slot.
import { RefreshCw } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { Group, Panel } from 'react-resizable-panels';
import type { Failure, TableTree } from '../../../contract/api.ts';
import { bytes, count, hex, hexVa } from '../../../contract/format.ts';
import { ENTRY_BYTES, halfOf, levelName, PAGE_BYTES, pageOf, pageSizeName, pfnOf } from '../../../contract/paging.ts';
import { compareRoots, levelTotals, SLOT_RELATIONS, type Slot, sayMarked } from '../../../contract/table.ts';
import { explorer, failure } from '../../lib/client.ts';
import { type ColumnSpec, DataTable } from '../../parts/DataTable.tsx';
import { Digits } from '../../parts/Digits.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { Splitter } from '../../parts/Splitter.tsx';
import { explainEntry } from '../../state/explain.ts';
import { useKept } from '../../state/kept.ts';
import { openFrame, useMemory } from '../../state/memory.ts';
import { type Space, useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import './tables.css';

interface Read {
  readonly space: Space;
  readonly tree?: TableTree;
  readonly slots?: readonly Slot[];
  readonly error?: Failure;
}

/** The tree of a process, read when it is chosen and on demand. */
function useTree(space: Space | undefined): { read: Read | undefined; again(): void } {
  const target = useTarget((s) => s.target);
  const [read, setRead] = useState<Read>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!space || !target) return;
    let current = true;
    const get = async (): Promise<Read> => {
      const tree = await explorer().call('tables', { pid: space.pid, startTicks: space.startTicks });
      if (!target.pti) return { space, tree };
      const roots = await explorer().call('frames', { pfn: pfnOf(tree.rootPa), count: 2 });
      if (roots.status.some((s) => s !== 0)) return { space, tree };
      return {
        space,
        tree,
        slots: compareRoots(roots.bytes.subarray(0, PAGE_BYTES), roots.bytes.subarray(PAGE_BYTES), target),
      };
    };
    get()
      .catch((error) => ({ space, error: failure(error) }))
      .then((result) => {
        if (current) setRead(result);
      });
    return () => {
      current = false;
    };
    // `turn` asks for another reading
  }, [space, target, turn]);
  return { read: read?.space === space ? read : undefined, again: () => setTurn(turn + 1) };
}

const SIZES = [12, 21, 30];

function Totals({ tree }: { tree: TableTree }) {
  const levels = useTarget((s) => s.target?.levels ?? 4);
  const release = useTarget((s) => s.target?.release ?? '');
  const totals = useMemo(() => levelTotals(tree, levels), [tree, levels]);
  const mapped = tree.mapped.reduce((a, b) => a + b, 0n);
  return (
    <div className="totals">
      <table>
        <thead>
          <tr>
            <th>Level</th>
            <th className="right">Tables</th>
            <th className="right">Entries used</th>
            <th>Filled</th>
            <th>kpageflags</th>
          </tr>
        </thead>
        <tbody>
          {totals.map((t) => (
            <tr key={t.level}>
              <td>{levelName(t.level, levels)}</td>
              <td className="num right">{count(t.tables)}</td>
              <td className="num right">{count(t.used)}</td>
              <td>
                <meter min={0} max={1} value={t.slots ? t.used / t.slots : 0} aria-label="filled" />{' '}
                <span className="num">{t.slots ? ((t.used / t.slots) * 100).toFixed(1) : '0.0'} %</span>
              </td>
              <td className={t.unmarked && sayMarked(t, release).includes('NOT') ? 'bad' : 'dim'}>
                {t.tables ? sayMarked(t, release) : ''}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="dim">
        {count(tree.level.length)} tables, {bytes(tree.level.length * PAGE_BYTES)} · mapped {bytes(mapped)}:{' '}
        {SIZES.map(
          (shift, i) =>
            `${mapped ? ((Number(tree.mapped[i]) / Number(mapped)) * 100).toFixed(1) : '0.0'} % by ${pageSizeName(shift)} pages`,
        ).join(', ')}
        {tree.raced > 0n && ` · ${tree.raced} tables changed while they were read`}
      </p>
    </div>
  );
}

interface Row {
  readonly index: number;
  readonly level: number;
  readonly name: string;
  readonly va: bigint;
  readonly pa: bigint;
  readonly used: number;
  readonly slots: number;
  readonly marked: string;
}

const COLUMNS: readonly ColumnSpec<Row>[] = [
  { id: 'level', header: 'Level', width: '7ch', value: (r) => -r.level, cell: (r) => r.name },
  { id: 'va', header: 'From', width: '16ch', value: (r) => r.va, cell: (r) => <Digits text={hexVa(r.va)} /> },
  { id: 'pa', header: 'Table PA', width: '12ch', value: (r) => r.pa, cell: (r) => <Digits text={hex(r.pa, 9)} /> },
  {
    id: 'used',
    header: 'Used',
    width: '8ch',
    align: 'right',
    value: (r) => r.used,
    cell: (r) => <span className="num">{r.used}</span>,
  },
  {
    id: 'filled',
    header: 'Filled',
    width: 'minmax(9ch, 1fr)',
    value: (r) => r.used / r.slots,
    cell: (r) => <meter min={0} max={1} value={r.used / r.slots} aria-label="filled" />,
  },
  { id: 'marked', header: 'kpageflags', width: '14ch', value: (r) => r.marked, cell: (r) => r.marked },
];

function TableList({ tree }: { tree: TableTree }) {
  const levels = useTarget((s) => s.target?.levels ?? 4);
  const open = useMemory((s) => (s.cursor === undefined ? undefined : pageOf(s.cursor)));
  const rows = useMemo(
    () =>
      Array.from(
        tree.level,
        (level, index): Row => ({
          index,
          level,
          name: levelName(level, levels),
          va: tree.va[index] as bigint,
          pa: tree.pa[index] as bigint,
          used: tree.used[index] as number,
          slots: level === levels ? 256 : 512,
          marked: ['not marked', 'pgtable', 'unknown'][tree.marked[index] as number] as string,
        }),
      ),
    [tree, levels],
  );
  return (
    <DataTable
      label="Page tables"
      minWidth={520}
      columns={COLUMNS}
      rows={rows}
      rowKey={(r) => String(r.pa)}
      {...(open !== undefined && { selected: String(open) })}
      onSelect={(r) => openFrame(pfnOf(r.pa), 0, { level: r.level, base: r.va })}
    />
  );
}

const SLOT_COLUMNS = (levels: number): readonly ColumnSpec<Slot>[] => {
  const entry = (id: string, header: string, raw: (s: Slot) => bigint): ColumnSpec<Slot> => ({
    id,
    header,
    width: '18ch',
    value: raw,
    cell: (s) =>
      raw(s) ? (
        <button type="button" className="link num" onClick={() => explainEntry(raw(s), levels, halfOf(s.va))}>
          {hex(raw(s), 16)}
        </button>
      ) : (
        <span className="dim">—</span>
      ),
  });
  return [
    { id: 'slot', header: 'Slot', width: '6ch', value: (s) => s.index, cell: (s) => hex(s.index, 3) },
    { id: 'va', header: 'From', width: '18ch', value: (s) => s.va, cell: (s) => <Digits text={hexVa(s.va)} /> },
    entry('kernel', 'Kernel root', (s) => s.kernel),
    entry('user', 'User root', (s) => s.user),
    {
      id: 'relation',
      header: 'What',
      width: 'minmax(20ch, 1fr)',
      value: (s) => s.relation,
      cell: (s) => <span title={SLOT_RELATIONS[s.relation]}>{SLOT_RELATIONS[s.relation]}</span>,
    },
  ];
};

export function TablesPane() {
  const space = useSpace((s) => s.space);
  const target = useTarget((s) => s.target);
  const { read, again } = useTree(space);
  const [roots, setRoots] = useKept('tables.roots', false);
  if (!space || !target)
    return (
      <Pane label="Tables">
        <Empty title="No process is chosen">Choose one on the left, or paste a PID into the box above.</Empty>
      </Pane>
    );
  return (
    <Pane label="Tables">
      <PaneTitle title={`Page tables of ${space.pid} ${space.name}`}>
        {read?.tree && (
          <span className="dim">
            root PA <span className="num strong">0x{hex(read.tree.rootPa)}</span>
          </span>
        )}
        <span className="spacer" />
        {target.pti && (
          <button type="button" aria-pressed={roots} disabled={!read?.slots} onClick={() => setRoots(!roots)}>
            Compare the two roots
          </button>
        )}
        <button type="button" aria-label="Read again" title="Read again" onClick={again}>
          <RefreshCw size={13} aria-hidden="true" /> <span className="long">Read again</span>
        </button>
        <PlaceMenu place={{ view: 'tables', pid: space.pid }} what="these tables" />
      </PaneTitle>
      {read?.error ? (
        <Empty title={read.error.message}>{read.error.remedy}</Empty>
      ) : !read?.tree ? (
        <Empty title="Reading the tables…" />
      ) : roots && read.slots ? (
        <DataTable
          label="Slots of the two roots"
          minWidth={640}
          columns={SLOT_COLUMNS(target.levels)}
          rows={read.slots}
          rowKey={(s) => String(s.index)}
          onSelect={(s) =>
            openFrame(pfnOf((read.tree as TableTree).rootPa), s.index * ENTRY_BYTES, { level: target.levels, base: 0n })
          }
        />
      ) : (
        <Group orientation="vertical" className="fill" id="tables">
          <Panel defaultSize="42%" minSize={80}>
            <div className="scroll fill" tabIndex={0} role="group" aria-label="Tables by level">
              <Totals tree={read.tree} />
            </div>
          </Panel>
          <Splitter direction="horizontal" label="Height of the list of tables" />
          <Panel minSize={80}>
            <TableList tree={read.tree} />
          </Panel>
        </Group>
      )}
    </Pane>
  );
}
