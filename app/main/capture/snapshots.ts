// SPDX-License-Identifier: GPL-2.0-only
// Captures that are kept while the program runs, to compare with what is now.
import { rmSync } from 'node:fs';
import { type Comparison, type Download, MOST_DIFFERENCES, type Snapshot } from '../../contract/api.ts';
import type { Difference, DiffTotals } from '../../contract/changes.ts';
import { OneTimeDownload } from '../download.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { PartialFile } from '../partial.ts';
import { Scratch } from '../scratch.ts';
import { Failed } from '../sources/failed.ts';
import { turn } from '../turn.ts';
import { type CaptureContents, openCapture } from './captured.ts';
import { EXTENSION } from './container.ts';
import { diffSteps } from './diff.ts';
import { CSV_HEAD, csvLine, jsonLine } from './differences.ts';
import { captureProcesses, type Wanted } from './record.ts';

interface Kept {
  readonly path: string;
  /** Empty: every process. */
  readonly wanted: readonly Wanted[];
  /** Whether this class wrote the file, and removes it. */
  readonly own: boolean;
}

/** Each is a file. */
const MOST_SNAPSHOTS = 32;
/** Differences that are processed before other work may run. */
const AT_ONCE = 2000;

export class Snapshots {
  private readonly scratch = new Scratch();
  private readonly kept = new Map<string, Kept>();
  /** The two captures of the last comparison; if it was with "now", the second was made then. */
  private compared: { readonly before: string; readonly after: string; readonly own: boolean } | undefined;
  readonly download = new OneTimeDownload();
  private readonly abort = new AbortController();

  constructor(private readonly explorer: Explorer) {}

  async take(id: string, wanted: readonly Wanted[]): Promise<Snapshot> {
    this.refuse(id);
    const path = this.scratch.path(EXTENSION);
    const all = wanted.length === 0;
    await captureProcesses(this.explorer, path, all ? 'all' : wanted, {}, this.abort);
    return this.keep(id, { path, wanted, own: true });
  }

  /** Takes a capture file as a snapshot. */
  async open(id: string, path: string): Promise<Snapshot> {
    this.refuse(id);
    return this.keep(id, { path, wanted: [], own: false });
  }

  /** From one snapshot to another, or to now if that is "". */
  async compare(before: string, after: string): Promise<Comparison> {
    const { path, wanted } = this.snapshot(before);
    const a = await openCapture(path);
    try {
      let other = after ? this.snapshot(after).path : '';
      if (!other) {
        other = this.scratch.path(EXTENSION);
        // New processes are found by the list of processes; those of the first capture are captured again.
        const there = a.spaces.map(({ pid, startTicks }) => ({ pid, startTicks }));
        await captureProcesses(this.explorer, other, wanted.length ? wanted : there, {}, this.abort);
      }
      if (this.compared?.own) rmSync(this.compared.after, { force: true });
      this.compared = { before: path, after: other, own: !after };
      const differences: Difference[] = [];
      let dropped = 0;
      const take = (difference: Difference) => {
        if (differences.length < MOST_DIFFERENCES) differences.push(difference);
        else dropped++;
      };
      const { totals, at } = await this.each(a, other, take);
      return { differences, dropped, totals, at };
    } finally {
      a.close();
    }
  }

  /** All differences of the last comparison as a file. */
  async export(format: 'csv' | 'jsonl'): Promise<Download> {
    if (!this.compared) throw new Failed('nothing was compared', 'Compare first.', 'ENOENT');
    const { before, after } = this.compared;
    const a = await openCapture(before);
    const file = new PartialFile(this.scratch.path(`.${format}`), false);
    try {
      if (format === 'csv') file.write(CSV_HEAD);
      const line = format === 'csv' ? csvLine : jsonLine;
      let lines: string[] = [];
      const { totals } = await this.each(a, after, (difference) => {
        lines.push(line(difference));
        if (lines.length < AT_ONCE) return;
        file.write(lines.join(''));
        lines = [];
      });
      if (format === 'jsonl') lines.push(jsonLine(totals));
      file.write(lines.join(''));
      file.finish();
    } catch (error) {
      file.discard();
      throw error;
    } finally {
      a.close();
    }
    return this.download.offer(file.path);
  }

  drop(id: string): boolean {
    const kept = this.kept.get(id);
    if (kept?.own) rmSync(kept.path, { force: true });
    // The comparison can't be repeated without it.
    if (this.compared && [this.compared.before, this.compared.after].includes(kept?.path ?? ''))
      this.compared = undefined;
    return this.kept.delete(id);
  }

  /** Removes all of them; none can be taken afterwards. */
  clear(): void {
    this.abort.abort();
    this.kept.clear();
    this.compared = undefined;
    this.download.withdraw();
    this.scratch.clear();
  }

  /** Every difference to another capture, one after the other, while other work may run; and when that one was made. */
  private async each(
    a: CaptureContents,
    other: string,
    take: (d: Difference) => void,
  ): Promise<{ totals: DiffTotals; at: string }> {
    const b = await openCapture(other);
    try {
      const all = diffSteps(a, b);
      for (let n = 1; ; n++) {
        const { done, value } = all.next();
        if (done) return { totals: value, at: b.begin.startedAt };
        if (value) take(value);
        if (!value || n % AT_ONCE === 0) await turn();
      }
    } finally {
      b.close();
    }
  }

  private async keep(id: string, kept: Kept): Promise<Snapshot> {
    const { begin, spaces, skipped, problem, digest, bytes, close } = await openCapture(kept.path);
    close();
    this.kept.set(id, kept);
    return {
      id,
      at: begin.startedAt,
      processes: spaces.length,
      skipped: skipped.length,
      pages: spaces.reduce((n, s) => n + (s.summary?.pages ?? 0n), 0n),
      bytes,
      digest,
      problem: problem ? `${problem.message}. ${problem.remedy}` : '',
    };
  }

  private refuse(id: string): void {
    if (this.kept.size >= MOST_SNAPSHOTS)
      throw new Failed(`${MOST_SNAPSHOTS} snapshots are kept already`, 'Drop one of them.', 'EAGAIN');
    if (this.kept.has(id)) throw new Failed(`snapshot ${id} exists`, 'Choose another id.', 'EEXIST');
  }

  private snapshot(id: string): Kept {
    const kept = this.kept.get(id);
    if (!kept) throw new Failed(`snapshot ${id} is not kept any more`, 'Take it again.', 'ENOENT');
    return kept;
  }
}
