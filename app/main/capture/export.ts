// SPDX-License-Identifier: GPL-2.0-only
// Captures and checks for other tools and for people. Every format is streamed, into a file of another name at first.

import { rmSync } from 'node:fs';
import type { Note } from '../../contract/api.ts';
import type { ExportFormat } from '../../contract/formats.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { fileFailed, PartialFile } from '../partial.ts';
import { Failed } from '../sources/failed.ts';
import { turn } from '../turn.ts';
import { openCapture } from './captured.ts';
import type { Document } from './document.ts';
import { csv } from './formats/csv.ts';
import { html } from './formats/html.ts';
import { jsonLines } from './formats/jsonl.ts';
import { markdown } from './formats/markdown.ts';
import { parquet } from './formats/parquet.ts';
import { perfetto } from './formats/perfetto.ts';
import {
  type Captured,
  type CaptureRequest,
  captureProcesses,
  type Follower,
  type Wanted,
  type Written,
} from './record.ts';

/**
 * Yields the text of a document in pieces, between which other work may run, and calls `onProcess` after each process. A
 * library that writes the file itself writes to `path`.
 */
type Writer = (document: Document, onProcess: () => void, path: string) => Iterable<string>;

const WRITERS: Readonly<Record<ExportFormat, Writer>> = {
  html,
  md: markdown,
  csv,
  jsonl: jsonLines,
  parquet,
  perfetto,
};

/**
 * Writes a document; `onProcess` is called after each process. Fails if the file exists and `force` is not set, and if `signal`
 * aborts it; then nothing is left.
 */
export async function exportDocument(
  document: Document,
  format: ExportFormat,
  path: string,
  {
    force = false,
    onProcess = () => undefined,
    signal,
  }: { force?: boolean; onProcess?: () => void; signal?: AbortSignal } = {},
): Promise<void> {
  const file = new PartialFile(path, force);
  try {
    for (const text of WRITERS[format](document, onProcess, file.partial)) {
      file.write(text);
      await turn();
      if (signal?.aborted) throw new Failed(`${path} was not finished`, 'It was cancelled.', 'ECANCELED');
    }
    file.finish();
  } catch (error) {
    file.discard();
    throw fileFailed(error, `${path} can’t be written`);
  }
}

/** Writes the processes of a capture file, or the one with this PID, in another format. */
export async function exportFile(
  from: string,
  pid: number,
  format: ExportFormat,
  path: string,
  {
    force = false,
    keepsCapture = true,
    notes = [],
  }: { force?: boolean; keepsCapture?: boolean; notes?: readonly Note[] },
  { onProgress, signal }: Follower<Written>,
): Promise<void> {
  const contents = await openCapture(from, signal);
  const spaces = contents.spaces.filter((s) => pid === 0 || s.pid === pid);
  let processes = 0;
  const known = new Set(contents.notes.map((note) => note.id));
  const all = [...contents.notes, ...notes.filter((note) => !known.has(note.id))];
  await exportDocument({ ...contents, spaces, notes: all, ...(!keepsCapture && { digest: null }) }, format, path, {
    force,
    onProcess: () => onProgress?.({ processes: ++processes, of: spaces.length, done: 0n, total: 0n }),
    ...(signal && { signal }),
  }).finally(() => contents.close());
}

/**
 * Checks processes and writes what was found in another format than a capture. The capture that this takes is the file
 * `temporary`, which is removed.
 */
export async function exportProcesses(
  explorer: Explorer,
  wanted: readonly Wanted[] | 'all',
  format: ExportFormat,
  path: string,
  { temporary, force = false, ...request }: CaptureRequest & { readonly temporary: string },
  follower: Follower<Written>,
): Promise<Captured> {
  try {
    const captured = await captureProcesses(explorer, temporary, wanted, request, follower);
    await exportFile(temporary, 0, format, path, { force, keepsCapture: false }, follower);
    return captured;
  } finally {
    rmSync(temporary, { force: true });
  }
}
