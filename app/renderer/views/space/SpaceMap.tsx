// SPDX-License-Identifier: GPL-2.0-only
// The address space as a strip: one section for each region, wider for more pages, coloured by verdict.
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { bytes, hexVa } from '../../../contract/format.ts';
import { useCheck } from '../../state/check.ts';
import { selectRegion, useSpace } from '../../state/space.ts';
import { useTheme } from '../../state/theme.ts';
import { drawMap, MAP_HEIGHT, placesOf } from './mapPicture.ts';
import './map.css';

export function SpaceMap() {
  const regions = useSpace((s) => s.regions);
  const summary = useCheck((s) => s.check?.summary);
  const selected = useSpace((s) => s.region);
  const theme = useTheme((s) => s.shown);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [zoom, setZoom] = useState({ scale: 1, left: 0 }); // left: 0..1 of the width
  const [hover, setHover] = useState<number>();
  const places = useMemo(() => (regions ? placesOf(regions) : []), [regions]);

  useEffect(() => {
    if (!canvas.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(canvas.current);
    return () => observer.disconnect();
  }, []);

  // A new theme has new colours
  useEffect(() => {
    if (canvas.current && regions && width > 0)
      drawMap(canvas.current, { regions, summary, places, width, zoom, selected, hover });
  }, [regions, summary, places, width, zoom, selected, hover, theme]);

  const regionAt = (clientX: number) => {
    const box = canvas.current?.getBoundingClientRect();
    if (!box) return -1;
    const at = zoom.left + (clientX - box.left) / box.width / zoom.scale;
    return places.findIndex((p) => at >= p.left && at < p.left + p.width);
  };
  const clamp = (scale: number, left: number) => {
    const s = Math.max(1, Math.min(200, scale));
    return { scale: s, left: Math.max(0, Math.min(1 - 1 / s, left)) };
  };
  const zoomAt = (factor: number, fraction: number) =>
    setZoom((z) => {
      const scale = Math.max(1, Math.min(200, z.scale * factor));
      return clamp(scale, z.left + fraction / z.scale - fraction / scale);
    });
  // Zooming must keep the page from scrolling, which React's passive wheel listeners can't do.
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const fraction = event.offsetX / element.clientWidth;
      setZoom((z) => {
        if (Math.abs(event.deltaX) > Math.abs(event.deltaY))
          return clamp(z.scale, z.left + event.deltaX / element.clientWidth / z.scale);
        const scale = Math.max(1, Math.min(200, z.scale * (event.deltaY < 0 ? 1.25 : 0.8)));
        return clamp(scale, z.left + fraction / z.scale - fraction / scale);
      });
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  });

  function onKeyDown(event: KeyboardEvent) {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step) selectRegion(Math.max(0, Math.min(places.length - 1, selected + step)));
    else if (event.key === '+' || event.key === '=') zoomAt(1.5, (places[selected]?.left ?? 0.5) - zoom.left);
    else if (event.key === '-') zoomAt(1 / 1.5, 0.5);
    else if (event.key === '0') setZoom({ scale: 1, left: 0 });
    else return;
    event.preventDefault();
  }

  const shown = hover ?? selected;
  const text =
    regions && regions.begin[shown] !== undefined
      ? `${hexVa(regions.begin[shown])}–${hexVa(regions.end[shown] as bigint)} ${regions.permissions[shown]} ${bytes((regions.end[shown] as bigint) - regions.begin[shown])} ${regions.path[shown] || 'anonymous'}`
      : '';
  return (
    <div className="map">
      <canvas
        ref={canvas}
        style={{ height: MAP_HEIGHT }}
        tabIndex={0}
        role="slider"
        aria-label="Map of the address space: arrow keys choose a region, plus and minus zoom"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, places.length - 1)}
        aria-valuenow={selected}
        aria-valuetext={text}
        title={text}
        onKeyDown={onKeyDown}
        onPointerMove={(e) => setHover(regionAt(e.clientX))}
        onPointerLeave={() => setHover(undefined)}
        onClick={(e) => {
          const region = regionAt(e.clientX);
          if (region >= 0) selectRegion(region);
        }}
        onDoubleClick={() => setZoom({ scale: 1, left: 0 })}
      />
    </div>
  );
}
