// SPDX-License-Identifier: GPL-2.0-only
// Runs a fixture program and reads what it says of itself.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Case {
  name: string;
  pid: number;
  va: bigint;
  pages: number;
  verdict: string;
  note: string;
  pattern: boolean;
}

export interface Fixture {
  pid: number;
  cases: Case[];
  skipped: string[];
  /** The case of this name, which the fixture must have. */
  of(name: string): Case;
  /** Processes that it has started, with the address of a page of a known pattern; 0 where there is none. */
  processes: { name: string; pid: number; va: bigint }[];
  stop(): Promise<void>;
}

/** Starts out/fixtures/NAME in a process group of its own and waits until it is ready. */
export async function startFixture(name: string, args: string[] = []): Promise<Fixture> {
  const child: ChildProcess = spawn(`out/fixtures/${name}`, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const cases: Case[] = [];
  const skipped: string[] = [];
  const processes: Fixture['processes'] = [];
  await new Promise<void>((resolve, reject) => {
    child.once('error', (e) => reject(new Error(`${name} did not start: ${e.message}. Is it in test/compile.ts?`)));
    child.once('exit', () => reject(new Error(`${name} ended before it was ready`)));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const [word, ...rest] = line.split(' ');
      if (word === 'ready') resolve();
      else if (word === 'skip') skipped.push(rest.join(' '));
      else if (word === 'process') {
        const [name = '', pid, va] = rest;
        processes.push({ name, pid: Number(pid), va: BigInt(`0x${va}`) });
      } else if (word === 'fail') reject(new Error(line));
      else if (word === 'case') {
        const [caseName, pid, va, pages, verdict, note, pattern] = rest as [
          string,
          string,
          string,
          string,
          string,
          string,
          string,
        ];
        cases.push({
          name: caseName,
          pid: Number(pid),
          va: BigInt(`0x${va}`),
          pages: Number(pages),
          verdict,
          note,
          pattern: pattern === '1',
        });
      }
    });
  });
  return {
    pid: child.pid as number,
    cases,
    skipped,
    of: (caseName) => {
      const found = cases.find((c) => c.name === caseName);
      if (!found) throw new Error(`${name} has no case ${caseName}`);
      return found;
    },
    processes,
    stop: async () => {
      child.stdin?.end();
      await ended;
    },
  };
}
