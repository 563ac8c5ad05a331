// SPDX-License-Identifier: GPL-2.0-only
// The whole address space as one strip: a stretch a region, wider for more pages, coloured by verdict.
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { BUCKETS, type CheckSummary, type Regions } from '../../../contract/api.ts';
import { bytes, hexVa } from '../../../contract/format.ts';
import { pagesBetween } from '../../../contract/paging.ts';
import { VERDICTS } from '../../../contract/verdicts.ts';
import { useCheck } from '../../state/check.ts';
import { usePreferences } from '../../state/preferences.ts';
import { selectRegion, useSpace } from '../../state/space.ts';
import './map.css';

const HEIGHT = 34;
const GAP = 2;

/** Left edge and width of each region, 0..1: logarithmic, so that a page is seen beside a terabyte. */
function layout(regions: Regions): { left: number; width: number }[] {
  const weights = Array.from(
    regions.begin,
    (begin, i) => 1 + Math.log2(Number(pagesBetween(begin, regions.end[i] as bigint)) + 1),
  );
  const total = weights.reduce((a, b) => a + b, 0);
  let at = 0;
  return weights.map((w) => {
    const left = at / total;
    at += w;
    return { left, width: w / total };
  });
}

/** Index of each region of the check, by its first address. */
function checkedIndex(summary: CheckSummary | undefined): ReadonlyMap<bigint, number> {
  return new Map(summary ? Array.from(summary.regionBegin, (begin, i) => [begin, i]) : []);
}

export function SpaceMap() {
  const regions = useSpace((s) => s.regions);
  const summary = useCheck((s) => s.check?.summary);
  const selected = useSpace((s) => s.region);
  const theme = usePreferences((s) => s.theme);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [zoom, setZoom] = useState({ scale: 1, left: 0 }); // left: 0..1 of the whole
  const [hover, setHover] = useState<number>();
  const places = useMemo(() => (regions ? layout(regions) : []), [regions]);

  useEffect(() => {
    if (!canvas.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(canvas.current);
    return () => observer.disconnect();
  }, []);

  // Fewer dependencies on purpose: a new theme means new colours
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !canvas.current || !regions || width === 0) return;
    const ratio = window.devicePixelRatio;
    canvas.current.width = width * ratio;
    canvas.current.height = HEIGHT * ratio;
    context.scale(ratio, ratio);
    const style = getComputedStyle(canvas.current);
    const colours = VERDICTS.map((v) => style.getPropertyValue(`--v-${v}`));
    const unchecked = style.getPropertyValue('--line-strong');
    const index = checkedIndex(summary);
    places.forEach((place, i) => {
      const x = (place.left - zoom.left) * zoom.scale * width;
      const w = place.width * zoom.scale * width;
      if (x + w < 0 || x > width) return;
      const inner = Math.max(w - (w > 6 ? GAP : 0.5), 0.75);
      const at = index.get(regions.begin[i] as bigint);
      if (!summary || at === undefined) {
        context.fillStyle = unchecked;
        context.fillRect(x, 4, inner, HEIGHT - 12);
      } else {
        const pages = Number(pagesBetween(regions.begin[i] as bigint, regions.end[i] as bigint));
        const slots = Math.min(BUCKETS, pages);
        for (let slot = 0; slot < slots; slot++) {
          const bucket = Math.floor((slot * BUCKETS) / slots);
          const base = (at * BUCKETS + bucket) * VERDICTS.length;
          // Rare verdicts must be seen: the gravest one of a bucket gives a stripe, the most frequent the rest.
          const words = summary.regionBuckets.subarray(base, base + VERDICTS.length);
          let most = 3;
          let gravest = -1;
          words.forEach((n, v) => {
            if (n > (words[most] as number)) most = v;
            if (n > 0 && v >= 4) gravest = v;
          });
          const sx = x + (slot * inner) / slots;
          const sw = inner / slots + 0.5;
          context.fillStyle = colours[most] as string;
          context.fillRect(sx, 4, sw, HEIGHT - 12);
          if (gravest >= 0 && gravest !== most) {
            context.fillStyle = colours[gravest] as string;
            context.fillRect(sx, 4, sw, 7);
          }
        }
      }
      if (i === selected || i === hover) {
        context.fillStyle = style.getPropertyValue(i === selected ? '--accent' : '--dim');
        context.fillRect(x, HEIGHT - 5, inner, 3);
      }
    });
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
  // React listens to wheel passively; zooming must keep the page from scrolling.
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
        style={{ height: HEIGHT }}
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
