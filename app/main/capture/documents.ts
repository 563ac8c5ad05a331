// SPDX-License-Identifier: GPL-2.0-only
// Files that a window asked for: written in a folder of our own, then streamed to where it wants them.
import { rmSync } from 'node:fs';
import type { Args, Offered, Result } from '../../contract/api.ts';
import type { ExportFormat } from '../../contract/formats.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { type CheckRecord, csvReport, htmlReport, jsonReport } from '../explorer/report.ts';
import { Offer } from '../offer.ts';
import { PartialFile } from '../partial.ts';
import { Scratch } from '../scratch.ts';
import { Failed } from '../sources/failed.ts';
import { openCapture } from './captured.ts';
import { ENDING } from './container.ts';
import { exportCapture } from './export.ts';
import { captureProcesses, type Follower, Recorder } from './record.ts';

/** Processes written so far, and pages of the one at work. */
export interface Written {
  readonly processes: number;
  readonly of: number;
  readonly done: bigint;
  readonly total: bigint;
}

type Wanted = Omit<Args<'startExport'>, 'id' | 'check'>;

export class Documents {
  private readonly scratch = new Scratch();
  readonly offer = new Offer();
  private recording: { readonly id: string; readonly recorder: Recorder; failed?: Failed } | undefined;

  constructor(private readonly explorer: Explorer) {}

  /** A finished check as a report. */
  report(format: 'html' | 'json' | 'csv', record: CheckRecord): Offered {
    const path = this.scratch.path(`.${format}`);
    const file = new PartialFile(path, false);
    file.write({ html: htmlReport, json: jsonReport, csv: csvReport }[format](record));
    file.finish();
    return this.offer.make(path);
  }

  /** Processes as a capture, or that in another format: every page, read anew. */
  async write({ pid, startTicks, format, frames }: Wanted, follower: Follower<Written>): Promise<Offered> {
    const { capture } = this.explorer.sources.facts;
    const whole = pid === 0;
    if (format === 'json')
      throw new Failed(
        'JSON is the report of one check',
        'Choose JSON Lines for every page of any process.',
        'ENOTSUP',
      );
    if (capture && format === 'cr3scope')
      throw new Failed('this is a capture already', `It is in ${capture.path}.`, 'EEXIST');
    const path = this.scratch.path(ENDING);
    try {
      if (!capture) {
        // Other formats tell of pages, not of what is in their frames.
        const kept = format === 'cr3scope' ? frames : 'none';
        const wanted = whole ? 'all' : [{ pid, startTicks }];
        const { processes } = await captureProcesses(
          this.explorer,
          path,
          wanted,
          { frames: kept, memory: whole },
          follower,
        );
        if (!processes) {
          rmSync(path);
          throw new Failed(`process ${pid} went away, or has no address space`, 'Choose another one.', 'ESRCH');
        }
        if (format === 'cr3scope') return this.offer.make(path);
      }
      return await this.convert(capture?.path ?? path, pid, format as ExportFormat, follower);
    } finally {
      if (format !== 'cr3scope') rmSync(path, { force: true });
    }
  }

  /** Begins a recording of the traces and watches that begin from now on. */
  async record(id: string): Promise<void> {
    if (this.recording) throw new Failed('something is recorded already', 'Stop that recording first.', 'EEXIST');
    const recorder = await Recorder.begin(this.explorer, this.scratch.path(ENDING), false, {
      frames: 'none',
      bytes: false,
    });
    if (this.recording || this.scratch.over) {
      recorder.discard();
      throw new Failed('another recording began meanwhile, or the window is gone', 'Begin another one.', 'ECANCELED');
    }
    this.recording = { id, recorder };
  }

  /** What writes into the recording that runs now; once that has ended, or where none runs, it does nothing. */
  get recorded(): (what: (recorder: Recorder) => void) => void {
    const mine = this.recording;
    return (what) => {
      if (!mine || mine !== this.recording || mine.failed) return;
      try {
        what(mine.recorder);
      } catch (error) {
        mine.failed = mine.recorder.leave(error); // the disk is full: what there is stays readable
      }
    };
  }

  /** Ends a recording; the file of a failed one ends early. */
  endRecording(id: string): Result<'stopRecording'> {
    const mine = this.recording;
    if (mine?.id !== id) throw new Failed(`recording ${id} does not run`, 'Begin another one.', 'ENOENT');
    this.recorded((recorder) => recorder.finish());
    this.recording = undefined;
    const offered = this.offer.make(mine.failed ? mine.recorder.partial : mine.recorder.path);
    return { ...offered, problem: mine.failed ? `${mine.failed.message}. ${mine.failed.remedy}` : '' };
  }

  clear(): void {
    this.recording?.recorder.discard();
    this.recording = undefined;
    this.offer.withdraw();
    this.scratch.clear();
  }

  private async convert(
    from: string,
    pid: number,
    format: ExportFormat,
    { onProgress, signal }: Follower<Written>,
  ): Promise<Offered> {
    const contents = await openCapture(from, signal);
    const spaces = contents.spaces.filter((s) => pid === 0 || s.pid === pid);
    const path = this.scratch.path(`.${format}`);
    let processes = 0;
    await exportCapture({ ...contents, spaces }, format, path, {
      onProcess: () => onProgress?.({ processes: ++processes, of: spaces.length, done: 0n, total: 0n }),
      ...(signal && { signal }),
    }).finally(() => contents.close());
    return this.offer.make(path);
  }
}
