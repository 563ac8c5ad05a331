// SPDX-License-Identifier: GPL-2.0-only
// Draws an address space: one section for each region, coloured by the verdicts of its pages.
import { BUCKETS, type CheckSummary, type Regions } from '../../../contract/api.ts';
import { pagesBetween } from '../../../contract/paging.ts';
import { VERDICTS } from '../../../contract/verdicts.ts';

export const MAP_HEIGHT = 34;
const GAP = 2;

/** Where a region lies, as fractions of the width. */
export interface Place {
  readonly left: number;
  readonly width: number;
}

/** Left edge and width of each region, 0..1. Widths are logarithmic, so that one page is visible beside a terabyte. */
export function placesOf(regions: Regions): Place[] {
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

/** Index of each region in the check, by its first address. */
function checkedIndex(summary: CheckSummary | undefined): ReadonlyMap<bigint, number> {
  return new Map(summary ? Array.from(summary.regionBegin, (begin, i) => [begin, i]) : []);
}

export interface Picture {
  readonly regions: Regions;
  readonly summary: CheckSummary | undefined;
  readonly places: readonly Place[];
  readonly width: number;
  /** `left` is a fraction of the width. */
  readonly zoom: { readonly scale: number; readonly left: number };
  /** Indexes of the regions that are marked. */
  readonly selected: number;
  readonly hover: number | undefined;
}

export function drawMap(
  canvas: HTMLCanvasElement,
  { regions, summary, places, width, zoom, selected, hover }: Picture,
): void {
  const context = canvas.getContext('2d');
  if (!context) return;
  const ratio = window.devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = MAP_HEIGHT * ratio;
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
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
      context.fillRect(x, 4, inner, MAP_HEIGHT - 12);
    } else {
      const pages = Number(pagesBetween(regions.begin[i] as bigint, regions.end[i] as bigint));
      const slots = Math.min(BUCKETS, pages);
      for (let slot = 0; slot < slots; slot++) {
        const bucket = Math.floor((slot * BUCKETS) / slots);
        const base = (at * BUCKETS + bucket) * VERDICTS.length;
        // Rare verdicts must be visible: the most severe one of a bucket gets a stripe, the most frequent the rest.
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
        context.fillRect(sx, 4, sw, MAP_HEIGHT - 12);
        if (gravest >= 0 && gravest !== most) {
          context.fillStyle = colours[gravest] as string;
          context.fillRect(sx, 4, sw, 7);
        }
      }
    }
    if (i === selected || i === hover) {
      context.fillStyle = style.getPropertyValue(i === selected ? '--accent' : '--dim');
      context.fillRect(x, MAP_HEIGHT - 5, inner, 3);
    }
  });
}
