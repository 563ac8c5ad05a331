// SPDX-License-Identifier: GPL-2.0-only
// What the frames add up to, against the kernel's own counters, and what those say of the frames that are not classified.
import { useMemo } from 'react';
import type { MemoryMap } from '../../../contract/api.ts';
import { bytes } from '../../../contract/format.ts';
import { pageBytes } from '../../../contract/paging.ts';
import { ROLE } from '../../../contract/roles.ts';
import { reconcileTotals } from '../../../contract/totals.ts';
import { Empty } from '../../parts/Empty.tsx';
import '../../parts/listing.css';

const size = (frames: bigint) => `${frames < 0n ? '−' : ''}${bytes(pageBytes(frames < 0n ? -frames : frames))}`;
/** A difference with its sign. */
const signed = (frames: bigint) => (frames === 0n ? '0' : frames > 0n ? `+${size(frames)}` : size(frames));

export function TotalsTable({ map, whole }: { map: MemoryMap; whole: boolean }) {
  const totals = useMemo(() => reconcileTotals(map), [map]);
  if (!whole)
    return <Empty title="Only all of memory can be compared with the kernel’s counters">Zoom out to see it.</Empty>;
  if (!totals) return <Empty title="The kernel’s counters were not read">They are not in this capture.</Empty>;
  return (
    <div className="scroll totals" tabIndex={0} role="group" aria-label="Frames against the kernel’s counters">
      <table className="listing">
        <thead>
          <tr>
            <th>Frames by their flags</th>
            <th className="right">Counted</th>
            <th className="right">The kernel says</th>
            <th className="right">Difference</th>
            <th>By</th>
          </tr>
        </thead>
        <tbody>
          {totals.reconciled.map(({ role, counted, kernel, from }) => (
            <tr key={role}>
              <td title={ROLE.meaning(role)}>{ROLE.label(role)}</td>
              <td className="num right">{size(counted)}</td>
              <td className="num right">{size(kernel)}</td>
              <td className="num right">{signed(kernel - counted)}</td>
              <td className="dim">{from}</td>
            </tr>
          ))}
          <tr className="strong">
            <td title={ROLE.meaning('kernel')}>{ROLE.label('kernel')}</td>
            <td className="num right">{size(totals.notClassified)}</td>
            <td />
            <td />
            <td className="dim">no flag says what these frames are; of them</td>
          </tr>
          {totals.parts.map(({ what, frames, from }) => (
            <tr key={what}>
              <td className="part">{what}</td>
              <td />
              <td className="num right">{size(frames)}</td>
              <td />
              <td className="dim">{from}</td>
            </tr>
          ))}
          <tr>
            <td className="part">
              {totals.unexplained < 0n ? 'counted twice by these counters' : 'said by no counter'}
            </td>
            <td />
            <td className="num right">{size(totals.unexplained < 0n ? -totals.unexplained : totals.unexplained)}</td>
            <td />
            <td />
          </tr>
        </tbody>
      </table>
      <p className="dim">
        Frames are counted one after the other while the machine runs, and the counters are read afterwards: small
        differences are of that time.
      </p>
    </div>
  );
}
