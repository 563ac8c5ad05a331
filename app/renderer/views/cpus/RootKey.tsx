// SPDX-License-Identifier: GPL-2.0-only
// What the colours of the strips mean.
import type { Cpus } from '../../../contract/api.ts';
import { hex } from '../../../contract/format.ts';
import type { Series } from '../../lib/series.ts';
import { Legend, seriesItems } from '../../parts/Legend.tsx';
import { spaceOfPid, useProcesses } from '../../state/processes.ts';

interface SeenRoot {
  readonly root: bigint;
  /** The PID that it belonged to last; 0: none. */
  readonly owner: number;
}

/** The roots of the samples, the ones that were seen most first. */
export function rootsOf(history: readonly Cpus[]): SeenRoot[] {
  const seen = new Map<bigint, { samples: number; owner: number }>();
  for (const { rootPa, owner } of history)
    rootPa.forEach((root, at) => {
      const samples = (seen.get(root)?.samples ?? 0) + 1;
      if (root) seen.set(root, { samples, owner: owner[at] ?? 0 });
    });
  return [...seen].sort(([, a], [, b]) => b.samples - a.samples).map(([root, { owner }]) => ({ root, owner }));
}

export function RootKey({ roots, colours }: { roots: readonly SeenRoot[]; colours: Series<bigint> }) {
  const processes = useProcesses((s) => s.processes);
  const nameOf = (pid: number) => (pid ? `${pid} ${spaceOfPid(processes, pid)?.name ?? 'gone'}` : 'the kernel’s own');
  const items = roots.map(({ root, owner }) => ({
    key: hex(root),
    place: colours.get(root),
    text: nameOf(owner),
    title: `0x${hex(root)}`,
  }));
  return (
    <section className="root-key" aria-label="Colours of the strips">
      <Legend
        items={[...seriesItems(items, 'roots'), { key: 'unknown', colour: 'var(--raised)', text: 'not known' }]}
      />
    </section>
  );
}
