// SPDX-License-Identifier: GPL-2.0-only
// One line of the hex view: 16 bytes, or the reason why they are missing.
import { memo } from 'react';
import { hex } from '../../../contract/format.ts';
import { PA_END, pageOffset, pfnOf } from '../../../contract/paging.ts';
import { FRAME_STATUS } from '../../../contract/verdicts.ts';
import { type RamRow, ROW_BYTES } from '../../lib/ram.ts';
import type { Loaded } from '../../state/memory.ts';

const ascii = (b: number) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : '·');

interface LineProps {
  readonly pa: bigint;
  readonly frame: Loaded | undefined;
  /** Bytes [from, to) of the line are selected. The cursor is on byte `cursor`; -1: not on this line. */
  readonly from: number;
  readonly to: number;
  readonly cursor: number;
}

const HexLine = memo(function HexLine({ pa, frame, from, to, cursor }: LineProps) {
  const inside = pageOffset(pa);
  const address = <span className="num dim address">{hex(pa, 9)}</span>;
  if (frame?.status !== 0)
    return (
      <div className={`hex-line unreadable ${cursor >= 0 ? 'here' : ''}`}>
        {address}
        <span className="dim">
          {!frame ? '…' : inside === 0 || cursor >= 0 ? FRAME_STATUS.meaning(FRAME_STATUS.name(frame.status)) : '··'}
        </span>
      </div>
    );
  // Adjacent bytes with the same style share one element, to keep the DOM small.
  const runs: { look: string; text: string }[] = [];
  let text = '';
  for (let i = 0; i < ROW_BYTES; i++) {
    const b = frame.bytes[inside + i] as number;
    const fresh = frame.before !== undefined && frame.before[inside + i] !== b;
    const look =
      (i === cursor ? 'cursor' : i >= from && i < to ? 'word' : b === 0 ? 'zero' : '') + (fresh ? ' fresh' : '');
    const gap = i === 0 ? '' : i === 8 ? '  ' : ' ';
    const last = runs.at(-1);
    if (last && last.look === look) last.text += gap + hex(b, 2);
    else {
      if (last) runs.push({ look: '', text: gap });
      runs.push({ look, text: hex(b, 2) });
    }
    text += ascii(b);
  }
  return (
    <div className="hex-line">
      {address}
      <span className="hex-bytes">
        {runs.map((run, i) =>
          run.look ? (
            <span key={i} className={run.look}>
              {run.text}
            </span>
          ) : (
            run.text
          ),
        )}
      </span>
      <span className="ascii num">{text}</span>
    </div>
  );
});

/** A range without System RAM. */
function Hole({ begin, end, here }: { begin: bigint; end: bigint; here: boolean }) {
  return (
    <div className={`hex-line unreadable ${here ? 'here' : ''}`}>
      <span className="num dim address">{hex(begin, 9)}</span>
      <span className="dim">
        {end >= PA_END ? 'after the last System RAM' : `to ${hex(end - 1n, 9)}: ${FRAME_STATUS.meaning('notRam')}`}
      </span>
    </div>
  );
}

interface RowProps {
  readonly at: RamRow;
  readonly cursor: bigint;
  readonly selected: { readonly begin: bigint; readonly end: bigint };
  readonly loaded: ReadonlyMap<bigint, Loaded>;
}

export function HexRow({ at, cursor, selected, loaded }: RowProps) {
  if ('hole' in at) return <Hole {...at.hole} here={cursor >= at.hole.begin && cursor < at.hole.end} />;
  const { pa } = at;
  const within = (other: bigint) => Math.max(0, Math.min(ROW_BYTES, Number(other - pa)));
  const here = cursor >= pa && cursor < pa + BigInt(ROW_BYTES);
  return (
    <HexLine
      pa={pa}
      frame={loaded.get(pfnOf(pa))}
      from={within(selected.begin)}
      to={within(selected.end)}
      cursor={here ? Number(cursor - pa) : -1}
    />
  );
}

/** The byte of a line under the pointer. The text is "07 00 ec … 25": 8 bytes, a wider gap, 8 bytes. */
export function byteUnder(line: HTMLElement, clientX: number): number {
  const box = line.querySelector('.hex-bytes')?.getBoundingClientRect();
  if (!box) return 0;
  const at = ((clientX - box.left) / box.width) * (ROW_BYTES * 3);
  const byte = at < 24 ? at / 3 : (at - 1) / 3;
  return Math.max(0, Math.min(ROW_BYTES - 1, Math.floor(byte)));
}
