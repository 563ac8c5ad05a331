// SPDX-License-Identifier: GPL-2.0-only
// Debian's archive, read past what the machine itself is set up with; all that comes of it goes under the cache.
import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cr3scope-guests');

export const sh = (program: string, args: string[], options: ExecFileSyncOptions = {}): string =>
  execFileSync(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options, encoding: 'utf8' });

/** Options that point apt at one suite of Debian, with lists of its own. */
export function aptOptions(suite: string): string[] {
  const folder = join(CACHE, 'apt', suite);
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'cache/archives/partial'), { recursive: true });
  const archive = suite.endsWith('-security') ? 'debian-security' : 'debian';
  writeFileSync(
    join(folder, 'sources.list'),
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/${archive} ${suite} main\n`,
  );
  return [
    `-oDir::Etc::sourcelist=${folder}/sources.list`,
    '-oDir::Etc::sourceparts=/dev/null',
    `-oDir::State::lists=${folder}/lists`,
    `-oDir::Cache=${folder}/cache`,
    '-oDir::State::status=/dev/null', // what this machine has installed does not matter
    '-oAcquire::Check-Valid-Until=false', // testing suites outlive the date in their index
    '-oAcquire::Languages=none',
    '-oAPT::Sandbox::User=root',
  ];
}

/** A root of Debian 14 under the cache, which has `probe` if it is there: made once, of packages that are not set up. */
export function debianRoot(name: string, probe: string, packages: string): string {
  const root = join(CACHE, name);
  if (existsSync(join(root, probe))) return root;
  console.error(`making a root of Debian 14 with ${probe} (once)`);
  rmSync(root, { recursive: true, force: true });
  sh('mmdebstrap', [
    '--quiet',
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=APT::Sandbox::User "root"',
    '--mode=root',
    '--variant=extract',
    `--include=${packages}`,
    'forky',
    root,
    'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian forky main',
  ]);
  return root;
}
