// SPDX-License-Identifier: GPL-2.0-only
// The ways to a helper with privileges on this machine. remote.ts has the way to one on another machine.
import { existsSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { Failed } from './failed.ts';
import { type HelperStreams, spawnHelper } from './helper.ts';
import { hasTerminal } from './terminal.ts';

export interface Way {
  /** For the status line: "helper by sudo". */
  readonly name: string;
  /** Where the user is asked; "" if they are not. */
  readonly asks: string;
  open(): HelperStreams | Promise<HelperStreams>;
}

/** The capabilities without which most sources are missing, as bits of CapEff. */
const NEEDED = (1n << 21n) | (1n << 2n); // CAP_SYS_ADMIN, CAP_DAC_READ_SEARCH

/** Whether this process can read the machine by itself. */
export function isPrivileged(): boolean {
  try {
    const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return (BigInt(`0x${effective}`) & NEEDED) === NEEDED;
  } catch {
    return false; // not Linux
  }
}

const isOnPath = (program: string) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));

/** The helper that root has started for this process, at the other end of a socket that was inherited. It comes once. */
function handedOver(fd: number): HelperStreams {
  let socket: Socket;
  try {
    socket = new Socket({ fd });
  } catch (error) {
    throw new Failed(
      `the helper that was handed over can’t be used: ${(error as Error).message}`,
      'Start cr3scope again.',
      'EBADF',
    );
  }
  return {
    input: socket,
    output: socket,
    complaints: () => '',
    ended: new Promise((resolve) => {
      socket.once('error', (error) => resolve(error.message));
      socket.once('close', () => resolve('its connection was closed'));
    }),
    end: () => void socket.end(),
    ref: () => void socket.ref(),
    unref: () => void socket.unref(),
  };
}

/** The variable that names the descriptor of such a socket. */
const HANDED_OVER = 'CR3SCOPE_HELPER_FD';

/**
 * The ways that can be tried here, the best one first. `helper` is the program. A desktop asks in a dialog if it can; a
 * terminal asks for itself.
 */
export function waysHere(helper: string, desktop: boolean): Way[] {
  const ways: Way[] = [];
  const fd = Number(process.env[HANDED_OVER]);
  // Only once, and not for programs that are started from here.
  delete process.env[HANDED_OVER];
  if (fd > 2) {
    let used = false;
    const open = () => {
      if (used) throw new Failed('the helper that root started has ended', 'Start cr3scope again.', 'EPIPE');
      used = true;
      return handedOver(fd);
    };
    ways.push({ name: 'helper from root', asks: '', open });
  }
  if (desktop && (process.env.DISPLAY || process.env.WAYLAND_DISPLAY) && isOnPath('pkexec'))
    ways.push({
      name: 'helper by pkexec',
      asks: 'in a dialog of the desktop',
      open: () => spawnHelper(['pkexec', '--disable-internal-agent', helper]),
    });
  if (isOnPath('sudo') && hasTerminal())
    ways.push({
      name: 'helper by sudo',
      asks: 'in the terminal',
      open: () =>
        spawnHelper(['sudo', '-p', 'cr3scope needs privileges to read page tables. Password for %p: ', '--', helper]),
    });
  return ways;
}
