// SPDX-License-Identifier: GPL-2.0-only
// What files are written about: a capture, or a finished check that is still in memory. Both have the same form, so every
// format is written by one writer.
import type { CaptureContents, CapturedSpace } from './captured.ts';
import type { ChunkOf } from './chunks.ts';
import type { Stretch } from './pages.ts';

export interface DocumentSpace
  extends Pick<
    CapturedSpace,
    'pid' | 'startTicks' | 'name' | 'user' | 'at' | 'regions' | 'evidence' | 'tree' | 'summary' | 'fullSummary'
  > {
  readonly pages: { stretches(): Iterable<Stretch> };
  /** What the check found but did not keep. Its counts include it. Undefined: everything was kept. */
  readonly dropped?: Dropped;
}

export interface Dropped {
  readonly stretches: bigint;
  readonly evidence: bigint;
}

export interface Document
  extends Pick<CaptureContents, 'skipped' | 'cpus' | 'traced' | 'watches' | 'notes' | 'problem'> {
  readonly begin: Omit<ChunkOf<'begin'>, 'kind' | 'options' | 'processes'>;
  readonly end: Pick<ChunkOf<'end'>, 'finishedAt'> | undefined;
  readonly spaces: readonly DocumentSpace[];
  /** SHA-256 of the capture file; null: there is no such file that somebody could compare. */
  readonly digest: string | null;
}
