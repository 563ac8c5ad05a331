// SPDX-License-Identifier: GPL-2.0-only
// The system's ssh: how it is started, and what its complaints mean. Host keys, passwords and the user's configuration are its
// own business.
import { existsSync } from 'node:fs';
import { Failed } from './failed.ts';
import { hasTerminal } from './terminal.ts';

/** [USER@]HOST or ssh://[USER@]HOST[:PORT], and nothing that ssh, its configuration or a shell could take for more. */
const HOST = /^(?:ssh:\/\/)?(?:\w[\w.+-]*@)?(?:\[[0-9a-f:.]+\]|\w[\w.:-]*)$/i;
const LONGEST_HOST = 255;

export function parseHost(text: string): string {
  if (text.length <= LONGEST_HOST && HOST.test(text)) return text;
  throw new Failed(`"${text}" is not a machine`, 'Give a host, user@host or ssh://user@host:port, as ssh takes it.');
}

/** Whether ssh can ask in a window. */
const hasAskpass = () => existsSync(process.env.SSH_ASKPASS ?? '');

/** Where ssh asks for passwords and host keys; "" if it can't ask. */
export function whereSshAsks(): string {
  if (hasAskpass() && !hasTerminal()) return 'in a dialog of ssh';
  return hasTerminal() ? 'in the terminal' : '';
}

/** A connection that is dead for as long as this is over. */
const ALIVE = ['ConnectTimeout=20', 'ServerAliveInterval=5', 'ServerAliveCountMax=3'];
/** What a user may have configured for a login, and what a helper can't use. */
const ONLY_A_PIPE = ['RemoteCommand=none', 'ClearAllForwardings=yes', 'PermitLocalCommand=no', 'LogLevel=INFO'];

/** The command that runs `command` in a shell of the machine. */
export function sshCommand(host: string, command: string): string[] {
  const options = [...ALIVE, ...ONLY_A_PIPE, ...(whereSshAsks() ? [] : ['BatchMode=yes'])];
  // Without this variable ssh asks in a window only where it knows a display.
  const ask = hasAskpass() && !hasTerminal() ? ['env', 'SSH_ASKPASS_REQUIRE=prefer'] : [];
  const ssh = ['ssh', '-T', '-a', '-x', ...options.flatMap((option) => ['-o', option]), '--', parseHost(host), command];
  // Ctrl-C is for cr3scope, which then ends the connection when it has used it. Windows has no such signals.
  return process.platform === 'win32' ? ssh : ['sh', '-c', 'trap "" INT; exec "$@"', 'sh', ...ask, ...ssh];
}

interface Known {
  readonly says: RegExp;
  readonly message: (host: string) => string;
  readonly remedy: (host: string) => string;
}

const CAN_ASK_REMEDY =
  'Connect once with ssh in a terminal, or use a key with ssh-agent: there is no terminal here in which ssh could ask.';

/** What ssh and sudo say, and what to do about it. */
const KNOWN: readonly Known[] = [
  {
    says: /REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for .* has changed/,
    message: (host) => `the host key of ${host} has changed`,
    remedy: (host) =>
      `Find out why: it may be another machine. If it is the right one, remove the old key with \`ssh-keygen -R\` and connect with \`ssh ${host}\`.`,
  },
  {
    says: /Host key verification failed|No .* host key is known for/,
    message: (host) => `the host key of ${host} is not known, or was refused`,
    remedy: (host) => `Connect once with \`ssh ${host}\` in a terminal, and compare the fingerprint that it shows.`,
  },
  {
    says: /Permission denied \(|Too many authentication failures|Permission denied, please try again/,
    message: (host) => `${host} refused the login`,
    remedy: (host) =>
      whereSshAsks() ? `Check the user and the password or key: \`ssh ${host}\` must work.` : CAN_ASK_REMEDY,
  },
  {
    says: /Could not resolve hostname|Name or service not known/,
    message: (host) => `there is no machine with the name in ${host}`,
    remedy: () => 'Check the name, or its entry in ~/.ssh/config.',
  },
  {
    says: /Connection refused/,
    message: (host) => `${host} refused the connection`,
    remedy: () => 'Check that sshd runs there, and the port.',
  },
  {
    says: /timed out|No route to host|Network is unreachable/,
    message: (host) => `${host} did not answer`,
    remedy: () => 'Check that the machine is up, and the network and firewalls between.',
  },
  {
    says: /spawn ssh ENOENT|exec: ssh: not found/,
    message: () => 'there is no ssh on this machine',
    remedy: () => 'Install the OpenSSH client.',
  },
];

/** What ssh complained of, as a failure; undefined if that is not known. */
export function sshFailed(host: string, said: string): Failed | undefined {
  const known = KNOWN.find(({ says }) => says.test(said));
  return known && new Failed(known.message(host), known.remedy(host), 'ECONNREFUSED');
}
