// SPDX-License-Identifier: GPL-2.0-only
// The roots of a CPU over time, as a strip of colours.
import type { Cpus } from '../../../contract/api.ts';
import { hex } from '../../../contract/format.ts';
import { pfnOf } from '../../../contract/paging.ts';

/** A colour for each root. Adjacent frames get different hues. */
export const colourOf = (root: bigint) => (root ? `hsl(${Number(pfnOf(root) * 137n) % 360} 60% 52%)` : 'var(--raised)');

export function RootStrip({ history, at }: { history: readonly Cpus[]; at: number }) {
  const roots = history.map((c) => c.rootPa[at] ?? 0n);
  const switches = roots.filter((r, i) => i > 0 && r !== roots[i - 1]).length;
  return (
    <div className="cpu-strip" role="img" aria-label={`${switches} changes of the root in ${roots.length} samples`}>
      {roots.map((root, i) => (
        <i key={i} style={{ background: colourOf(root) }} title={root ? `0x${hex(root)}` : 'not known'} />
      ))}
    </div>
  );
}
