// SPDX-License-Identifier: GPL-2.0-only
// Names for what the kernel gives as numbers: NUMA nodes and memory cgroups.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

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

export function readNodes(): Nodes {
  try {
    return parseZones(readFileSync('/proc/zoneinfo', 'utf8'));
  } catch {
    return parseZones('');
  }
}

/** The node of a frame; null if no zone spans it, or zones of several nodes do. */
export function nodeOf(pfn: bigint, { nodeBegin, nodeEnd, node }: Nodes): number | null {
  const found = new Set<number>();
  for (let i = 0; i < node.length; i++)
    if (pfn >= (nodeBegin[i] as bigint) && pfn < (nodeEnd[i] as bigint)) found.add(node[i] as number);
  return found.size === 1 ? ([...found][0] as number) : null;
}

const MOST_CGROUPS = 100_000;

/** Paths of memory cgroups by the inode number that /proc/kpagecgroup gives. */
export class Cgroups {
  private readonly paths = new Map<bigint, string>();

  /** Null if there is none of that number now. */
  path(inode: bigint): string | null {
    if (inode === 0n) return null;
    if (!this.paths.has(inode)) this.readAll();
    return this.paths.get(inode) ?? null;
  }

  private readAll(): void {
    this.paths.clear();
    // Version 1 has the memory controller in a hierarchy of its own, version 2 all in one.
    for (const mount of ['/sys/fs/cgroup/memory', '/sys/fs/cgroup']) {
      const waiting = [''];
      for (let path = waiting.pop(); path !== undefined && this.paths.size < MOST_CGROUPS; path = waiting.pop()) {
        try {
          const inode = statSync(join(mount, path), { bigint: true }).ino;
          if (!this.paths.has(inode)) this.paths.set(inode, path || '/');
          for (const entry of readdirSync(join(mount, path), { withFileTypes: true }))
            if (entry.isDirectory()) waiting.push(`${path}/${entry.name}`);
        } catch {
          // It went away, or is not mounted.
        }
      }
    }
  }
}
