// SPDX-License-Identifier: GPL-2.0-only
// A page that is watched from one step of a lab to the next, for what changed it meanwhile.
import { takeSample } from '../../contract/causes.ts';
import type { PageState } from '../../contract/watch.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';

export class PageWatch {
  /** Resolves with the first sample. */
  readonly started: Promise<string>;
  private readonly job: ReturnType<Explorer['watch']>;
  private readonly ended: Promise<string>;
  private waiting: ((cause: string) => void)[] = [];

  constructor(explorer: Explorer, pid: number, startTicks: bigint, va: bigint) {
    const last = new Map<bigint, PageState>();
    this.job = explorer.watch(pid, startTicks, va, va + 1n, 0, (batch) => {
      const [change] = takeSample(batch, last, pid).changes;
      for (const resolve of this.waiting.splice(0)) resolve(change?.cause.text ?? '');
    });
    // Its process is gone, or executes another program.
    this.ended = this.job.promise.then(
      () => '',
      (error) => Failed.from(error).message,
    );
    this.started = this.sampled();
  }

  /** Why it is not as it was at the last sample; empty if it is. */
  next(): Promise<string> {
    const sampled = this.sampled();
    this.job.sample();
    return sampled;
  }

  end(): void {
    this.job.cancel();
  }

  private sampled(): Promise<string> {
    const sample = new Promise<string>((resolve) => {
      this.waiting.push(resolve);
    });
    return Promise.race([sample, this.ended]);
  }
}
