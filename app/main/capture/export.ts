// SPDX-License-Identifier: GPL-2.0-only
// Captures for other tools. Every format streams from the capture, and comes under another name first.
import type { ExportFormat } from '../../contract/formats.ts';
import { fileFailed, PartialFile } from '../partial.ts';
import { Failed } from '../sources/failed.ts';
import { turn } from '../turn.ts';
import type { CaptureContents } from './captured.ts';
import { csv } from './formats/csv.ts';
import { html } from './formats/html.ts';
import { jsonLines } from './formats/jsonl.ts';
import { markdown } from './formats/markdown.ts';
import { parquet } from './formats/parquet.ts';
import { perfetto } from './formats/perfetto.ts';

/**
 * Yields the text of a document piece by piece, so that others get their turn between two pieces; calls `onProcess` after
 * each process. A library that writes by itself writes to `path`.
 */
type Writer = (contents: CaptureContents, onProcess: () => void, path: string) => Iterable<string>;

const WRITERS: Readonly<Record<ExportFormat, Writer>> = {
  html,
  md: markdown,
  csv,
  jsonl: jsonLines,
  parquet,
  perfetto,
};

/**
 * Writes a capture in another format; `onProcess` is called behind each process. Fails where a file of that name is in
 * the way and not to be replaced, and where `signal` aborts it; then nothing is left.
 */
export async function exportCapture(
  contents: CaptureContents,
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
    for (const text of WRITERS[format](contents, onProcess, file.partial)) {
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
