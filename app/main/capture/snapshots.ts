// Captures that are kept while the program runs, to compare with what is now.
import { rmSync } from 'node:fs';
import { type Comparison, MOST_DIFFERENCES, type Snapshot } from '../../contract/api.ts';
import type { Difference } from '../../contract/changes.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Scratch } from '../scratch.ts';
import { Failed } from '../sources/failed.ts';
import { readCapture } from './captured.ts';
import { ENDING } from './container.ts';
import { diffCaptures } from './diff.ts';
import { captureProcesses, type Wanted } from './record.ts';

/** Differences are found in one go; in between, others get their turn. */
const AT_ONCE = 2000;

export class Snapshots {
  private readonly scratch = new Scratch();
  private readonly kept = new Map<string, { readonly path: string; readonly wanted: readonly Wanted[] }>();

  constructor(private readonly explorer: Explorer) {}

  async take(id: string, wanted: readonly Wanted[]): Promise<Snapshot> {
    if (this.kept.has(id)) throw new Failed(`snapshot ${id} exists`, 'Choose another id.', 'EEXIST');
    const path = this.scratch.path(ENDING);
    const all = wanted.length === 0;
    const { summaries, size, ...captured } = await captureProcesses(this.explorer, path, all ? 'all' : wanted);
    const pages = summaries.reduce((n, s) => n + s.pages, 0n);
    this.kept.set(id, { path, wanted });
    return { id, at: readCapture(path).begin.startedAt, ...captured, pages, bytes: size };
  }

  /** From one snapshot to another, or to now where that is "". */
  async compare(before: string, after: string): Promise<Comparison> {
    const { path, wanted } = this.snapshot(before);
    const a = readCapture(path);
    let other = after ? this.snapshot(after).path : '';
    if (!other) {
      other = this.scratch.path(ENDING);
      // Processes that came since are told of by the list; those that were captured are captured again.
      const there = a.spaces.map(({ pid, startTicks }) => ({ pid, startTicks }));
      await captureProcesses(this.explorer, other, wanted.length ? wanted : there);
    }
    const b = readCapture(other);
    if (!after) rmSync(other);
    const differences: Difference[] = [];
    let dropped = 0;
    const all = diffCaptures(a, b);
    for (let n = 1; ; n++) {
      const next = all.next();
      if (next.done) return { differences, dropped, totals: next.value, at: b.begin.startedAt };
      if (differences.length < MOST_DIFFERENCES) differences.push(next.value);
      else dropped++;
      if (n % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  drop(id: string): boolean {
    const kept = this.kept.get(id);
    if (kept) rmSync(kept.path, { force: true });
    return this.kept.delete(id);
  }

  /** Forgets all of them. */
  clear(): void {
    this.kept.clear();
    this.scratch.clear();
  }

  private snapshot(id: string) {
    const kept = this.kept.get(id);
    if (!kept) throw new Failed(`snapshot ${id} is not kept any more`, 'Take it again.', 'ENOENT');
    return kept;
  }
}
