// SPDX-License-Identifier: GPL-2.0-only
// Fresh roots of Debian to install packages in. Programs in them see this machine's kernel and processes.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CACHE, sh } from '../guest/apt.ts';

const DEBIAN = 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org';
/** What a person has, besides the smallest system with apt. */
const INCLUDED = ['bash-completion', 'fish', 'man-db', 'sudo', 'zsh'];

/** The archive of a root of this suite; made once. Its name says what is in it. */
function archiveOf(suite: string): string {
  const archive = join(CACHE, 'roots', `${[suite, ...INCLUDED].join('-')}.tar`);
  if (!existsSync(archive)) {
    mkdirSync(join(CACHE, 'roots'), { recursive: true });
    const options = ['--quiet', '--mode=root', '--variant=minbase', `--include=${INCLUDED.join(',')}`];
    sh('mmdebstrap', [...options, suite, `${archive}.part.tar`, `${DEBIAN}/debian ${suite} main`]);
    renameSync(`${archive}.part.tar`, archive);
  }
  return archive;
}

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Mounts that end with the command. The root is moved to / first: in a mere chroot the kernel refuses user namespaces. */
const ENTER = `
set -e
cd "$1"
mount --bind . .
cd "$1"
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount --move . /
shift
exec chroot . "$@"
`;

/** Nothing of this machine's. */
const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};

export class Root {
  readonly environment = ENVIRONMENT;

  constructor(readonly folder: string) {}

  /** A new one of this suite. */
  static fresh(suite: string): Root {
    const root = new Root(mkdtempSync(join(tmpdir(), 'cr3scope-root-')));
    sh('tar', ['-xf', archiveOf(suite), '-C', root.folder]);
    cpSync('/etc/resolv.conf', join(root.folder, 'etc/resolv.conf'), { dereference: true });
    return root;
  }

  /** Adds one of security's suites. */
  addSuite(suite: string): void {
    writeFileSync(join(this.folder, 'etc/apt/sources.list.d/more.list'), `${DEBIAN}/debian-security ${suite} main\n`);
  }

  /** A command line for spawn that runs this in here, as root. */
  command(...words: string[]): [string, string[]] {
    return ['unshare', ['--mount', '--propagation', 'private', 'sh', '-c', ENTER, 'sh', this.folder, ...words]];
  }

  run(...words: string[]): Ran {
    const [program, args] = this.command(...words);
    const ran: SpawnSyncReturns<string> = spawnSync(program, args, {
      env: ENVIRONMENT,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (ran.error) throw ran.error;
    return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr };
  }

  /** Throws with what it printed where it fails. */
  must(...words: string[]): string {
    const { status, stdout, stderr } = this.run(...words);
    if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}\n${stdout}\n${stderr}`);
    return stdout;
  }

  /** Copies a file of this machine into here; returns its path in here. */
  give(file: string): string {
    const name = `/tmp/${file.split('/').at(-1)}`;
    cpSync(file, join(this.folder, name));
    return name;
  }

  apt(...words: string[]): string {
    return this.must('apt-get', '-y', '-qq', '--no-install-recommends', ...words);
  }

  /** All files but the logs and lists of apt and dpkg themselves, with their kinds and what links lead to. */
  files(): string[] {
    const own = ['proc', 'sys', 'dev', 'run', 'tmp', 'var/log', 'var/cache', 'var/lib/apt', 'var/lib/dpkg'];
    const skip = own.flatMap((path) => ['-path', `./${path}`, '-prune', '-o']);
    return sh('find', ['.', ...skip, '-printf', '%y %m %U %P %l\\n'], { cwd: this.folder, maxBuffer: 1 << 28 })
      .trimEnd()
      .split('\n')
      .sort();
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
