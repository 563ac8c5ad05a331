// SPDX-License-Identifier: GPL-2.0-only
// A running machine, this one or another: its explorer, and the privileges that it reads with. They may come while a window is
// open, and go when a helper ends.
import { NO_PRIVILEGES, type Privileges } from '../contract/api.ts';
import { Explorer } from './explorer/explorer.ts';
import { ADDON, HELPER, LAUNCHER } from './files.ts';
import type { PrivilegedMachine } from './service/service.ts';
import { Failed } from './sources/failed.ts';
import { HelperCarrier } from './sources/helper.ts';
import { type RemoteOptions, wayTo } from './sources/remote.ts';
import { absentSources, openSources, type Sources, sourcesOf } from './sources/sources.ts';
import { isPrivileged, type Way, waysHere } from './sources/ways.ts';

const UNPRIVILEGED = new Failed(
  'most sources are missing without privileges',
  'Run it with sudo, or where it can ask for a password.',
  'EPERM',
);

/** Why this machine can't be read if it does not run Linux. */
export function notReadable(): Failed | undefined {
  if (process.platform === 'linux') return undefined;
  return new Failed(
    `this machine runs ${process.platform}, and cr3scope reads Linux`,
    'Give another machine with --host, or a capture with --capture.',
    'ENOTSUP',
  );
}

const said = ({ message, code, remedy }: Failed) => ({ message, code, remedy });

export class Machine implements PrivilegedMachine {
  private readonly listeners = new Set<(privileges: Privileges) => void>();
  privileges: Privileges;

  private constructor(
    readonly explorer: Explorer,
    private readonly ways: readonly Way[],
    how: string,
    host = '',
  ) {
    const problem = how === NO_PRIVILEGES ? said(UNPRIVILEGED) : null;
    this.privileges = { host, how, problem, mayAsk: problem !== null && ways.length > 0, asking: '' };
  }

  /** Opens what can be read without asking anybody. */
  static async open(ways: readonly Way[], notices: readonly string[] = []): Promise<Machine> {
    const reason = notReadable();
    if (reason) throw reason;
    const explorer = new Explorer(await openSources(ADDON), notices);
    if (isPrivileged()) return new Machine(explorer, [], process.getuid?.() === 0 ? 'root' : 'own capabilities');
    const machine = new Machine(explorer, ways, NO_PRIVILEGES);
    await machine.acquire(ways.filter(({ asks }) => asks === ''));
    return machine;
  }

  /** Another machine, by its helper. Throws Failed if that can't be had. */
  static async connect(
    host: string,
    options: Omit<RemoteOptions, 'helper'>,
    notices: readonly string[] = [],
  ): Promise<Machine> {
    const ways = [wayTo(host, { ...options, helper: HELPER })];
    const machine = new Machine(new Explorer(absentSources(UNPRIVILEGED), notices), ways, NO_PRIVILEGES, host);
    await machine.acquire();
    const { problem } = machine.privileges;
    if (problem) throw Failed.of(problem);
    return machine;
  }

  listen(listener: (privileges: Privileges) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  ask(): void {
    void this.acquire();
  }

  /** Tries each way until one leads to a helper. `privileges` says why none did. */
  async acquire(ways = this.ways): Promise<void> {
    if (!this.privileges.mayAsk) return;
    let problem = UNPRIVILEGED;
    for (const way of ways) {
      this.change({ mayAsk: false, asking: way.asks });
      try {
        this.explorer.sources = await this.open(way);
        return this.change({ how: way.name, problem: null, asking: '' });
      } catch (error) {
        problem = Failed.from(error);
      }
    }
    this.change({ problem: said(problem), mayAsk: true, asking: '' });
  }

  private async open(way: Way): Promise<Sources> {
    // Programs are started by the user's own processes, and so only here.
    const launcher = this.privileges.host ? undefined : LAUNCHER;
    const onEnd = (reason: Failed) => this.change({ problem: said(reason), mayAsk: true });
    return sourcesOf(await HelperCarrier.open(await way.open(), launcher, onEnd));
  }

  private change(to: Partial<Privileges>): void {
    this.privileges = { ...this.privileges, ...to };
    for (const listener of this.listeners) listener(this.privileges);
  }
}

/** The machine for a command: asks first where there is a terminal. Throws Failed if the user refuses. */
export async function openMachine(mayAsk: boolean): Promise<Machine> {
  const machine = await Machine.open(mayAsk ? waysHere(HELPER, false) : []);
  await machine.acquire();
  const { problem } = machine.privileges;
  if (problem && machine.privileges.mayAsk)
    throw new Failed(problem.message, 'Try again, or add --no-privileges to go on without.', problem.code);
  return machine;
}
