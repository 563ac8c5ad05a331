// Files that a window asked for: written in a folder of our own, then streamed to where it wants them.
import { rmSync, statSync } from 'node:fs';
import type { Args, ExportFormat } from '../../contract/api.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { type CheckRecord, csvReport, htmlReport, jsonReport } from '../explorer/report.ts';
import { PartialFile } from '../partial.ts';
import { Scratch } from '../scratch.ts';
import { Failed } from '../sources/failed.ts';
import { readCapture } from './captured.ts';
import { ENDING } from './container.ts';
import { exportCapture } from './export.ts';
import { captureProcesses, type Follower } from './record.ts';

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
  /** One at a time: a window takes each as soon as it is there. */
  private last: { readonly id: string; readonly path: string } | undefined;

  constructor(private readonly explorer: Explorer) {}

  /** A finished check as a report. */
  report(id: string, format: 'html' | 'json' | 'csv', record: CheckRecord): number {
    const path = this.scratch.path(`.${format}`);
    const file = new PartialFile(path, false);
    file.write({ html: htmlReport, json: jsonReport, csv: csvReport }[format](record));
    file.finish();
    return this.keep(id, path);
  }

  /** Processes as a capture, or that in another format: every page, read anew. Resolves to the size in bytes. */
  async write(id: string, { pid, startTicks, format, frames }: Wanted, follower: Follower<Written>): Promise<number> {
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
        if (format === 'cr3scope') return this.keep(id, path);
      }
      return await this.convert(id, capture?.path ?? path, pid, format as ExportFormat, follower);
    } finally {
      if (format !== 'cr3scope') rmSync(path, { force: true });
    }
  }

  /** Where the file of an export lies; undefined where there is none. */
  path(id: string): string | undefined {
    return this.last?.id === id ? this.last.path : undefined;
  }

  clear(): void {
    this.last = undefined;
    this.scratch.clear();
  }

  private async convert(
    id: string,
    from: string,
    pid: number,
    format: ExportFormat,
    { onProgress, signal }: Follower<Written>,
  ): Promise<number> {
    const contents = readCapture(from);
    const spaces = contents.spaces.filter((s) => pid === 0 || s.pid === pid);
    const path = this.scratch.path(`.${format}`);
    let processes = 0;
    await exportCapture({ ...contents, spaces }, format, path, {
      onProcess: () => onProgress?.({ processes: ++processes, of: spaces.length, done: 0n, total: 0n }),
      ...(signal && { signal }),
    });
    return this.keep(id, path);
  }

  private keep(id: string, path: string): number {
    if (this.last) rmSync(this.last.path, { force: true });
    this.last = { id, path };
    return statSync(path).size;
  }
}
