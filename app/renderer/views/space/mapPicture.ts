// SPDX-License-Identifier: GPL-2.0-only
// Draws an address space: one section for each region, coloured by the verdicts of its pages.
import { BUCKETS, type CheckResult, type Regions } from '../../../contract/api.ts';
import { pagesBetween } from '../../../contract/paging.ts';
import { VERDICTS } from '../../../contract/verdicts.ts';
import { checkedRegions } from '../../lib/checkedRegions.ts';
import { type Edges, inSight, type View } from './scale.ts';

export const MAP_HEIGHT = 30;
const STRIP_HEIGHT = 24;
const GRAVE_HEIGHT = 7;
/** Between regions that are wide enough. */
const GAP = 2;

/** The most frequent verdict of a part of a region, and the gravest; -1: none is grave, or it is the same. */
function bucketOf(summary: CheckResult, region: number, bucket: number): { most: number; gravest: number } {
  const both = summary.regionPicture[region * BUCKETS + bucket] as number;
  const [most, gravest] = [both & 15, both >> 4];
  return { most, gravest: gravest === most ? -1 : gravest };
}

export interface Picture {
  readonly regions: Regions;
  readonly summary: CheckResult | undefined;
  readonly edges: Edges;
  readonly width: number;
  readonly view: View;
  /** Indexes of the regions that are marked. */
  readonly selected: number;
  readonly hover: number | undefined;
}

/** Colours the columns of pixels that several narrow regions share by what most of them are. */
class Columns {
  private readonly votes: Float32Array;
  private readonly gravest: Int8Array;

  constructor(private readonly width: number) {
    this.votes = new Float32Array(width * VERDICTS.length);
    this.gravest = new Int8Array(width).fill(-1);
  }

  add(x: number, weight: number, { most, gravest }: { most: number; gravest: number }): void {
    const column = Math.max(0, Math.min(this.width - 1, Math.floor(x)));
    const at = column * VERDICTS.length + most;
    this.votes[at] = (this.votes[at] as number) + weight;
    this.gravest[column] = Math.max(this.gravest[column] as number, gravest);
  }

  draw(context: CanvasRenderingContext2D, colours: readonly string[]): void {
    for (let x = 0; x < this.width; x++) {
      const votes = this.votes.subarray(x * VERDICTS.length, (x + 1) * VERDICTS.length);
      const most = votes.indexOf(Math.max(...votes));
      if (votes[most] === 0) continue;
      context.fillStyle = colours[most] as string;
      context.fillRect(x, 0, 1, STRIP_HEIGHT);
      const gravest = this.gravest[x] as number;
      if (gravest < 0) continue;
      context.fillStyle = colours[gravest] as string;
      context.fillRect(x, 0, 1, GRAVE_HEIGHT);
    }
  }
}

export function drawMap(
  canvas: HTMLCanvasElement,
  { regions, summary, edges, width, view, selected, hover }: Picture,
): void {
  const context = canvas.getContext('2d');
  if (!context || regions.begin.length === 0) return;
  const ratio = window.devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = MAP_HEIGHT * ratio;
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const colours = VERDICTS.map((v) => style.getPropertyValue(`--v-${v}`));
  const unchecked = style.getPropertyValue('--line-strong');
  const checked = checkedRegions(regions, summary);
  const columns = new Columns(Math.ceil(width));
  const pixel = (edge: number) => ((edges[edge] as number) - view.left) * view.scale * width;
  const [first, last] = inSight(edges, view);

  for (let i = first; i <= last; i++) {
    const x = pixel(i);
    const w = pixel(i + 1) - x;
    const at = checked[i] as number;
    if (!summary || at < 0) {
      context.fillStyle = unchecked;
      context.fillRect(x, 0, Math.max(w - (w > 6 ? GAP : 0), 0.75), STRIP_HEIGHT);
    } else if (w < 2) columns.add(x, w, bucketOf(summary, at, 0));
    else {
      const pages = Number(pagesBetween(regions.begin[i] as bigint, regions.end[i] as bigint));
      const slots = Math.min(BUCKETS, pages);
      const inner = w - (w > 6 ? GAP : 0.5);
      for (let slot = 0; slot < slots; slot++) {
        // Rare verdicts must be visible: the gravest one of a part gets a stripe, the most frequent the rest.
        const { most, gravest } = bucketOf(summary, at, Math.floor((slot * BUCKETS) / slots));
        const sx = x + (slot * inner) / slots;
        // Neighbours overlap a little, so that no seam is seen between them; the last one keeps within its region.
        const sw = Math.min(inner / slots + 0.5, x + inner - sx);
        context.fillStyle = colours[most] as string;
        context.fillRect(sx, 0, sw, STRIP_HEIGHT);
        if (gravest >= 0 && gravest !== most) {
          context.fillStyle = colours[gravest] as string;
          context.fillRect(sx, 0, sw, GRAVE_HEIGHT);
        }
      }
    }
  }
  columns.draw(context, colours);
  for (const i of [hover, selected]) {
    if (i === undefined || i < first || i > last) continue;
    const x = pixel(i);
    context.fillStyle = style.getPropertyValue(i === selected ? '--accent' : '--dim');
    context.fillRect(x, STRIP_HEIGHT + 2, Math.max(3, pixel(i + 1) - x - GAP), 3);
  }
}
