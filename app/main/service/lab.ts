// SPDX-License-Identifier: GPL-2.0-only
// One run of a lab: a small program that does one step at a time on command and names the pages to look at.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { LabStep } from '../../contract/api.ts';
import { LABS, type LabName } from '../../contract/labs.ts';
import { mapsFrame, pfnOf, physicalAddress } from '../../contract/paging.ts';
import { ENTRY_KINDS } from '../../contract/verdicts.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { startOf } from '../proc.ts';
import { Failed } from '../sources/failed.ts';
import { PageWatch } from './page-watch.ts';

/** A page that the program names. */
interface LabPage {
  readonly label: string;
  readonly pid: number;
  readonly va: bigint;
}

export class Lab {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string>;
  private readonly failed: Promise<never>;
  /** Of the pages that were named, by process and address. */
  private readonly watches = new Map<string, PageWatch>();
  private step = 0;
  private over = false;

  /** `program` is that of native/labs/labs.c. */
  constructor(
    private readonly explorer: Explorer,
    program: string,
    readonly name: LabName,
  ) {
    this.child = spawn(program, [name], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.failed = new Promise((_, reject) => {
      this.child.once('error', (error) => reject(new Failed(`${program}: ${error.message}`, 'Run `npm run build`.')));
    });
    this.failed.catch(() => undefined);
    this.child.stdin.on('error', () => undefined); // it may have exited already
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** Runs the next step and translates the pages that it names. After the last step `step` is null. */
  async next(): Promise<LabStep> {
    const at = await this.advance();
    return { name: this.name, step: at?.step ?? null, pages: await Promise.all((at?.pages ?? []).map(this.look)) };
  }

  /** Ends its processes. */
  end(): void {
    this.over = true;
    this.child.stdin.end();
    this.child.kill('SIGKILL');
    for (const watch of this.watches.values()) watch.end();
  }

  private async advance(): Promise<{ step: number; pages: LabPage[] } | null> {
    if (this.step === LABS[this.name].steps.length) {
      this.end();
      return null;
    }
    if (this.step > 0) this.child.stdin.write('\n');
    const pages: LabPage[] = [];
    for (;;) {
      const line = await Promise.race([this.lines.next(), this.failed]);
      if (line.done) throw new Failed(`the lab "${this.name}" ended early`, 'Start it again.', 'ESRCH');
      const [word, ...rest] = line.value.split(' ');
      if (word === 'page') {
        const [label = '', pid, va] = rest;
        pages.push({ label, pid: Number(pid), va: BigInt(`0x${va}`) });
      } else if (word === 'step') {
        this.step = Number(rest[0]);
        return { step: this.step, pages };
      } else if (word === 'fail')
        throw new Failed(
          `the lab "${this.name}" can’t go on: ${rest.join(' ')}`,
          'Free some memory and start it again.',
        );
    }
  }

  private look = async ({ label, pid, va }: LabPage): Promise<LabStep['pages'][number]> => {
    const startTicks = startOf(pid);
    let page = { label, pid, startTicks, va, translation: null, error: '', flags: null, count: null, cause: '' };
    try {
      page = { ...page, cause: await this.causeOf(pid, startTicks, va) };
      const translation = await this.explorer.translate({ pid, startTicks, va });
      const { leaf } = translation.path;
      if (!mapsFrame(ENTRY_KINDS[leaf.kind])) return { ...page, translation };
      const { flags, count } = await this.explorer.frame({ pfn: pfnOf(physicalAddress(va, leaf)) });
      return { ...page, translation, flags, count };
    } catch (error) {
      return { ...page, error: Failed.from(error).message };
    }
  };

  /** What changed a page since the last step; empty if nothing did, or it is named for the first time. */
  private async causeOf(pid: number, startTicks: bigint, va: bigint): Promise<string> {
    const key = `${pid} ${va}`;
    const known = this.watches.get(key);
    if (known) return known.next();
    // A step may have been under way when it ended: nobody would end this watch.
    if (this.over) return '';
    const watch = new PageWatch(this.explorer, pid, startTicks, va);
    this.watches.set(key, watch);
    await watch.started;
    return '';
  }
}
