// SPDX-License-Identifier: GPL-2.0-only
// Captures made from others, chunk by chunk; their hashes are right.
import { deflateSync, inflateSync } from 'node:zlib';
import type { Chunk } from '../app/main/capture/chunks.ts';
import { CaptureReader, CaptureWriter } from '../app/main/capture/container.ts';

/** Writes a copy of a capture in which each chunk becomes those that `change` makes of it. */
export function rewrite(from: string, to: string, change: (chunk: Chunk) => readonly Chunk[]): void {
  const reader = new CaptureReader(from);
  const writer = new CaptureWriter(to, true);
  for (let chunk = reader.next(); chunk; chunk = reader.next()) for (const one of change(chunk)) writer.append(one);
  reader.close();
  if (reader.problem) throw reader.problem;
  writer.finish();
}

/** Packed pages with other verdicts and notes: the last two columns, a byte for each stretch (docs/capture.md). */
export function recode(
  packed: Uint8Array,
  change: (verdict: Uint8Array, note: Uint8Array) => void,
): Uint8Array<ArrayBuffer> {
  const raw = inflateSync(packed);
  const stretches = raw.readUInt32LE(0);
  change(raw.subarray(-2 * stretches, -stretches), raw.subarray(-stretches));
  return new Uint8Array(deflateSync(raw));
}
