// SPDX-License-Identifier: GPL-2.0-only
// Physical memory as a picture, and the totals below. Each cell stands for the same number of frames.
import { useMemo, useRef, useState } from 'react';
import { Group, Panel } from 'react-resizable-panels';
import { hex } from '../../../contract/format.ts';
import { pfnOf } from '../../../contract/paging.ts';
import { Pane } from '../../parts/Pane.tsx';
import { Splitter } from '../../parts/Splitter.tsx';
import { useSeries } from '../../parts/useSeries.ts';
import { useSize } from '../../parts/useSize.ts';
import { useSizes } from '../../parts/useSizes.ts';
import { frameActions, placeActions, processActions } from '../../state/actions.ts';
import { useKept } from '../../state/kept.ts';
import { openFrame } from '../../state/memory.ts';
import { showRange, useMemoryMap } from '../../state/memoryMap.ts';
import { spaceOfPid, useProcesses } from '../../state/processes.ts';
import { useTarget } from '../../state/target.ts';
import { FailureNote } from '../common/FailureNote.tsx';
import { menuOf } from '../common/menu.tsx';
import { type Colouring, cellCount, describe, framesOf, ownersOf } from './cells.ts';
import { MapCanvas, roomOf } from './MapCanvas.tsx';
import { MapLegend } from './MapLegend.tsx';
import { MapTitle } from './MapTitle.tsx';
import { MemoryTotals } from './MemoryTotals.tsx';
import { useMap } from './useMap.ts';
import { closer, farther } from './zoom.ts';
import '../../parts/bar.css';
import './memory.css';

/** To an ordinary user the kernel shows all addresses of RAM as 0. */
const NO_RAM = { message: 'read /proc/iomem: Permission denied', code: 'EACCES', remedy: '' };

export function MemoryPane() {
  const sizes = useSizes('memory', ['map', 'totals']);
  const target = useTarget((s) => s.target);
  const processes = useProcesses((s) => s.processes);
  const range = useMemoryMap((s) => s.range);
  const [by, setBy] = useKept<Colouring>('memory.by', 'role');
  const [flag, setFlag] = useKept('memory.flag', 12);
  const [chosen, setCell] = useState(0);
  const canvas = useRef<HTMLCanvasElement>(null);
  const room = useRef<HTMLDivElement>(null);
  const size = useSize(room);
  const end = pfnOf(target?.ramEnd.at(-1) ?? 0n);
  const shown = useMemo(() => range ?? { begin: 0n, end }, [range, end]);
  const { map, busy, error, walks, walkAgain } = useMap(shown, roomOf(size), flag);
  const owners = useMemo(() => (map ? ownersOf(map) : []), [map]);
  const colours = useSeries(owners.map(([pid]) => pid));
  const cell = map ? Math.min(chosen, cellCount(map) - 1) : chosen;
  const nameOf = useMemo(() => (pid: number) => spaceOfPid(processes, pid)?.name ?? 'gone', [processes]);

  function enter(at: number) {
    if (!map) return;
    const frames = framesOf(map, at);
    if (frames.end - frames.begin === 1n) return openFrame(frames.begin);
    showRange(closer(map, frames, end));
    setCell(0);
  }
  function itemsOf(at: number) {
    if (!map) return [];
    const frames = framesOf(map, at);
    const owner = spaceOfPid(processes, map.owner[at] as number);
    const one = frames.end - frames.begin === 1n;
    return menuOf([
      ...(one ? frameActions(frames.begin) : [[{ title: 'Look closer', run: () => enter(at) }]]),
      one ? [] : [{ title: 'Open the first frame', detail: hex(frames.begin), run: () => openFrame(frames.begin) }],
      placeActions({ view: 'memory', ...frames }, 'cell'),
      ...(owner ? processActions(owner) : []),
    ]);
  }
  const leave = () => showRange(farther(shown, end));
  const text = map ? describe(map, cell, nameOf, flag) : '';
  return (
    <Pane label="Physical memory">
      <MapTitle
        shown={shown}
        map={map}
        by={by}
        onBy={setBy}
        flag={flag}
        onFlag={setFlag}
        onLeave={leave}
        onWalkAgain={walkAgain}
      />
      {error && <FailureNote failure={error} />}
      {end === 0n && !error && <FailureNote failure={NO_RAM} />}
      {(map || (end > 0n && !error)) && (
        <Group orientation="vertical" className="fill" {...sizes}>
          <Panel id="map" defaultSize="58%" minSize={90}>
            <div className="memory-map" aria-busy={busy}>
              <div className="memory-canvas" ref={room}>
                <MapCanvas
                  map={map}
                  by={by}
                  colours={colours}
                  canvas={canvas}
                  size={size}
                  cell={cell}
                  text={text}
                  onCell={setCell}
                  onEnter={enter}
                  onLeave={leave}
                  itemsOf={itemsOf}
                />
              </div>
              <p className="memory-cell num" title={text}>
                {text || 'Walking every address space…'}
              </p>
              {map && <MapLegend map={map} by={by} owners={owners} colours={colours} flag={flag} nameOf={nameOf} />}
            </div>
          </Panel>
          <Splitter direction="horizontal" label="Height of the totals" />
          <Panel id="totals" minSize={80}>
            {map && <MemoryTotals map={map} whole={range === undefined} walks={walks} nameOf={nameOf} />}
          </Panel>
        </Group>
      )}
    </Pane>
  );
}
