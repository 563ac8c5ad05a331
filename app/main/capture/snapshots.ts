// Captures that are kept while the program runs: to compare with what is now, and to hand out as files.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Comparison, type ExportFormat, MOST_DIFFERENCES, type Snapshot } from '../../contract/api.ts';
import type { Difference } from '../../contract/changes.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';
import { readCapture } from './captured.ts';
import { diffCaptures } from './diff.ts';
import { exportCapture } from './export.ts';
import { Recorder } from './record.ts';

/** A file that a window is given at once. */
const MOST_BYTES = 256 << 20;
/** Differences are found in one go; in between, others get their turn. */
const AT_ONCE = 2000;

interface Wanted {
  readonly pid: number;
  readonly startTicks: bigint;
}

/** Captures processes into a file: those wanted, or, where that is empty, every one that has an address space. */
export async function captureInto(explorer: Explorer, path: string, wanted: readonly Wanted[]) {
  const recorder = await Recorder.begin(explorer, path, false, { frames: 'none', bytes: false });
  try {
    let pages = 0n;
    for (const { pid, startTicks } of wanted.length ? wanted : recorder.everyone)
      pages += (await recorder.addProcess(pid, startTicks))?.pages ?? 0n;
    return { ...recorder.finish(), pages };
  } catch (error) {
    recorder.discard();
    throw error;
  }
}

export class Snapshots {
  private folder = '';
  private readonly kept = new Map<string, { readonly path: string; readonly wanted: readonly Wanted[] }>();
  private next = 0;

  constructor(private readonly explorer: Explorer) {}

  async take(id: string, wanted: readonly Wanted[]): Promise<Snapshot> {
    if (this.kept.has(id)) throw new Failed(`snapshot ${id} exists`, 'Choose another id.', 'EEXIST');
    const path = this.path();
    const { processes, skipped, pages, size, digest } = await captureInto(this.explorer, path, wanted);
    this.kept.set(id, { path, wanted });
    return { id, at: readCapture(path).begin.startedAt, processes, skipped, pages, bytes: size, digest };
  }

  /** From one snapshot to another, or to now where that is "". */
  async compare(before: string, after: string): Promise<Comparison> {
    const { path, wanted } = this.snapshot(before);
    const a = readCapture(path);
    let other = after ? this.snapshot(after).path : '';
    if (!other) {
      other = this.path();
      // Processes that came since are told of by the list; those that were captured are captured again.
      const there = a.spaces.map(({ pid, startTicks }) => ({ pid, startTicks }));
      await captureInto(this.explorer, other, wanted.length ? wanted : there);
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

  /** A process as a file. */
  async document(wanted: Wanted, format: 'cr3scope' | ExportFormat): Promise<Uint8Array<ArrayBuffer>> {
    const { capture } = this.explorer.sources.facts;
    if (capture && format === 'cr3scope')
      throw new Failed('this is a capture already', `It is in ${capture.path}.`, 'EEXIST');
    const path = this.path();
    const exported = `${path}.${format}`;
    try {
      if (!capture) await captureInto(this.explorer, path, [wanted]);
      const whole = readCapture(capture?.path ?? path);
      const spaces = whole.spaces.filter((s) => s.pid === wanted.pid);
      if (format !== 'cr3scope') await exportCapture({ ...whole, spaces }, format, exported);
      const file = format === 'cr3scope' ? path : exported;
      if (statSync(file).size > MOST_BYTES)
        throw new Failed(
          `the file would have ${statSync(file).size} bytes`,
          `Write it with the command line: cr3scope report ${wanted.pid} -o FILE.`,
          'EFBIG',
        );
      return new Uint8Array(readFileSync(file));
    } finally {
      rmSync(path, { force: true });
      rmSync(exported, { force: true });
    }
  }

  /** Forgets all of them. */
  clear(): void {
    this.kept.clear();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    this.folder = '';
  }

  private snapshot(id: string) {
    const kept = this.kept.get(id);
    if (!kept) throw new Failed(`snapshot ${id} is not kept any more`, 'Take it again.', 'ENOENT');
    return kept;
  }

  private path(): string {
    this.folder ||= mkdtempSync(join(tmpdir(), 'cr3scope-'));
    return join(this.folder, `${this.next++}.cr3scope`);
  }
}
