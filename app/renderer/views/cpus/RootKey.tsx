// SPDX-License-Identifier: GPL-2.0-only
// What the colours of the strips mean.
import type { Cpus } from '../../../contract/api.ts';
import { hex } from '../../../contract/format.ts';
import { Legend } from '../../parts/Legend.tsx';
import { spaceOfPid, useProcesses } from '../../state/processes.ts';
import { colourOf } from './RootStrip.tsx';

/** Roots that the key names. */
const MOST_ROOTS = 10;

/** The roots of the samples, the ones that were seen most first, and the PID that each belonged to last; 0: none. */
function rootsOf(history: readonly Cpus[]): { root: bigint; owner: number }[] {
  const seen = new Map<bigint, { samples: number; owner: number }>();
  for (const { rootPa, owner } of history)
    rootPa.forEach((root, at) => {
      const samples = (seen.get(root)?.samples ?? 0) + 1;
      if (root) seen.set(root, { samples, owner: owner[at] ?? 0 });
    });
  return [...seen].sort(([, a], [, b]) => b.samples - a.samples).map(([root, { owner }]) => ({ root, owner }));
}

export function RootKey({ history }: { history: readonly Cpus[] }) {
  const processes = useProcesses((s) => s.processes);
  const roots = rootsOf(history);
  const nameOf = (pid: number) => (pid ? `${pid} ${spaceOfPid(processes, pid)?.name ?? 'gone'}` : 'the kernel’s own');
  const items = roots.slice(0, MOST_ROOTS).map(({ root, owner }) => ({
    key: hex(root),
    colour: colourOf(root),
    text: nameOf(owner),
    title: `0x${hex(root)}`,
  }));
  const others = roots.length - items.length;
  return (
    <section className="root-key" aria-label="Colours of the strips">
      <Legend
        items={[
          ...items,
          ...(others > 0 ? [{ key: 'others', colour: 'transparent', text: `and ${others} other roots` }] : []),
          { key: 'unknown', colour: 'var(--raised)', text: 'not known' },
        ]}
      />
    </section>
  );
}
