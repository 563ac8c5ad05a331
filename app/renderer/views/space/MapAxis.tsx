// SPDX-License-Identifier: GPL-2.0-only
// The addresses below the map, and the scale where it has one.
import type { Regions } from '../../../contract/api.ts';
import { bytes, hexVa } from '../../../contract/format.ts';
import { bytesPer100, type Edges, ticksOf, type View } from './scale.ts';

/** In pixels: room for an address. */
const TICK = 104;
const SCALE_BAR = 100;

interface Props {
  readonly regions: Regions;
  readonly edges: Edges;
  readonly view: View;
  readonly width: number;
}

export function MapAxis({ regions, edges, view, width }: Props) {
  const scale = bytesPer100(regions, edges, view, width);
  const room = scale === undefined ? width : width - SCALE_BAR - 70;
  return (
    <div className="map-axis num" aria-hidden="true">
      {width > 0 &&
        ticksOf(regions, edges, view, width, TICK)
          .filter(({ x }) => x <= room - TICK)
          .map(({ x, va }) => (
            <span key={x} style={{ left: x }}>
              {hexVa(va)}
            </span>
          ))}
      {scale !== undefined && (
        <b>
          <i style={{ width: SCALE_BAR }} /> {bytes(Math.round(scale))}
        </b>
      )}
    </div>
  );
}
