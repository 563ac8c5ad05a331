// SPDX-License-Identifier: GPL-2.0-only
// The address space as a strip: one section for each region, coloured by verdict, above an axis of addresses.
import { Maximize2, ZoomIn, ZoomOut } from 'lucide-react';
import { type KeyboardEvent, type MouseEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { Regions } from '../../../contract/api.ts';
import { bytes, count, hexVa } from '../../../contract/format.ts';
import { ContextMenu } from '../../parts/ContextMenu.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { useSize } from '../../parts/useSize.ts';
import { pageActions, regionActions } from '../../state/actions.ts';
import { shownCheck, useCheck } from '../../state/check.ts';
import { chooseRegion, selectVa } from '../../state/navigate.ts';
import { useSpace } from '../../state/space.ts';
import { useTheme } from '../../state/theme.ts';
import { menuOf } from '../common/menu.tsx';
import { MapAxis } from './MapAxis.tsx';
import { drawMap, MAP_HEIGHT } from './mapPicture.ts';
import { edgesOf, inSight, mostScale, pageUnder, showing, WHOLE, within, zoomed, zoomedTo } from './scale.ts';
import './map.css';

/** A drag of fewer pixels is a click. */
const LEAST_DRAG = 4;

export function SpaceMap({ regions }: { regions: Regions }) {
  const space = useSpace((s) => s.space);
  const summary = useCheck((s) => shownCheck(s)?.summary);
  const selected = useSpace((s) => s.region);
  const theme = useTheme((s) => s.shown);
  const strip = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width } = useSize(strip);
  const [view, setView] = useState(WHOLE);
  const [hover, setHover] = useState<number>();
  /** Fractions of the width between which the pointer was dragged. */
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const edges = useMemo(() => edgesOf(regions), [regions]);
  const most = useMemo(() => mostScale(edges, width), [edges, width]);

  // Another process is shown whole
  useEffect(() => setView(WHOLE), [regions]);
  useEffect(() => {
    if (selected >= 0 && selected < edges.length - 1) setView((v) => showing(v, edges, selected));
  }, [edges, selected]);
  // A new theme has new colours
  useEffect(() => {
    if (canvas.current && width > 0) drawMap(canvas.current, { regions, summary, edges, width, view, selected, hover });
  }, [regions, summary, edges, width, view, selected, hover, theme]);

  const fractionOf = ({ clientX }: { clientX: number }) => {
    const box = canvas.current?.getBoundingClientRect();
    return box ? Math.max(0, Math.min(1, (clientX - box.left) / box.width)) : 0;
  };
  const under = (fraction: number) => pageUnder(regions, edges, view.left + fraction / view.scale);

  // Zooming must keep the page from scrolling, which React's passive wheel listeners can't do.
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const across = event.deltaX || (event.shiftKey ? event.deltaY : 0);
      setView((v) =>
        across
          ? within({ scale: v.scale, left: v.left + across / element.clientWidth / v.scale }, most)
          : zoomed(v, event.deltaY < 0 ? 1.25 : 0.8, event.offsetX / element.clientWidth, most),
      );
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [most]);

  /** Where the chosen region is, as a fraction of the width. */
  const middle = () => {
    const at =
      selected >= 0 ? (((edges[selected] ?? 0) + (edges[selected + 1] ?? 0)) / 2 - view.left) * view.scale : 0.5;
    return at >= 0 && at <= 1 ? at : 0.5;
  };
  const zoom = (factor: number) => setView((v) => zoomed(v, factor, middle(), most));
  function onKeyDown(event: KeyboardEvent) {
    const last = edges.length - 2;
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, Home: -last, End: last };
    const step = steps[event.key];
    if (step !== undefined) void chooseRegion(Math.max(0, Math.min(last, selected + step)));
    else if (event.key === '+' || event.key === '=') zoom(1.5);
    else if (event.key === '-') zoom(1 / 1.5);
    else if (event.key === '0') setView(WHOLE);
    else return;
    event.preventDefault();
  }
  function onPointerUp(event: PointerEvent) {
    const from = drag?.from;
    setDrag(undefined);
    if (from === undefined) return;
    const to = fractionOf(event);
    if (Math.abs(to - from) * width >= LEAST_DRAG) return setView(zoomedTo(view, from, to, most));
    void selectVa(under(to).va);
  }

  function itemsOf(_: HTMLElement, event: MouseEvent) {
    if (!space) return [];
    // The keyboard has no place on the map: it means the chosen region.
    if (event.button !== 2) return menuOf(regionActions(space, regions, selected));
    const { region, va } = under(fractionOf(event));
    return menuOf([...pageActions(space, va, undefined), ...regionActions(space, regions, region)]);
  }

  const shown = Math.max(0, hover ?? selected);
  const text =
    regions.begin[shown] === undefined
      ? ''
      : `${hexVa(regions.begin[shown])}–${hexVa(regions.end[shown] as bigint)} ${regions.permissions[shown]} ${bytes((regions.end[shown] as bigint) - regions.begin[shown])} ${regions.path[shown] || 'anonymous'}`;
  const [first, last] = inSight(edges, view);
  return (
    <div className="map">
      <div className="map-strip" ref={strip}>
        <ContextMenu
          itemsOf={itemsOf}
          area={
            <canvas
              ref={canvas}
              style={{ height: MAP_HEIGHT }}
              tabIndex={0}
              role="slider"
              aria-label="Map of the address space: arrow keys choose a region, plus and minus zoom"
              aria-valuemin={0}
              aria-valuemax={regions.begin.length - 1}
              aria-valuenow={Math.max(0, selected)}
              aria-valuetext={text}
              title={text}
              onKeyDown={onKeyDown}
              onPointerDown={(e) => {
                if (e.button !== 0) return;
                e.currentTarget.setPointerCapture(e.pointerId);
                setDrag({ from: fractionOf(e), to: fractionOf(e) });
              }}
              onPointerMove={(e) => {
                setHover(under(fractionOf(e)).region);
                if (drag) setDrag({ from: drag.from, to: fractionOf(e) });
              }}
              onPointerUp={onPointerUp}
              onPointerLeave={() => setHover(undefined)}
              onDoubleClick={() => setView(WHOLE)}
            />
          }
        />
        {drag && Math.abs(drag.to - drag.from) * width >= LEAST_DRAG && (
          <i
            className="map-drag"
            style={{
              left: `${Math.min(drag.from, drag.to) * 100}%`,
              width: `${Math.abs(drag.to - drag.from) * 100}%`,
            }}
          />
        )}
      </div>
      <MapAxis regions={regions} edges={edges} view={view} width={width} />
      <div className="map-line dim">
        <span className="ellipsis" title={text}>
          {hover === undefined ? (
            <>
              {view.scale > 1 && `${count(last - first + 1)} of `}
              {count(regions.begin.length)} {regions.begin.length === 1 ? 'region' : 'regions'}
              {first === last
                ? ''
                : ' · not to scale: each is as wide as the logarithm of its size, and what lies between them is left out'}
            </>
          ) : (
            <span className="num">{text}</span>
          )}
        </span>
        <span className="spacer" />
        <IconButton
          icon={ZoomOut}
          label="Zoom out of the map"
          title="Zoom out (−, wheel)"
          disabled={view.scale <= 1}
          onClick={() => zoom(1 / 2)}
        />
        <IconButton
          icon={ZoomIn}
          label="Zoom into the map"
          title="Zoom in (+, wheel, or drag over a part)"
          disabled={view.scale >= most}
          onClick={() => zoom(2)}
        />
        <IconButton
          icon={Maximize2}
          label="Show the whole map"
          title="Show all (0, double click)"
          disabled={view.scale <= 1}
          onClick={() => setView(WHOLE)}
        />
      </div>
    </div>
  );
}
