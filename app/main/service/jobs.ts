// SPDX-License-Identifier: GPL-2.0-only
// Jobs that a page has started, each under the id that the page chose, until they end or are cancelled.
import type { Failure } from '../../contract/api.ts';
import type { Job } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';

/** The end of a job that failed, as it is reported to the page. */
export type FailedEnd = { error: Failure };

function failedEnd(error: unknown): FailedEnd {
  const { message, code, remedy } = Failed.from(error);
  return { error: { message, code, remedy } };
}

/** Jobs of one page that run at a time. */
const MOST_RUNNING = 64;

export class Jobs {
  private readonly running = new Map<string, () => void>();

  /**
   * Starts a job under a free id and returns. `onEnd` is called once, with how it ended. If `begin` throws, the error goes to
   * the caller and the id stays free.
   */
  start<T>(id: string, begin: () => Job<T>, onEnd: (end: T | FailedEnd) => void): void {
    this.refuse(id);
    const { promise, cancel } = begin();
    this.running.set(id, cancel);
    promise.then(onEnd, (error: unknown) => onEnd(failedEnd(error))).finally(() => this.running.delete(id));
  }

  /** Runs a job under a free id and resolves to its result. */
  async run<T>(id: string, begin: () => Job<T>): Promise<T> {
    this.refuse(id);
    const { promise, cancel } = begin();
    this.running.set(id, cancel);
    try {
      return await promise;
    } finally {
      this.running.delete(id);
    }
  }

  /** False if no job with that id runs. */
  cancel(id: string): boolean {
    const cancel = this.running.get(id);
    cancel?.();
    return cancel !== undefined;
  }

  cancelAll(): void {
    for (const cancel of this.running.values()) cancel();
  }

  private refuse(id: string): void {
    if (this.running.size >= MOST_RUNNING)
      throw new Failed(`${MOST_RUNNING} jobs are running already`, 'Cancel one of them.', 'EAGAIN');
    if (this.running.has(id)) throw new Failed(`job ${id} exists`, 'Choose another id.', 'EEXIST');
  }
}
