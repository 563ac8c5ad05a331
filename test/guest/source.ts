// SPDX-License-Identifier: GPL-2.0-only
// Kernels that are built from Debian's source with configurations of our own.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { aptOptions, CACHE, sh } from './apt.ts';
import type { Kernel } from './kernels.ts';

const CONFIGS = join(import.meta.dirname, 'sanitizer');
// What the module is built with for Debian's own kernels of the same version.
const COMPILERS = ['CC=gcc-12', 'HOSTCC=gcc-12'];

/** Debian's source of a kernel, unpacked; once. */
function fetchSource(name: string, suite: string): { tree: string; version: string } {
  const folder = join(CACHE, 'sources', name);
  const stamp = join(folder, 'version');
  if (!existsSync(stamp)) {
    console.error(`fetching ${name}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, 'tree'), { recursive: true });
    const apt = aptOptions(suite);
    sh('apt-get', [...apt, '-qq', 'update']);
    sh('apt-get', [...apt, '-qq', 'download', name], { cwd: folder });
    const deb = readdirSync(folder).find((file) => file.endsWith('.deb'));
    if (!deb) throw new Error(`${suite} has no ${name} now`);
    sh('dpkg', ['-x', deb, 'deb'], { cwd: folder });
    sh('tar', ['-xf', `deb/usr/src/${name}.tar.xz`, '-C', 'tree', '--strip-components=1'], { cwd: folder });
    const version = sh('dpkg-deb', ['-f', deb, 'Version'], { cwd: folder }).trim();
    rmSync(join(folder, deb));
    rmSync(join(folder, 'deb'), { recursive: true });
    writeFileSync(stamp, version);
  }
  return { tree: join(folder, 'tree'), version: readFileSync(stamp, 'utf8') };
}

/** Symbols of a configuration and their values, undefined where it says "is not set"; the last word on each counts. */
function symbols(text: string): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const [, off = '', name = off, value] of text.matchAll(/^(?:# (CONFIG_\w+) is not set|(CONFIG_\w+)=(.*))$/gm))
    found.set(name, value);
  return found;
}

/** Throws where Kconfig decided otherwise than was wanted: a checker that is silently missing would find nothing. */
export function verifyConfig(wanted: string, text: string): void {
  const got = symbols(text);
  const lost = [...symbols(wanted)]
    .filter(([name, value]) => got.get(name) !== value)
    .map(([name, value]) => `${name}: wanted ${value ?? 'off'}, is ${got.get(name) ?? 'off'}`);
  if (lost.length > 0)
    throw new Error(`the kernel's configuration did not take:\n${lost.join('\n')}\nWhat does each depend on?`);
}

/** Where the source of a kernel is, and the configurations that it is built with. */
export interface Recipe {
  suite: string;
  source: string;
  config: string[];
}

/** Builds a kernel; once for its version and configuration. */
export function buildKernel(name: string, { suite, source, config }: Recipe): Kernel {
  const { tree, version } = fetchSource(source, suite);
  const wanted = config.map((part) => readFileSync(join(CONFIGS, `${part}.config`), 'utf8')).join('');
  const hash = createHash('sha256').update(version).update(wanted).digest('hex').slice(0, 12);
  const folder = join(CACHE, 'kernels', `${name}-${hash}`);
  const stamp = join(folder, 'release');
  if (!existsSync(stamp)) {
    // Of other configurations; a build of this one that was interrupted goes on.
    mkdirSync(join(CACHE, 'kernels'), { recursive: true });
    for (const old of readdirSync(join(CACHE, 'kernels')))
      if (old.startsWith(`${name}-`) && !folder.endsWith(old)) rmSync(join(CACHE, 'kernels', old), { recursive: true });
    mkdirSync(folder, { recursive: true });
    const log = join(folder, 'log');
    const make = (...args: string[]) => {
      const out = openSync(log, 'a');
      const { status } = spawnSync(
        'nice',
        ['-n', '19', 'make', '-s', '-C', tree, `O=${folder}`, ...COMPILERS, ...args],
        {
          stdio: ['ignore', out, out],
        },
      );
      if (status !== 0) throw new Error(`kernel ${name} does not build (${log}):\n${sh('tail', ['-n', '20', log])}`);
    };
    console.error(`building kernel ${name}: some minutes, once; ${log}`);
    const all = join(folder, 'wanted.config');
    writeFileSync(all, wanted);
    make(`KCONFIG_ALLCONFIG=${all}`, 'allnoconfig');
    verifyConfig(wanted, readFileSync(join(folder, '.config'), 'utf8'));
    make(`-j${availableParallelism()}`, 'bzImage', 'modules');
    // A module is built with what stays: headers, tools, Module.symvers.
    const spent = ['(', '-name', '*.o', '-o', '-name', '*.a', '-o', '-name', 'vmlinux*', ')'];
    const tools = ['!', '-path', `${folder}/scripts/*`, '!', '-path', `${folder}/tools/*`];
    sh('find', [folder, '-type', 'f', ...spent, ...tools, '-delete']);
    writeFileSync(stamp, readFileSync(join(folder, 'include/config/kernel.release'), 'utf8').trim());
  }
  const release = readFileSync(stamp, 'utf8');
  return {
    name,
    release,
    flavour: config.at(-1),
    headers: folder,
    image: join(folder, 'arch/x86/boot/bzImage'),
    config: join(folder, '.config'),
    // Warnings reach the console, all of them the log; KASAN reports more than its first find; an emulated CPU beside
    // other work may stand still for longer than the watchdogs expect.
    append: 'loglevel=6 log_buf_len=16M kasan_multi_shot debug_pagealloc=on watchdog_thresh=60',
  };
}
