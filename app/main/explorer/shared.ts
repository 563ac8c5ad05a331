// SPDX-License-Identifier: GPL-2.0-only
// What two address spaces have in common: the frames that both map, and the addresses at which each has its own.
import type { Shared } from '../../contract/api.ts';
import { mapsFrame, PAGE_BYTES, pageBytes, pfnOf } from '../../contract/paging.ts';
import { tableEntries } from '../../contract/table.ts';
import { Failed } from '../sources/failed.ts';
import type { Sources } from '../sources/sources.ts';
import { turn } from '../turn.ts';

/** Tables decoded at a time: few, so that other work need not wait for long. */
const BATCH = 16;
/** Pages compared before other work may run. */
const PAGES_AT_ONCE = 1 << 14;
/** Pages of each process that are compared: 8 GiB. */
const MOST_PAGES = 1 << 21;

/** Mapped pages: numbers of pages and of frames, ascending by page. */
interface Mapped {
  readonly page: Float64Array;
  readonly pfn: Float64Array;
}

/** Mapped pages while they are collected. */
class Collected {
  private page = new Float64Array(1 << 12);
  private pfn = new Float64Array(1 << 12);
  length = 0;

  add(page: number, pfn: number, pages: number): void {
    while (this.length + pages > this.page.length) {
      this.page = grown(this.page);
      this.pfn = grown(this.pfn);
    }
    for (let n = 0; n < pages; n++) {
      this.page[this.length] = page + n;
      this.pfn[this.length++] = pfn + n;
    }
  }

  get mapped(): Mapped {
    return { page: this.page.subarray(0, this.length), pfn: this.pfn.subarray(0, this.length) };
  }
}

function grown(column: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(column.length * 2);
  longer.set(column);
  return longer;
}

/** Two ascending lists as one. */
function merge(a: Mapped, b: Mapped): Mapped {
  const length = a.page.length + b.page.length;
  const page = new Float64Array(length);
  const pfn = new Float64Array(length);
  for (let i = 0, j = 0, at = 0; at < length; at++) {
    const fromA = j >= b.page.length || (i < a.page.length && (a.page[i] as number) < (b.page[j] as number));
    const from = fromA ? a : b;
    const k = fromA ? i++ : j++;
    page[at] = from.page[k] as number;
    pfn[at] = from.pfn[k] as number;
  }
  return { page, pfn };
}

/** What a process maps by entries of one level. */
async function mappedBy(
  level: number,
  sources: Sources,
  pid: number,
  tree: Awaited<ReturnType<Sources['tables']>>,
): Promise<Mapped> {
  const { target } = sources;
  const tables = [...tree.level.keys()].filter((i) => tree.level[i] === level && tree.status[i] === 0);
  const found = new Collected();
  for (let at = 0; at < tables.length; at += BATCH) {
    const some = tables.slice(at, at + BATCH);
    const { bytes, status } = await sources.frames(BigUint64Array.from(some, (i) => pfnOf(tree.pa[i] as bigint)));
    for (const [k, i] of some.entries()) {
      if (status[k] !== 0) continue;
      const table = bytes.subarray(k * PAGE_BYTES, (k + 1) * PAGE_BYTES);
      for (const { kind, va, pfn, shift } of tableEntries(table, level, tree.va[i] as bigint, target)) {
        if (!mapsFrame(kind)) continue;
        const pages = 2 ** (shift - 12);
        if (found.length + pages > MOST_PAGES)
          throw new Failed(
            `process ${pid} maps more than ${MOST_PAGES} pages`,
            'That is more than can be compared; see `cr3scope owners` for single frames.',
            'E2BIG',
          );
        found.add(Number(pfnOf(va)), Number(pfn), pages);
      }
    }
  }
  return found.mapped;
}

/** What a process maps by pages of 4K, 2M and 1G. */
async function mappedPages(sources: Sources, pid: number, startTicks: bigint): Promise<Mapped> {
  const tree = await sources.tables(pid, startTicks);
  let all = await mappedBy(1, sources, pid, tree);
  for (const level of [2, 3]) all = merge(all, await mappedBy(level, sources, pid, tree));
  return all;
}

/** Stretches of pages, as columns. */
class Stretches {
  private readonly runs: { copy: boolean; pageA: number; pageB: number; pages: number }[] = [];

  add(copy: boolean, pageA: number, pageB: number): void {
    const last = this.runs.at(-1);
    if (last?.copy === copy && last.pageA + last.pages === pageA && last.pageB + last.pages === pageB) last.pages++;
    else this.runs.push({ copy, pageA, pageB, pages: 1 });
  }

  get columns(): Pick<Shared, 'copy' | 'vaA' | 'vaB' | 'pages'> {
    const address = (page: number) => pageBytes(BigInt(page));
    return {
      copy: Uint8Array.from(this.runs, (r) => Number(r.copy)),
      vaA: BigUint64Array.from(this.runs, (r) => address(r.pageA)),
      vaB: BigUint64Array.from(this.runs, (r) => address(r.pageB)),
      pages: BigUint64Array.from(this.runs, (r) => BigInt(r.pages)),
    };
  }
}

async function compare(a: Mapped, b: Mapped, zero: number): Promise<Shared> {
  const pageOf = new Map<number, number>();
  for (let i = 0; i < a.page.length; i++) {
    pageOf.set(a.pfn[i] as number, a.page[i] as number);
    if (i % PAGES_AT_ONCE === 0) await turn();
  }
  const stretches = new Stretches();
  const totals = { shared: 0, copies: 0 };
  for (let i = 0, j = 0; j < b.page.length; j++) {
    if (j % PAGES_AT_ONCE === 0) await turn();
    const pageB = b.page[j] as number;
    const pfn = b.pfn[j] as number;
    if (pfn === zero) continue;
    while (i < a.page.length && (a.page[i] as number) < pageB) i++;
    const other = a.page[i] === pageB ? (a.pfn[i] as number) : undefined;
    // Try the same address first, because a frame may be mapped at several.
    const pageA = other === pfn ? pageB : pageOf.get(pfn);
    const copy = pageA === undefined;
    if (copy && (other === undefined || other === zero)) continue;
    totals[copy ? 'copies' : 'shared']++;
    stretches.add(copy, pageA ?? pageB, pageB);
  }
  return {
    ...stretches.columns,
    mappedA: BigInt(a.page.length),
    mappedB: BigInt(b.page.length),
    shared: BigInt(totals.shared),
    copies: BigInt(totals.copies),
  };
}

/** Comparisons are made one at a time: two processes of 8 GiB take some 200 MiB. */
let before: Promise<unknown> = Promise.resolve();

interface Space {
  readonly pid: number;
  readonly startTicks: bigint;
}

/** Compares two processes, each as it was at one moment. The zero pages, which all processes share, are left out. */
export function compareSpaces(sources: Sources, a: Space, b: Space): Promise<Shared> {
  const work = async () => {
    const inA = await mappedPages(sources, a.pid, a.startTicks);
    const inB = await mappedPages(sources, b.pid, b.startTicks);
    return compare(inA, inB, Number(sources.target.zeroPfn));
  };
  const result = before.then(work);
  before = result.catch(() => undefined);
  return result;
}
