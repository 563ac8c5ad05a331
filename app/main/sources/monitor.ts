// SPDX-License-Identifier: GPL-2.0-only
// QEMU's monitor (QMP), asked by a process of its own: only the questions below leave it, and what it has stopped it
// continues once its input ends, however the one who asked has ended.
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Failed } from './failed.ts';

const human = (line: string) => ({ execute: 'human-monitor-command', arguments: { 'command-line': line } });

/** What QEMU is asked. */
export const QUESTIONS = {
  /** Whether it runs. */
  status: () => ({ execute: 'query-status' }),
  /** The objects that hold its memory. */
  backends: () => ({ execute: 'query-memdev' }),
  /** The physical address space of its CPUs, in parts. */
  layout: () => human('info mtree -f'),
  registers: () => human('info registers -a'),
  /** Where a physical address of the guest, in hex, is in the memory of QEMU. */
  hostAddress: (gpa = '') => human(`gpa2hva 0x${/^[0-9a-f]{1,16}$/.exec(gpa)?.[0] ?? '0'}`),
  stop: () => ({ execute: 'stop' }),
} as const;
export type Question = keyof typeof QUESTIONS;

const GREETING_MS = 2000;

const noMonitor = (path: string, reason: string) =>
  new Failed(
    `QEMU’s monitor at ${path} does not answer: ${reason}`,
    'It serves one program at a time, and libvirt keeps its own: start QEMU with one more, -qmp unix:PATH,server=on,wait=off. Run cr3scope as root, or as the user who runs QEMU.',
    'EAGAIN',
  );

/** A connection to a monitor: one request after the other. */
class Qmp {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  async #next(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Failed('QEMU has closed its monitor', 'Look whether it still runs: `cr3scope vms`.', 'EPIPE');
    return JSON.parse(value);
  }

  async greet(): Promise<void> {
    await this.#next();
    await this.run({ execute: 'qmp_capabilities' });
  }

  async run(request: object): Promise<unknown> {
    this.#socket.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      const answer = await this.#next();
      if ('return' in answer) return answer.return;
      const { error } = answer as { error?: { desc?: string } };
      if (error) throw new Failed(`QEMU refuses: ${error.desc}`, 'See its documentation of QMP.', 'EPROTO');
      // Events come at any time.
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

async function connect(path: string): Promise<Qmp> {
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
  } catch (error) {
    throw noMonitor(path, (error as Error).message);
  }
  socket.on('error', () => undefined); // its lines end then
  const qmp = new Qmp(socket);
  const late = new Promise<never>((_, no) => {
    setTimeout(() => no(noMonitor(path, 'another program is connected to it')), GREETING_MS).unref();
  });
  try {
    await Promise.race([qmp.greet(), late]);
  } catch (error) {
    qmp.close();
    throw error;
  }
  return qmp;
}

/** The process: a question and its argument on each line of the input, and `say` gives each answer back. */
export async function runMonitor(path: string, say: (answer: object) => void): Promise<number> {
  const input = createInterface({ input: process.stdin });
  // From now on no line and no end is lost.
  const lines = input[Symbol.asyncIterator]();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => input.close());
  let qmp: Qmp;
  try {
    qmp = await connect(path);
  } catch (error) {
    const { message, remedy, code } = Failed.from(error);
    say({ error: { message, remedy, code } });
    return 2;
  }
  say({ ok: null });
  let stopped = false;
  for await (const line of lines) {
    try {
      const { ask, argument } = JSON.parse(line) as { ask: Question; argument?: string };
      if (!Object.hasOwn(QUESTIONS, ask)) throw new Failed(`there is no question ${ask}`, 'Update cr3scope.');
      // A machine that did not run before stays so.
      const runs = ask === 'stop' && ((await qmp.run(QUESTIONS.status())) as { running: boolean }).running;
      stopped ||= runs;
      say({ ok: ask === 'stop' && !runs ? null : await qmp.run(QUESTIONS[ask](argument)) });
    } catch (error) {
      const { message, remedy, code } = Failed.from(error);
      say({ error: { message, remedy, code } });
    }
  }
  if (stopped) await qmp.run({ execute: 'cont' }).catch(() => undefined);
  qmp.close();
  return 0;
}
