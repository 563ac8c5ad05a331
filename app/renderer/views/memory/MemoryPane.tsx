// SPDX-License-Identifier: GPL-2.0-only
// The machine's RAM as a picture: a cell for equally many frames, coloured by what they are for, and the totals below.
import { RefreshCw, ZoomOut } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { Group, Panel } from 'react-resizable-panels';
import { type Failure, type MemoryMap, MOST_CELLS, type Processes } from '../../../contract/api.ts';
import { bytes, count, hex, KPF_NAMES } from '../../../contract/format.ts';
import { pageBytes, pfnOf } from '../../../contract/paging.ts';
import { ROLE, ROLES } from '../../../contract/roles.ts';
import { explorer, failure } from '../../lib/client.ts';
import { type ColumnSpec, DataTable } from '../../parts/DataTable.tsx';
import { Empty } from '../../parts/Empty.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { Splitter } from '../../parts/Splitter.tsx';
import { useKept } from '../../state/kept.ts';
import { openFrame } from '../../state/memory.ts';
import { showRange, useMemoryMap } from '../../state/memoryMap.ts';
import { usePreferences } from '../../state/preferences.ts';
import { useProcesses } from '../../state/processes.ts';
import { useTarget } from '../../state/target.ts';
import { PlaceMenu } from '../common/PlaceMenu.tsx';
import '../../parts/legend.css';
import './memory.css';

const CELL = 7;
const ZOOM = 32n;
const ABSENT = ROLE.code('absent');
const SIZES = ['4K', '2M', '1G'];
const COLOURINGS = { role: 'role', owner: 'owner', size: 'page size', flag: 'a flag' } as const;
type Colouring = keyof typeof COLOURINGS;

const cellCount = (map: MemoryMap) => map.owner.length;
const framesOf = (map: MemoryMap, cell: number) => {
  const begin = map.begin + BigInt(cell) * map.framesPerCell;
  const end = begin + map.framesPerCell;
  return { begin, end: end < map.end ? end : map.end };
};
const rolesOf = (map: MemoryMap, cell: number) => map.roles.subarray(cell * ROLES.length, (cell + 1) * ROLES.length);

/** Index of the largest; of none, -1. */
function largest(values: ArrayLike<number>): number {
  let best = -1;
  for (let i = 0; i < values.length; i++)
    if ((values[i] as number) > (best < 0 ? 0 : (values[best] as number))) best = i;
  return best;
}

/** The colour of a cell, and how much of it counts: 0..1. */
function paint(map: MemoryMap, cell: number, by: Colouring, colour: (name: string) => string): [string, number] {
  const { begin, end } = framesOf(map, cell);
  const frames = Number(end - begin);
  const roles = rolesOf(map, cell);
  if (by === 'role' || roles[ABSENT] === frames) {
    const role = largest(roles);
    return [colour(`--r-${ROLES[role]}`), (roles[role] as number) / frames];
  }
  if (by === 'owner') {
    const pid = map.owner[cell] as number;
    // Neighbouring PIDs get hues far apart.
    return pid ? [`hsl(${(pid * 137.5) % 360} 62% 52%)`, 1] : [colour('--raised'), 1];
  }
  if (by === 'flag') return [colour('--accent'), (map.flagged[cell] as number) / frames];
  const size = largest(map.sizes.subarray(cell * 3, cell * 3 + 3));
  return size < 0
    ? [colour('--raised'), 1]
    : [colour(['--v-agree', '--v-agreeByRule', '--v-swapped'][size] as string), 1];
}

function describe(map: MemoryMap, cell: number, nameOf: (pid: number) => string, flag: number): string {
  const { begin, end } = framesOf(map, cell);
  const frames = end - begin;
  const roles = [...rolesOf(map, cell)]
    .map((n, r) => [n, r] as const)
    .filter(([n]) => n > 0)
    .sort(([a], [b]) => b - a)
    .map(([n, r]) => (frames === 1n ? ROLE.label(ROLE.name(r)) : `${count(n)} ${ROLE.label(ROLE.name(r))}`));
  const sizes = SIZES.flatMap((size, i) => (map.sizes[cell * 3 + i] ? [size] : []));
  return [
    frames === 1n ? `frame ${hex(begin)}` : `frames ${hex(begin)}–${hex(end - 1n)}`,
    ...roles,
    ...(sizes.length ? [`mapped by ${sizes.join(', ')} pages`] : []),
    ...(map.owner[cell] ? [`most by ${map.owner[cell]} ${nameOf(map.owner[cell] as number)}`] : []),
    ...(map.flagged[cell] ? [`${count(map.flagged[cell] as number)} ${KPF_NAMES[flag]}`] : []),
  ].join(' · ');
}

function Legend({ map, by, flag }: { map: MemoryMap; by: Colouring; flag: number }) {
  const items =
    by === 'role'
      ? ROLES.map((role, r) => ({ role, frames: map.total[r] as bigint }))
          .filter((x) => x.frames > 0n)
          .map(({ role, frames }) => ({
            key: role,
            colour: `var(--r-${role})`,
            text: `${ROLE.label(role)} ${bytes(pageBytes(frames))}`,
            title: ROLE.meaning(role),
          }))
      : by === 'size'
        ? SIZES.map((size, i) => ({
            key: size,
            colour: `var(${['--v-agree', '--v-agreeByRule', '--v-swapped'][i]})`,
            text: `mapped by ${size} pages`,
            title: '',
          }))
        : by === 'flag'
          ? [{ key: 'flag', colour: 'var(--accent)', text: `${KPF_NAMES[flag]}, darker where fewer`, title: '' }]
          : [
              {
                key: 'owner',
                colour: 'var(--dim)',
                text: 'a colour for each process that maps most of a cell',
                title: '',
              },
            ];
  return (
    <div className="legend">
      {items.map((item) => (
        <span key={item.key} className="legend-item" title={item.title}>
          <i aria-hidden="true" style={{ background: item.colour }} />
          {item.text}
        </span>
      ))}
    </div>
  );
}

interface Use {
  readonly key: string;
  readonly pid: number;
  readonly name: string;
  readonly alone: bigint;
  readonly all: bigint;
  readonly byRole: readonly bigint[];
}

function Uses({ map, nameOf }: { map: MemoryMap; nameOf(pid: number): string }) {
  const rows = useMemo((): Use[] => {
    const row = (key: string, pid: number, name: string, frames: ArrayLike<bigint>, alone: bigint): Use => {
      const byRole = Array.from(frames);
      return { key, pid, name, alone, byRole, all: byRole.reduce((n, f, r) => (r === ABSENT ? n : n + f), 0n) };
    };
    return [
      row('total', 0, 'all memory', map.total, 0n),
      row('unmapped', 0, 'in no address space', map.unmapped, 0n),
      ...Array.from(map.pid, (pid, i) =>
        row(
          String(pid),
          pid,
          nameOf(pid),
          map.mapped.subarray(i * ROLES.length, (i + 1) * ROLES.length),
          map.alone[i] as bigint,
        ),
      )
        .filter((u) => u.all > 0n)
        .sort((a, b) => (a.all < b.all ? 1 : -1)),
    ];
  }, [map, nameOf]);
  const columns = useMemo((): ColumnSpec<Use>[] => {
    const size = (id: string, header: string, value: (u: Use) => bigint): ColumnSpec<Use> => ({
      id,
      header,
      width: `${Math.max(10, header.length + 3)}ch`,
      align: 'right',
      value,
      cell: (u) => (value(u) ? bytes(pageBytes(value(u))) : <span className="dim">–</span>),
    });
    return [
      { id: 'pid', header: 'PID', width: '8ch', align: 'right', value: (u) => u.pid, cell: (u) => u.pid || '' },
      { id: 'name', header: 'Name', width: 'minmax(16ch, 1fr)', value: (u) => u.name, cell: (u) => u.name },
      size('all', 'All', (u) => u.all),
      size('alone', 'Alone', (u) => u.alone),
      ...ROLES.map((role, r) => size(role, ROLE.label(role), (u) => u.byRole[r] as bigint)).filter(
        (_, r) => r !== ABSENT && map.total[r],
      ),
    ];
  }, [map]);
  return (
    <DataTable
      label="Memory by process and role"
      minWidth={columns.length * 92}
      columns={columns}
      rows={rows}
      rowKey={(u) => u.key}
      onSelect={() => undefined}
    />
  );
}

export function MemoryPane() {
  const target = useTarget((s) => s.target);
  const processes: Processes | undefined = useProcesses((s) => s.processes);
  const range = useMemoryMap((s) => s.range);
  const theme = usePreferences((s) => s.theme);
  const [map, setMap] = useState<MemoryMap>();
  const [error, setError] = useState<Failure>();
  const [by, setBy] = useKept<Colouring>('memory.by', 'role');
  const [flag, setFlag] = useKept('memory.flag', 12);
  const [again, setAgain] = useState(0);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [cell, setCell] = useState(0);
  const canvas = useRef<HTMLCanvasElement>(null);
  const end = pfnOf(target?.ramEnd.at(-1) ?? 0n);
  const shown = useMemo(() => range ?? { begin: 0n, end }, [range, end]);
  const columns = Math.max(1, Math.floor(size.width / CELL));
  const most = Math.min(MOST_CELLS, columns * Math.max(1, Math.floor(size.height / CELL)));
  const nameOf = useMemo(() => (pid: number) => processes?.name[processes.pid.indexOf(pid)] ?? 'gone', [processes]);

  useEffect(() => {
    if (!canvas.current?.parentElement) return;
    const observer = new ResizeObserver(([entry]) => {
      const { width = 0, height = 0 } = entry?.contentRect ?? {};
      setSize({ width: Math.floor(width), height: Math.floor(height) });
    });
    observer.observe(canvas.current.parentElement);
    return () => observer.disconnect();
  }, []);

  const [walked, setWalked] = useState(0);
  useEffect(() => {
    if (shown.end <= shown.begin || size.width === 0) return;
    let current = true;
    const timer = setTimeout(() => {
      explorer()
        .call('memory', { ...shown, cells: most, flags: 1n << BigInt(flag), again: again !== walked })
        .then(
          (result) => {
            if (!current) return;
            setMap(result);
            setError(undefined);
            setWalked(again);
            setCell((c) => Math.min(c, cellCount(result) - 1));
          },
          (reason) => {
            if (current) setError(failure(reason));
          },
        );
    }, 120); // while it is resized
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [shown, most, flag, again, walked, size.width]);

  // Fewer dependencies on purpose: a new theme means new colours
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !canvas.current || !map) return;
    const ratio = window.devicePixelRatio;
    canvas.current.width = size.width * ratio;
    canvas.current.height = size.height * ratio;
    context.scale(ratio, ratio);
    const style = getComputedStyle(canvas.current);
    const known = new Map<string, string>();
    const colour = (name: string) => {
      const value = known.get(name) ?? style.getPropertyValue(name);
      known.set(name, value);
      return value;
    };
    for (let i = 0; i < cellCount(map); i++) {
      const [fill, share] = paint(map, i, by, colour);
      context.globalAlpha = 0.25 + 0.75 * share;
      context.fillStyle = fill;
      context.fillRect((i % columns) * CELL, Math.floor(i / columns) * CELL, CELL - 1, CELL - 1);
    }
    context.globalAlpha = 1;
    context.strokeStyle = colour('--text');
    context.strokeRect((cell % columns) * CELL - 0.5, Math.floor(cell / columns) * CELL - 0.5, CELL, CELL);
  }, [map, by, cell, columns, size, theme]);

  const cellUnder = (event: { clientX: number; clientY: number }) => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box || !map) return undefined;
    const column = Math.floor((event.clientX - box.left) / CELL);
    const at = Math.floor((event.clientY - box.top) / CELL) * columns + column;
    return column < columns && at >= 0 && at < cellCount(map) ? at : undefined;
  };
  function enter(at: number) {
    if (!map) return;
    const { begin, end: until } = framesOf(map, at);
    if (until - begin === 1n) return openFrame(begin);
    const span = map.end - map.begin;
    const wanted = span / ZOOM > map.framesPerCell ? span / ZOOM : map.framesPerCell;
    const middle = (begin + until) / 2n;
    const from = middle > wanted / 2n ? middle - wanted / 2n : 0n;
    showRange({ begin: from, end: from + wanted < end ? from + wanted : end });
    setCell(0);
  }
  function leave() {
    const span = (shown.end - shown.begin) * ZOOM;
    const middle = (shown.begin + shown.end) / 2n;
    const from = middle > span / 2n ? middle - span / 2n : 0n;
    showRange(span >= end ? undefined : { begin: from, end: from + span < end ? from + span : end });
  }
  function onKeyDown(event: KeyboardEvent) {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const step = steps[event.key];
    if (step !== undefined && map) setCell(Math.max(0, Math.min(cellCount(map) - 1, cell + step)));
    else if (event.key === 'Enter' || event.key === '+') enter(cell);
    else if (event.key === 'Backspace' || event.key === '-') leave();
    else return;
    event.preventDefault();
  }

  const text = map ? describe(map, cell, nameOf, flag) : '';
  return (
    <Pane label="Physical memory">
      <PaneTitle title="Physical memory">
        <span className="dim num">
          {hex(shown.begin)}–{hex(shown.end)}
        </span>
        <span className="dim long">{map && `${bytes(pageBytes(map.framesPerCell))} a cell`}</span>
        <button
          type="button"
          className="icon-button"
          aria-label="Zoom out"
          title="Zoom out"
          disabled={!range}
          onClick={leave}
        >
          <ZoomOut size={13} aria-hidden="true" />
        </button>
        <span className="spacer" />
        <label className="colour-by">
          <span className="long">colour by</span>{' '}
          <select value={by} aria-label="Colour by" onChange={(e) => setBy(e.target.value as Colouring)}>
            {Object.entries(COLOURINGS).map(([key, label]) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </select>
        </label>
        {by === 'flag' && (
          <select aria-label="Flag of kpageflags" value={flag} onChange={(e) => setFlag(Number(e.target.value))}>
            {Object.entries(KPF_NAMES).map(([bit, name]) => (
              <option key={bit} value={bit}>
                {name}
              </option>
            ))}
          </select>
        )}
        <button type="button" aria-label="Walk again" title="Walk again" onClick={() => setAgain(again + 1)}>
          <RefreshCw size={13} aria-hidden="true" /> <span className="long">Walk again</span>
        </button>
        <PlaceMenu place={range ? { view: 'memory', ...range } : { view: 'memory' }} what="this part of memory" />
      </PaneTitle>
      {error && <Empty title={error.message}>{error.remedy}</Empty>}
      {end === 0n && (
        <Empty title="/proc/iomem shows no System RAM to this user">It takes CAP_SYS_ADMIN: run as root.</Empty>
      )}
      <Group orientation="vertical" className="fill" id="memory">
        <Panel defaultSize="58%" minSize={90}>
          <div className="memory-map">
            <div className="memory-canvas">
              <canvas
                ref={canvas}
                style={{ width: size.width, height: size.height }}
                tabIndex={0}
                role="slider"
                aria-label="Map of physical memory: arrow keys choose a cell, Enter looks into it, Backspace goes out"
                aria-valuemin={0}
                aria-valuemax={map ? Math.max(0, cellCount(map) - 1) : 0}
                aria-valuenow={cell}
                aria-valuetext={text}
                onKeyDown={onKeyDown}
                onPointerMove={(e) => {
                  const at = cellUnder(e);
                  if (at !== undefined) setCell(at);
                }}
                onClick={(e) => {
                  const at = cellUnder(e);
                  if (at !== undefined) enter(at);
                }}
                onWheel={(e) => {
                  if (e.deltaY > 0) return range && leave();
                  const at = cellUnder(e);
                  if (at !== undefined && map && map.framesPerCell > 1n) enter(at);
                }}
              />
            </div>
            <p className="memory-cell num" title={text}>
              {text || 'Walking every address space…'}
            </p>
            {map && <Legend map={map} by={by} flag={flag} />}
          </div>
        </Panel>
        <Splitter direction="horizontal" label="Height of the totals" />
        <Panel minSize={80}>{map && <Uses map={map} nameOf={nameOf} />}</Panel>
      </Group>
    </Pane>
  );
}
