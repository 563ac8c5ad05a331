// SPDX-License-Identifier: GPL-2.0-only
// What two address spaces have in common: the frames that both map, and the addresses at which each has its own.
import type { Shared } from '../../contract/api.ts';
import { mapsFrame } from '../../contract/paging.ts';
import { tableEntries } from '../../contract/table.ts';
import { Failed } from '../sources/failed.ts';
import type { Sources } from '../sources/sources.ts';

/** Tables decoded at a time: few, so that nothing else has to wait for long. */
const BATCH = 16;
/** Pages of each process that are compared: 8 GiB. */
const MOST_PAGES = 1 << 21;

/** What a process maps, page by page: numbers of pages and of frames, ascending by page. */
async function mappedPages(sources: Sources, pid: number, startTicks: bigint): Promise<[page: number, pfn: number][]> {
  const { target } = sources;
  const tree = await sources.tables(pid, startTicks);
  const tables = [...tree.level.keys()].filter((i) => (tree.level[i] as number) <= 3 && tree.status[i] === 0);
  const mapped: [number, number][] = [];
  for (let at = 0; at < tables.length; at += BATCH) {
    const some = tables.slice(at, at + BATCH);
    const { bytes, status } = await sources.frames(BigUint64Array.from(some, (i) => (tree.pa[i] as bigint) >> 12n));
    if (mapped.length > MOST_PAGES)
      throw new Failed(
        `process ${pid} maps more than ${MOST_PAGES} pages`,
        'That is more than can be compared; see `cr3scope owners` for single frames.',
        'E2BIG',
      );
    some.forEach((i, k) => {
      if (status[k] !== 0) return;
      const level = tree.level[i] as number;
      const table = bytes.subarray(k * 4096, (k + 1) * 4096);
      for (const entry of tableEntries(table, level, tree.va[i] as bigint, target)) {
        if (!mapsFrame(entry.kind)) continue;
        const page = Number(entry.va >> 12n);
        const pfn = Number(entry.pfn);
        for (let n = 0; n < 1 << (entry.shift - 12); n++) mapped.push([page + n, pfn + n]);
      }
    });
  }
  return mapped.sort(([a], [b]) => a - b);
}

/** Compares two processes, each as it was at one moment; the zero pages, which everybody shares, are left out. */
export async function compareSpaces(
  sources: Sources,
  a: { pid: number; startTicks: bigint },
  b: { pid: number; startTicks: bigint },
): Promise<Shared> {
  const inA = await mappedPages(sources, a.pid, a.startTicks);
  const inB = await mappedPages(sources, b.pid, b.startTicks);
  const zero = Number(sources.target.zeroPfn);
  const pageOf = new Map(inA.map(([page, pfn]) => [pfn, page]));
  const frameOf = new Map(inA);
  const runs: { copy: boolean; pageA: number; pageB: number; pages: number }[] = [];
  const totals = { shared: 0, copies: 0 };
  for (const [pageB, pfn] of inB) {
    if (pfn === zero) continue;
    // The same address first: a frame may be mapped at several.
    const pageA = frameOf.get(pageB) === pfn ? pageB : pageOf.get(pfn);
    const other = frameOf.get(pageB);
    const copy = pageA === undefined;
    if (copy && (other === undefined || other === zero)) continue;
    const at = pageA ?? pageB;
    totals[copy ? 'copies' : 'shared']++;
    const last = runs.at(-1);
    if (last?.copy === copy && last.pageA + last.pages === at && last.pageB + last.pages === pageB) last.pages++;
    else runs.push({ copy, pageA: at, pageB, pages: 1 });
  }
  const va = (page: number) => BigInt(page) << 12n;
  return {
    copy: Uint8Array.from(runs, (r) => Number(r.copy)),
    vaA: BigUint64Array.from(runs, (r) => va(r.pageA)),
    vaB: BigUint64Array.from(runs, (r) => va(r.pageB)),
    pages: BigUint64Array.from(runs, (r) => BigInt(r.pages)),
    mappedA: BigInt(inA.length),
    mappedB: BigInt(inB.length),
    shared: BigInt(totals.shared),
    copies: BigInt(totals.copies),
  };
}
