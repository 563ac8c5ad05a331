// SPDX-License-Identifier: GPL-2.0-only
// The scale of the map: where a region and an address lie. A region is as wide as the logarithm of its size, so that one
// page is visible beside a terabyte; within a region addresses are to scale.
import type { Regions as AllRegions } from '../../../contract/api.ts';
import { pageBytes, pagesBetween } from '../../../contract/paging.ts';

type Regions = Pick<AllRegions, 'begin' | 'end'>;

/** The left edge of each region, 0..1, and 1 at the end. */
export type Edges = Float64Array;

/** The part of the map that is shown: it is enlarged `scale` times, and begins at `left`, 0..1 of the whole. */
export interface View {
  readonly scale: number;
  readonly left: number;
}
export const WHOLE: View = { scale: 1, left: 0 };

export function edgesOf({ begin, end }: Regions): Edges {
  const edges = new Float64Array(begin.length + 1);
  for (let i = 0; i < begin.length; i++)
    edges[i + 1] = (edges[i] as number) + 1 + Math.log2(Number(pagesBetween(begin[i] as bigint, end[i] as bigint)) + 1);
  const total = edges[begin.length] || 1;
  return edges.map((edge) => edge / total);
}

/** The region at a fraction of the whole map; the nearest one outside of it. */
export function regionUnder(edges: Edges, fraction: number): number {
  let low = 0;
  let high = edges.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((edges[middle] as number) <= fraction) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The page at a fraction of the whole map. */
export function pageUnder({ begin, end }: Regions, edges: Edges, fraction: number): { region: number; va: bigint } {
  const region = regionUnder(edges, fraction);
  const [left, right] = [edges[region] as number, edges[region + 1] as number];
  const first = begin[region] as bigint;
  const pages = Number(pagesBetween(first, end[region] as bigint));
  const page = Math.floor(((fraction - left) / (right - left)) * pages);
  return { region, va: first + pageBytes(BigInt(Math.max(0, Math.min(pages - 1, page)))) };
}

/** The largest scale: even the narrowest region is then 40 pixels wide. */
export function mostScale(edges: Edges, width: number): number {
  let narrowest = 1;
  for (let i = 1; i < edges.length; i++)
    narrowest = Math.min(narrowest, (edges[i] as number) - (edges[i - 1] as number));
  return Math.max(200, 40 / narrowest / Math.max(1, width));
}

/** `view` with a scale from 1 to `most`, within the map. */
export function within({ scale, left }: View, most: number): View {
  const s = Math.max(1, Math.min(most, scale));
  return { scale: s, left: Math.max(0, Math.min(1 - 1 / s, left)) };
}

/** Enlarges around a point at `fraction` of the width. */
export function zoomed({ scale, left }: View, factor: number, fraction: number, most: number): View {
  const to = Math.max(1, Math.min(most, scale * factor));
  return within({ scale: to, left: left + fraction / scale - fraction / to }, most);
}

/** Shows what lies between two fractions of the width. */
export function zoomedTo(view: View, from: number, to: number, most: number): View {
  const [low, high] = from < to ? [from, to] : [to, from];
  return within({ scale: view.scale / Math.max(1e-9, high - low), left: view.left + low / view.scale }, most);
}

/** Moves so that a region is in sight. */
export function showing(view: View, edges: Edges, region: number): View {
  const [left, right] = [edges[region] as number, edges[region + 1] as number];
  if (right > view.left && left < view.left + 1 / view.scale) return view;
  return within({ scale: view.scale, left: (left + right) / 2 - 0.5 / view.scale }, Number.POSITIVE_INFINITY);
}

/** The first and last region that are in sight. */
export const inSight = (edges: Edges, { scale, left }: View): [first: number, last: number] => [
  regionUnder(edges, left),
  regionUnder(edges, left + 1 / scale - 1e-12),
];

interface Tick {
  /** In pixels. */
  readonly x: number;
  readonly va: bigint;
}

/** Addresses along the axis, at least `space` pixels apart: where regions begin, and within wide ones. */
export function ticksOf(regions: Regions, edges: Edges, view: View, width: number, space: number): Tick[] {
  const ticks: Tick[] = [];
  const at = (x: number) => view.left + x / width / view.scale;
  let x = 0;
  while (x <= width - space) {
    const { region, va } = pageUnder(regions, edges, at(x));
    const next = ((edges[region + 1] as number) - view.left) * view.scale * width;
    // The beginning of the next region is a better place than one shortly before it.
    if (ticks.length > 0 && next - x < space / 2 && next <= width - space) {
      x = next;
      ticks.push({ x, va: regions.begin[region + 1] as bigint });
    } else if (ticks.at(-1)?.va !== va) ticks.push({ x, va }); // a page may be wider than that
    x += space;
  }
  return ticks;
}

/** The bytes that 100 pixels stand for, if all that is in sight is one region and so to scale. */
export function bytesPer100(regions: Regions, edges: Edges, view: View, width: number): number | undefined {
  const [first, last] = inSight(edges, view);
  if (first !== last || width === 0) return undefined;
  const bytes = Number((regions.end[first] as bigint) - (regions.begin[first] as bigint));
  const pixels = ((edges[first + 1] as number) - (edges[first] as number)) * view.scale * width;
  return (bytes / pixels) * 100;
}
