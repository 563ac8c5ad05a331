// SPDX-License-Identifier: GPL-2.0-only
// The roots of a CPU over time, as a strip of colours.
import type { Cpus } from '../../../contract/api.ts';
import { hex } from '../../../contract/format.ts';
import { type Series, seriesToken } from '../../lib/series.ts';

interface Props {
  readonly history: readonly Cpus[];
  readonly at: number;
  readonly colours: Series<bigint>;
}

export function RootStrip({ history, at, colours }: Props) {
  const roots = history.map((c) => c.rootPa[at] ?? 0n);
  const switches = roots.filter((r, i) => i > 0 && r !== roots[i - 1]).length;
  return (
    <div className="cpu-strip" role="img" aria-label={`${switches} changes of the root in ${roots.length} samples`}>
      {roots.map((root, i) => (
        <i
          key={i}
          style={{ background: `var(${root ? seriesToken(colours.get(root)) : '--raised'})` }}
          title={root ? `0x${hex(root)}` : 'not known'}
        />
      ))}
    </div>
  );
}
