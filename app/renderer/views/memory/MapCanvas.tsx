// SPDX-License-Identifier: GPL-2.0-only
// The picture of the map, and the choice of a cell.
import { type KeyboardEvent, type RefObject, useEffect } from 'react';
import { type MemoryMap, MOST_CELLS } from '../../../contract/api.ts';
import type { Series } from '../../lib/series.ts';
import { ContextMenu } from '../../parts/ContextMenu.tsx';
import type { MenuEntry } from '../../parts/MenuItems.tsx';
import { useTheme } from '../../state/theme.ts';
import { type Colouring, cellCount, paint } from './cells.ts';

const CELL = 7;

interface Props {
  readonly map: MemoryMap | undefined;
  readonly by: Colouring;
  /** The colours of the processes that map most. */
  readonly colours: Series<number>;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  readonly size: { readonly width: number; readonly height: number };
  readonly cell: number;
  /** The description of the chosen cell. */
  readonly text: string;
  onCell(cell: number): void;
  /** Zooms in to a cell. */
  onEnter(cell: number): void;
  onLeave(): void;
  /** What can be done with a cell. */
  itemsOf(cell: number): readonly MenuEntry[];
}

export const columnsOf = (width: number): number => Math.max(1, Math.floor(width / CELL));

/** The number of cells that fit; 0 until the size is known. */
export const roomOf = ({ width, height }: Props['size']): number =>
  width === 0 ? 0 : Math.min(MOST_CELLS, columnsOf(width) * Math.max(1, Math.floor(height / CELL)));

function draw(
  canvas: HTMLCanvasElement,
  map: MemoryMap,
  { by, colours, cell, size }: Pick<Props, 'by' | 'colours' | 'cell' | 'size'>,
): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const columns = columnsOf(size.width);
  const ratio = window.devicePixelRatio;
  canvas.width = size.width * ratio;
  canvas.height = size.height * ratio;
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const known = new Map<string, string>();
  const colour = (name: string) => {
    const value = known.get(name) ?? style.getPropertyValue(name);
    known.set(name, value);
    return value;
  };
  for (let i = 0; i < cellCount(map); i++) {
    const [token, share] = paint(map, i, by, colours);
    context.globalAlpha = 0.25 + 0.75 * share;
    context.fillStyle = colour(token);
    context.fillRect((i % columns) * CELL, Math.floor(i / columns) * CELL, CELL - 1, CELL - 1);
  }
  context.globalAlpha = 1;
  context.strokeStyle = colour('--text');
  context.strokeRect((cell % columns) * CELL - 0.5, Math.floor(cell / columns) * CELL - 0.5, CELL, CELL);
}

export function MapCanvas(props: Props) {
  const { map, by, colours, canvas, size, cell, text, onCell, onEnter, onLeave, itemsOf } = props;
  const theme = useTheme((s) => s.shown);
  const columns = columnsOf(size.width);

  // A new theme has new colours
  useEffect(() => {
    if (canvas.current && map) draw(canvas.current, map, { by, colours, cell, size });
  }, [map, by, colours, cell, size, theme]);

  const cellUnder = (event: { clientX: number; clientY: number }) => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box || !map) return undefined;
    // In the presentation the canvas is shown larger than it is.
    const scale = size.width / box.width || 1;
    const column = Math.floor(((event.clientX - box.left) * scale) / CELL);
    const at = Math.floor(((event.clientY - box.top) * scale) / CELL) * columns + column;
    return column < columns && at >= 0 && at < cellCount(map) ? at : undefined;
  };
  function onKeyDown(event: KeyboardEvent) {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const step = steps[event.key];
    if (step !== undefined && map) onCell(Math.max(0, Math.min(cellCount(map) - 1, cell + step)));
    else if (event.key === 'Enter' || event.key === '+') onEnter(cell);
    else if (event.key === 'Backspace' || event.key === '-') onLeave();
    else return;
    event.preventDefault();
  }
  return (
    <ContextMenu
      itemsOf={(_, event) => (map ? itemsOf((event.button === 2 ? cellUnder(event) : undefined) ?? cell) : [])}
      area={
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
            if (at !== undefined) onCell(at);
          }}
          onClick={(e) => {
            const at = cellUnder(e);
            if (at !== undefined) onEnter(at);
          }}
          onWheel={(e) => {
            if (e.deltaY > 0) return onLeave();
            const at = cellUnder(e);
            if (at !== undefined && map && map.framesPerCell > 1n) onEnter(at);
          }}
        />
      }
    />
  );
}
