// SPDX-License-Identifier: GPL-2.0-only
// NUMA nodes, which the kernel describes by their zones.

export interface Nodes {
  /** Frame ranges, end exclusive. */
  readonly nodeBegin: BigUint64Array<ArrayBuffer>;
  readonly nodeEnd: BigUint64Array<ArrayBuffer>;
  readonly node: Uint32Array<ArrayBuffer>;
}

/** The frames of each NUMA node, from the zones of /proc/zoneinfo. Empty if that can't be read. */
export function parseZones(text: string): Nodes {
  const zones: { node: number; begin: bigint; end: bigint }[] = [];
  let node = 0;
  let spanned = 0n;
  for (const line of text.split('\n')) {
    const [, number] = /^Node (\d+), zone/.exec(line) ?? [];
    if (number !== undefined) {
      node = Number(number);
      spanned = 0n;
    }
    const [, span] = /^\s+spanned\s+(\d+)/.exec(line) ?? [];
    if (span !== undefined) spanned = BigInt(span);
    const [, start] = /^\s+start_pfn:\s+(\d+)/.exec(line) ?? [];
    if (start !== undefined && spanned > 0n) zones.push({ node, begin: BigInt(start), end: BigInt(start) + spanned });
  }
  return {
    nodeBegin: BigUint64Array.from(zones, (z) => z.begin),
    nodeEnd: BigUint64Array.from(zones, (z) => z.end),
    node: Uint32Array.from(zones, (z) => z.node),
  };
}

/** The node of a frame; null if no zone spans it, or zones of several nodes do. */
export function nodeOf(pfn: bigint, { nodeBegin, nodeEnd, node }: Nodes): number | null {
  const found = new Set<number>();
  for (let i = 0; i < node.length; i++)
    if (pfn >= (nodeBegin[i] as bigint) && pfn < (nodeEnd[i] as bigint)) found.add(node[i] as number);
  return found.size === 1 ? ([...found][0] as number) : null;
}
