// SPDX-License-Identifier: GPL-2.0-only
// A structure over physical memory, field by field.
import { MOST_FRAMES } from '../../contract/api.ts';
import { hex } from '../../contract/format.ts';
import { type Field, fieldsOf, fieldValue, PatternError, parseOverlay } from '../../contract/overlay.ts';
import { PAGE_BYTES, pageAt, pageOffset, pfnOf } from '../../contract/paging.ts';
import { type Type, typeOf } from '../../contract/types.ts';
import { FRAME_STATUS } from '../../contract/verdicts.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';
import { note, print, say, table } from './output.ts';

/** Fields that are printed. */
const MOST_FIELDS = 20_000;

async function typeOfPattern(explorer: Explorer, pattern: string): Promise<Type> {
  try {
    return await parseOverlay(pattern, async (name) => typeOf(await explorer.layout({ name })));
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const { at, message, remedy } = error;
    throw new Failed(`in “${pattern}” at character ${at + 1}: ${message}`, remedy, 'EINVAL');
  }
}

/** The bytes from a physical address on; a frame that can't be read is the reason. */
async function readBytes(explorer: Explorer, pa: bigint, count: number): Promise<(Uint8Array | string)[]> {
  const first = pfnOf(pa);
  const frames = Number(pfnOf(pa + BigInt(count - 1)) - first) + 1;
  const list: (Uint8Array | string)[] = [];
  for (let at = 0; at < frames; at += MOST_FRAMES) {
    const part = { pfn: first + BigInt(at), count: Math.min(MOST_FRAMES, frames - at) };
    const { status, bytes } = await explorer.frames(part);
    status.forEach((s, i) => {
      const name = FRAME_STATUS.name(s);
      list.push(name === 'ok' ? pageAt(bytes, i) : FRAME_STATUS.meaning(name));
    });
  }
  return list;
}

/** The bytes of a field, or why they can't be read. */
function bytesOf(
  frames: readonly (Uint8Array | string)[],
  start: number,
  { offset, bytes }: Field,
): Uint8Array | string {
  const all = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) {
    const at = start + offset + i;
    const frame = frames[Math.floor(at / PAGE_BYTES)] ?? 'it is beyond the frames that were read';
    if (typeof frame === 'string') return frame;
    all[i] = frame[at % PAGE_BYTES] as number;
  }
  return all;
}

const placeOf = ({ offset, bit, bits }: Field) => (bits ? `${hex(offset, 4)}:${bit}` : hex(offset, 4));

/** Prints the fields that a pattern gives at a physical address. */
export async function overlay(explorer: Explorer, pa: bigint, pattern: string, json: boolean): Promise<number> {
  const type = await typeOfPattern(explorer, pattern);
  const target = await explorer.target();
  const frames = await readBytes(explorer, pa, type.bytes);
  const fields = fieldsOf(type, () => true, MOST_FIELDS);
  const rows = fields.map((field) => {
    const bytes = field.hasFields ? new Uint8Array() : bytesOf(frames, pageOffset(pa), field);
    const unreadable = typeof bytes === 'string' ? bytes : null;
    const value = typeof bytes === 'string' || field.hasFields ? null : fieldValue(field, bytes, target).text;
    return { field, value, unreadable };
  });
  if (json)
    for (const { field, value, unreadable } of rows)
      print({
        pa: pa + BigInt(field.offset),
        offset: field.offset,
        bytes: field.bytes,
        ...(field.bits && { bit: field.bit, bits: field.bits }),
        path: field.path,
        type: field.type.name,
        value,
        unreadable,
      });
  else {
    say(`${type.name} at 0x${hex(pa)}, ${type.bytes} bytes`);
    table(
      ['OFFSET', 'SIZE', 'FIELD', 'TYPE', 'VALUE'],
      rows.map(({ field, value, unreadable }) => [
        placeOf(field),
        field.bits ? `${field.bits} bits` : String(field.bytes),
        `${'  '.repeat(field.depth)}${field.name || field.type.kind}`,
        field.type.name,
        value ?? (unreadable ? `not readable: ${unreadable}` : ''),
      ]),
      new Set([0, 1]),
    );
  }
  if (fields.length === MOST_FIELDS) note(`only the first ${MOST_FIELDS} fields are shown: use a smaller pattern`);
  const missing = rows.filter(({ unreadable }) => unreadable !== null);
  if (missing.length)
    throw new Failed(
      `${missing.length} of ${rows.length} fields can’t be read: ${missing[0]?.unreadable}`,
      'Choose another frame, or a smaller pattern.',
      'EFAULT',
    );
  return 0;
}
