// SPDX-License-Identifier: GPL-2.0-only
// Files that a window asks for: written into a temporary folder, from which it downloads them.
import { rmSync } from 'node:fs';
import type { Args, Download, Note, Result } from '../../contract/api.ts';
import type { ExportFormat } from '../../contract/formats.ts';
import { OneTimeDownload } from '../download.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Scratch } from '../scratch.ts';
import { Failed } from '../sources/failed.ts';
import { EXTENSION } from './container.ts';
import type { Document } from './document.ts';
import { exportDocument, exportFile, exportProcesses } from './export.ts';
import { captureProcesses, type Follower, Recorder, type Written } from './record.ts';

type Wanted = Omit<Args<'startExport'>, 'id' | 'check'>;

export class Documents {
  private readonly scratch = new Scratch();
  readonly download = new OneTimeDownload();
  private recording: { readonly id: string; readonly recorder: Recorder; failed?: Failed } | undefined;

  constructor(private readonly explorer: Explorer) {}

  /** A finished check that is still in memory, as it was found. */
  async writeCheck(check: Document, format: ExportFormat, { signal }: Follower<Written>): Promise<Download> {
    const path = this.scratch.path(`.${format}`);
    await exportDocument(check, format, path, { ...(signal && { signal }) });
    return this.download.offer(path);
  }

  /** Processes as a capture, or as that in another format: every page, read anew. */
  async write({ pid, startTicks, format, frames, notes }: Wanted, follower: Follower<Written>): Promise<Download> {
    const { capture } = this.explorer.sources.facts;
    const path = this.scratch.path(`.${format}`);
    if (capture) {
      if (format === 'cr3scope') throw new Failed('this is a capture already', `It is in ${capture.path}.`, 'EEXIST');
      await exportFile(capture.path, pid, format, path, { notes }, follower);
      return this.download.offer(path);
    }
    const all = pid === 0;
    const wanted = all ? 'all' : [{ pid, startTicks }];
    const { processes } = await (format === 'cr3scope'
      ? captureProcesses(this.explorer, path, wanted, { frames, memory: all, notes }, follower)
      : exportProcesses(
          this.explorer,
          wanted,
          format,
          path,
          { temporary: this.scratch.path(EXTENSION), notes },
          follower,
        ));
    if (processes) return this.download.offer(path);
    rmSync(path);
    throw new Failed(`process ${pid} has exited, or has no address space`, 'Choose another one.', 'ESRCH');
  }

  /** Begins a recording of the traces and watches that begin from now on. */
  async record(id: string): Promise<void> {
    if (this.recording) throw new Failed('something is recorded already', 'Stop that recording first.', 'EEXIST');
    const recorder = await Recorder.begin(this.explorer, this.scratch.path(EXTENSION), false, {
      frames: 'none',
      bytes: false,
    });
    if (this.recording || this.scratch.over) {
      recorder.discard();
      throw new Failed('another recording began meanwhile, or the window is gone', 'Begin another one.', 'ECANCELED');
    }
    this.recording = { id, recorder };
  }

  /** A function that writes into the recording that runs now. It does nothing if none runs, or when it has ended. */
  get recorded(): (what: (recorder: Recorder) => void) => void {
    const mine = this.recording;
    return (what) => {
      if (!mine || mine !== this.recording || mine.failed) return;
      try {
        what(mine.recorder);
      } catch (error) {
        mine.failed = mine.recorder.leave(error); // the disk is full: what was written stays readable
      }
    };
  }

  /** Ends a recording; the file of a failed one ends early. */
  async endRecording(id: string, notes: readonly Note[]): Promise<Result<'stopRecording'>> {
    const mine = this.recording;
    if (mine?.id !== id) throw new Failed(`recording ${id} is not running`, 'Begin another one.', 'ENOENT');
    this.recorded((recorder) => {
      recorder.addNotes(notes);
      recorder.finish();
    });
    this.recording = undefined;
    const download = await this.download.offer(mine.failed ? mine.recorder.partial : mine.recorder.path);
    return { ...download, problem: mine.failed ? `${mine.failed.message}. ${mine.failed.remedy}` : '' };
  }

  clear(): void {
    this.recording?.recorder.discard();
    this.recording = undefined;
    this.download.withdraw();
    this.scratch.clear();
  }
}
