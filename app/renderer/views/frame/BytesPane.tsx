// SPDX-License-Identifier: GPL-2.0-only
// What the bytes at the cursor may mean.
import { useState } from 'react';
import { entryText } from '../../../contract/entry.ts';
import { hex, hexVa } from '../../../contract/format.ts';
import { decode, pageOffset, pfnOf } from '../../../contract/paging.ts';
import { regionAt } from '../../../contract/regions.ts';
import { Empty } from '../../parts/Empty.tsx';
import { Fact } from '../../parts/Fact.tsx';
import { Pane, PaneTitle } from '../../parts/Pane.tsx';
import { byteAt, useMemory } from '../../state/memory.ts';
import { useSpace } from '../../state/space.ts';
import { useTarget } from '../../state/target.ts';
import './bytes.css';

const MOST = 16;

/** The known bytes from an address on, at most 16. */
function useBytes(): Uint8Array<ArrayBuffer> {
  const cursor = useMemory((s) => s.cursor);
  const loaded = useMemory((s) => s.loaded);
  if (cursor === undefined) return new Uint8Array();
  const known: number[] = [];
  for (let i = 0; i < MOST; i++) {
    const b = byteAt(loaded, cursor + BigInt(i));
    if (b === undefined) break;
    known.push(b);
  }
  return Uint8Array.from(known);
}

export function BytesPane() {
  const bytes = useBytes();
  const cursor = useMemory((s) => s.cursor);
  const regions = useSpace((s) => s.regions);
  const target = useTarget((s) => s.target);
  const [bigEndian, setBigEndian] = useState(false);
  if (bytes.length < 4 || cursor === undefined || !target)
    return (
      <Pane label="Data inspector">
        <Empty title="No bytes">The bytes at the cursor of the open frame are read here in every common form.</Empty>
      </Pane>
    );
  const view = new DataView(new ArrayBuffer(8));
  new Uint8Array(view.buffer).set(bytes.subarray(0, 8));
  const whole = bytes.length >= 8;
  const le = !bigEndian;
  const u64 = view.getBigUint64(0, le);
  const region = regions ? regionAt(regions, u64) : -1;
  const entry = decode(u64, 1, target);
  const seconds = view.getUint32(0, le);
  const time = seconds > 946684800 ? new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ') : '—';
  const text = new TextDecoder('utf-8', { fatal: false }).decode(bytes).replace(/\p{C}/gu, '·');
  const float = (n: number) => (Number.isFinite(n) ? String(Number(n.toPrecision(7))) : String(n));
  const direct = target.directMap && u64 >= target.directMap ? u64 - target.directMap : undefined;
  const last = target.ramEnd.at(-1) ?? 0n;
  const pointer =
    region >= 0 && regions
      ? `${hexVa(u64)} → ${regions.path[region]?.split('/').at(-1) || 'anonymous'} +0x${hex(u64 - (regions.begin[region] as bigint))}`
      : direct !== undefined && direct < last
        ? `direct map → frame ${hex(pfnOf(direct))} +0x${hex(pageOffset(direct))}`
        : 'no region here';
  const rows: [string, string][] = [
    ['u8 · i8', `${view.getUint8(0)} · ${view.getInt8(0)}`],
    ['u16 · i16', `${view.getUint16(0, le)} · ${view.getInt16(0, le)}`],
    ['u32', `${view.getUint32(0, le)} · 0x${hex(view.getUint32(0, le), 8)}`],
    ['i32', `${view.getInt32(0, le)}`],
    ...(whole
      ? ([
          ['u64', `${u64} · 0x${hex(u64, 16)}`],
          ['i64', `${view.getBigInt64(0, le)}`],
          ['f32', float(view.getFloat32(0, le))],
          ['f64', float(view.getFloat64(0, le))],
          ['as pointer', pointer],
          ['as PTE', entryText(entry)],
        ] as [string, string][])
      : []),
    ['utf-8', text],
    ['time', time],
  ];
  return (
    <Pane label="Data inspector" className="meanings">
      <PaneTitle title={`Bytes at ${hex(cursor, 9)}`}>
        <span className="num dim">+{hex(pageOffset(cursor), 3)}</span>
        <span className="spacer" />
        <button type="button" className="quiet-button" onClick={() => setBigEndian(!bigEndian)}>
          {bigEndian ? 'big endian' : 'little endian'}
        </button>
      </PaneTitle>
      <dl className="facts scroll" tabIndex={0} aria-label="The bytes at the cursor">
        {rows.map(([name, value]) => (
          <Fact key={name} name={name} num>
            {value}
          </Fact>
        ))}
      </dl>
    </Pane>
  );
}
