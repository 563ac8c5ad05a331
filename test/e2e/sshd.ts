// SPDX-License-Identifier: GPL-2.0-only
// Another machine for tests: sshd on this one, in which an ordinary user logs in. Its names are those of a configuration that
// only the `ssh` of `env` reads.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export const USER = 'cr3remote';
const RULES = '/etc/sudoers.d/cr3scope-remote-test';

async function listen(server: Server): Promise<number> {
  await new Promise<void>((ok) => server.listen(0, '127.0.0.1', ok));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((ok) => server.close(ok));
  return port;
}

/** A way to a port that can be cut or held up. */
class Relay {
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  /** Bytes of the other end after which it is cut; undefined: never. */
  cutAfter: number | undefined;
  private holding: { readonly after: number; readonly reached: () => void } | undefined;

  constructor(private readonly to: number) {
    this.server = createServer((near) => this.join(near));
  }

  open = () => listen(this.server);

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Lets no more than these bytes of the other end through; resolves when they have come. */
  hold(after: number): Promise<void> {
    return new Promise((reached) => {
      this.holding = { after, reached };
    });
  }

  release(): void {
    this.holding = undefined;
    for (const socket of this.sockets) socket.resume();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private join(near: Socket): void {
    const far = connect(this.to, '127.0.0.1');
    let bytes = 0;
    near.pipe(far);
    far.on('data', (data) => {
      bytes += data.length;
      near.write(data);
      if (this.holding && bytes > this.holding.after) {
        far.pause();
        this.holding.reached();
      }
      if (this.cutAfter !== undefined && bytes > this.cutAfter) this.cut();
    });
    for (const socket of [near, far]) {
      this.sockets.add(socket);
      socket.on('error', () => this.cut()).on('close', () => this.sockets.delete(socket));
    }
  }
}

export interface OtherMachine {
  /** Where `ssh` is the one that knows the names. */
  readonly env: NodeJS.ProcessEnv;
  /** Its sshd. */
  readonly pid: number;
  /** Its user's home. */
  readonly home: string;
  readonly relay: Relay;
  /** A program that is found there first. */
  install(name: string, text: string): void;
  link(name: string, target: string): void;
  remove(name: string): void;
  /** What sudo permits to the user; nothing without an argument. */
  permit(rule?: string): void;
  close(): Promise<void>;
}

/** The names: lab, changed, stranger, locked, closed, bare (no sudo), nowhere, relayed (by `relay`), slow (50 ms a round trip). */
export async function startOtherMachine(): Promise<OtherMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-sshd-'));
  chmodSync(folder, 0o755);
  const at = (name: string) => join(folder, name);
  const [bin, home] = [at('bin'), at('home')];
  mkdirSync(bin);
  mkdirSync(at('ssh'));
  mkdirSync('/run/sshd', { recursive: true });
  for (const key of ['host', 'other', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', key, '-f', at(key)]);
  // "*": no password, and not locked.
  execFileSync('/sbin/useradd', ['-r', '-m', '-d', home, '-s', '/bin/sh', '-p', '*', USER]);

  // What the shell there needs, and no sudo.
  mkdirSync(at('bare'));
  for (const name of ['sh', 'uname', 'id', 'dirname', 'readlink']) symlinkSync(`/usr/bin/${name}`, at(`bare/${name}`));

  const port = await freePort();
  const barePort = await freePort();
  const publicKey = (name: string) => readFileSync(`${at(name)}.pub`, 'utf8');
  writeFileSync(at('authorized_keys'), publicKey('user'));
  writeFileSync(
    at('sshd_config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `ListenAddress 127.0.0.1:${barePort}`,
      `HostKey ${at('host')}`,
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      'PasswordAuthentication yes',
      'KbdInteractiveAuthentication no',
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      `SetEnv PATH=${bin}:/usr/bin:/bin`,
      `Match LocalPort ${barePort}`,
      `  SetEnv PATH=${at('bare')}`,
    ].join('\n'),
  );
  const server: ChildProcess = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at('sshd_config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await new Promise<void>((ok, no) => {
    server.once('exit', () => no(new Error('sshd ended')));
    createInterface({ input: server.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      if (line.startsWith('Server listening')) ok();
    });
  });

  const relay = new Relay(port);
  const known = publicKey('host').split(' ').slice(0, 2).join(' ');
  const other = publicKey('other').split(' ').slice(0, 2).join(' ');
  writeFileSync(at('known_hosts'), `lab ${known}\nchanged ${other}\n`);
  const host = (name: string, ...lines: string[]) => [`Host ${name}`, ...lines.map((line) => `  ${line}`)].join('\n');
  writeFileSync(
    at('ssh_config'),
    [
      host('changed', 'HostKeyAlias changed'),
      host('stranger', 'UserKnownHostsFile /dev/null'),
      host('locked', 'PubkeyAuthentication no'),
      host('closed', `Port ${await freePort()}`),
      host('bare', `Port ${barePort}`),
      host('nowhere', 'HostName nowhere.invalid'),
      host('relayed', `Port ${await relay.open()}`),
      host('slow', `ProxyCommand ${process.execPath} ${resolve('test/e2e/slow.mjs')} ${port} 25`),
      host(
        '*',
        'HostName 127.0.0.1',
        `Port ${port}`,
        `User ${USER}`,
        `IdentityFile ${at('user')}`,
        'IdentitiesOnly yes',
        `UserKnownHostsFile ${at('known_hosts')}`,
        'GlobalKnownHostsFile /dev/null',
        'HostKeyAlias lab',
      ),
    ].join('\n'),
  );
  writeFileSync(at('ssh/ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${at('ssh_config')} "$@"\n`, { mode: 0o755 });
  const { SSH_ASKPASS: _, DISPLAY: __, SSH_AUTH_SOCK: ___, ...env } = process.env;
  return {
    env: { ...env, PATH: `${at('ssh')}:${env.PATH}` },
    pid: server.pid as number,
    home,
    relay,
    install: (name, text) => writeFileSync(join(bin, name), text, { mode: 0o755 }),
    link: (name, target) => symlinkSync(target, join(bin, name)),
    remove: (name) => rmSync(join(bin, name), { force: true }),
    permit: (rule) => {
      if (rule) writeFileSync(RULES, `${rule}\n`, { mode: 0o440 });
      else rmSync(RULES, { force: true });
    },
    close: async () => {
      relay.close();
      const ended = new Promise((ok) => server.once('exit', ok));
      server.kill();
      await ended;
      rmSync(RULES, { force: true });
      execFileSync('/sbin/userdel', ['-f', USER], { stdio: 'ignore' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A command of that name that is the product's, and what lets the user run all as root. */
export const INSTALLED = `#!/bin/sh\nexec ${process.execPath} ${resolve('out/main/cli.cjs')} "$@"\n`;
export const MAY_ALL = `${USER} ALL=(root) NOPASSWD: ALL`;

/** Makes a file the user's. */
export function give(path: string): void {
  const [uid, gid] = ['-u', '-g'].map((what) => Number(execFileSync('id', [what, USER], { encoding: 'utf8' })));
  chownSync(path, uid as number, gid as number);
}
