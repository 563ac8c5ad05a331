// SPDX-License-Identifier: GPL-2.0-only
// Physical memory as rows of 16 bytes: System RAM in full, and one row for each hole.
import { PA_END, PAGE_SIZE, pageOf } from '../../contract/paging.ts';

export const ROW_BYTES = 16;

interface Stretch {
  readonly row: number;
  readonly rows: number;
  readonly begin: bigint;
  readonly end: bigint;
  readonly ram: boolean;
}

export type RamRow = { readonly pa: bigint } | { readonly hole: { readonly begin: bigint; readonly end: bigint } };

export class RamRows {
  private readonly stretches: Stretch[] = [];
  readonly length: number;

  /** The System RAM of /proc/iomem: physical, end exclusive, ascending. Frames that are RAM in part are not readable. */
  constructor(ramBegin: ArrayLike<bigint>, ramEnd: ArrayLike<bigint>) {
    let row = 0;
    let at = 0n;
    const add = (begin: bigint, end: bigint, ram: boolean) => {
      if (begin >= end) return;
      const rows = ram ? Number((end - begin) / BigInt(ROW_BYTES)) : 1;
      this.stretches.push({ row, rows, begin, end, ram });
      row += rows;
      at = end;
    };
    for (let i = 0; i < ramBegin.length; i++) {
      const begin = pageOf((ramBegin[i] as bigint) + PAGE_SIZE - 1n);
      const end = pageOf(ramEnd[i] as bigint);
      if (begin >= end) continue;
      add(at, begin, false);
      add(begin, end, true);
    }
    add(at, PA_END, false);
    this.length = row;
  }

  /** What row `row` shows. */
  at(row: number): RamRow {
    const s = this.find((x) => row < x.row + x.rows);
    return s.ram ? { pa: s.begin + BigInt(row - s.row) * BigInt(ROW_BYTES) } : { hole: { begin: s.begin, end: s.end } };
  }

  /** The row that shows an address. */
  rowOf(pa: bigint): number {
    const s = this.find((x) => pa < x.end);
    return s.ram ? s.row + Number((pa - s.begin) / BigInt(ROW_BYTES)) : s.row;
  }

  /** The address `bytes` away, a hole counting as one. */
  step(pa: bigint, bytes: bigint): bigint {
    const s = this.find((x) => pa < x.end);
    if (s.ram) {
      const to = pa + bytes;
      return to < 0n ? 0n : to < PA_END ? to : PA_END - 1n;
    }
    const away = bytes > 0n ? s.end : s.begin - 1n;
    return away < 0n || away >= PA_END ? s.begin : away;
  }

  private find(until: (s: Stretch) => boolean): Stretch {
    let low = 0;
    let high = this.stretches.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (until(this.stretches[middle] as Stretch)) high = middle;
      else low = middle + 1;
    }
    return this.stretches[low] as Stretch;
  }
}
