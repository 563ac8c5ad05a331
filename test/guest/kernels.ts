// SPDX-License-Identifier: GPL-2.0-only
// Kernels for the guests, under the cache, never installed, and the module built against each: Debian's own, fetched with
// their headers, and some that are built from its source with checkers inside.
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import packageFile from '../../package.json' with { type: 'json' };
import { aptOptions, CACHE, debianRoot, sh } from './apt.ts';
import { buildKernel, type Recipe } from './source.ts';

/** A kernel that is ready to boot, and to build modules for. */
export interface Kernel {
  name: string;
  release: string;
  headers: string;
  image: string;
  /** The file of its configuration. */
  config: string;
  /** Kernel parameters. */
  append?: string;
  /** Its checkers. */
  flavour?: string | undefined;
  /** Debian's, unpacked. */
  unpacked?: { folder: string; root: string; modules: string; newer: boolean };
}

interface Packaged {
  suite: string;
  version: RegExp;
  newer?: boolean;
}

/**
 * The matrix. `newer`: its headers' tools need a newer C library and compiler than Debian 12 has, so the module is
 * built in a root of Debian 14 that is made for it. `source`: built from it, with the configurations in sanitizer/;
 * runs by name only, with the tests of sanitizer.ts.
 */
const MATRIX = new Map<string, Packaged | Recipe>([
  ['5.10', { suite: 'bullseye-security', version: /^5\.10\.0-\d+$/ }],
  ['6.1', { suite: 'bookworm-security', version: /^6\.1\.0-\d+$/ }],
  ['6.12', { suite: 'bookworm-security', version: /^6\.12\.\d+\+deb12$/ }],
  ['6.12-deb13', { suite: 'trixie-security', version: /^6\.12\.\d+\+deb13$/, newer: true }],
  ['7.2', { suite: 'trixie-backports', version: /^7\.2\.\d+\+deb13$/, newer: true }],
  ['7.2-deb14', { suite: 'sid', version: /^7\.2\.\d+\+deb14$/, newer: true }],
  ['7.3', { suite: 'experimental', version: /^7\.3$/, newer: true }],
  ['6.12-sanitizer', { suite: 'bookworm-security', source: 'linux-source-6.12', config: ['common', 'sanitizer'] }],
  ['6.12-rt', { suite: 'bookworm-security', source: 'linux-source-6.12', config: ['common', 'rt'] }],
  ['6.12-kcsan', { suite: 'bookworm-security', source: 'linux-source-6.12', config: ['common', 'kcsan'] }],
]);
/** Debian's own. */
export const KERNELS = [...MATRIX].filter(([, wanted]) => 'version' in wanted).map(([name]) => name);

/** A kernel of the matrix: downloads and unpacks it and its headers, or builds it; once. */
export function fetchKernel(name: string): Kernel {
  const wanted = MATRIX.get(name);
  if (!wanted) throw new Error(`no such kernel: ${name}. There are ${[...MATRIX.keys()].join(', ')}.`);
  if ('source' in wanted) return buildKernel(name, wanted);
  const folder = join(CACHE, 'kernels', name);
  const release = join(folder, 'release');
  if (!existsSync(release)) {
    console.error(`fetching kernel ${name}`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, 'debs'), { recursive: true });
    const apt = aptOptions(wanted.suite);
    sh('apt-get', [...apt, '-qq', 'update']);
    const names = sh('apt-cache', [...apt, 'pkgnames', 'linux-']).split('\n');
    const has = new Set(names);
    const version = names
      .map((n) => /^linux-headers-(.*)-amd64$/.exec(n)?.[1])
      .filter((v) => v !== undefined)
      .filter((v) => wanted.version.test(v))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      .at(-1);
    if (!version) throw new Error(`${wanted.suite} has no kernel ${name} now`);
    // Until 6.12 an image holds all; later ones are split.
    const image = [`linux-binary-${version}-amd64`, `linux-modules-${version}-amd64`].filter((n) => has.has(n));
    if (image.length === 0) image.push(`linux-image-${version}-amd64`);
    const headers = sh('apt-cache', [...apt, 'depends', `linux-headers-${version}-amd64`])
      .split('\n')
      .map((line) => /Depends: (linux-(?:headers|kbuild|compiler)-.*)/.exec(line)?.[1])
      .filter((found) => found !== undefined);
    sh('apt-get', [...apt, '-qq', 'download', ...image, `linux-headers-${version}-amd64`, ...headers], {
      cwd: join(folder, 'debs'),
    });
    for (const deb of readdirSync(join(folder, 'debs'))) {
      sh('dpkg', ['-x', join(folder, 'debs', deb), join(folder, 'root')]);
      if (!wanted.newer || /linux-(binary|modules|image)-/.test(deb)) rmSync(join(folder, 'debs', deb));
    }
    const modules = ['lib/modules', 'usr/lib/modules'].find((m) =>
      existsSync(join(folder, 'root', m, `${version}-amd64/kernel`)),
    );
    if (modules === 'usr/lib/modules' && !existsSync(join(folder, 'root/lib')))
      symlinkSync('usr/lib', join(folder, 'root/lib'));
    sh('/sbin/depmod', ['-b', join(folder, 'root'), `${version}-amd64`]);
    writeFileSync(release, `${version}-amd64`);
  }
  const version = readFileSync(release, 'utf8');
  const root = join(folder, 'root');
  const modules = join(root, 'lib/modules', version);
  const image = [join(root, 'boot', `vmlinuz-${version}`), join(modules, 'vmlinuz')].find((f) => existsSync(f));
  const headers = join(root, 'usr/src', `linux-headers-${version}`);
  const config = join(root, 'boot', `config-${version}`);
  if (!image) throw new Error(`${name} has no image in ${root}`);
  const newer = Boolean(wanted.newer);
  return { name, release: version, headers, image, config, unpacked: { folder, root, modules, newer } };
}

/** The kernel with its debug information, by Debian's package of about 1 GB: the path of vmlinux. Once. */
export function fetchSymbols({ name, release }: Kernel): string {
  const wanted = MATRIX.get(name);
  if (!wanted || 'source' in wanted) throw new Error(`Debian has no debug information of ${name}`);
  const folder = join(CACHE, 'symbols', release);
  const inside = `usr/lib/debug/boot/vmlinux-${release}`;
  const path = join(folder, inside);
  if (!existsSync(path)) {
    console.error(`fetching the debug information of ${release}`);
    mkdirSync(folder, { recursive: true });
    const apt = aptOptions(wanted.suite);
    sh('apt-get', [...apt, '-qq', 'update']);
    sh('apt-get', [...apt, '-qq', 'download', `linux-image-${release}-dbg`], { cwd: folder });
    const script = `dpkg-deb --fsys-tarfile *.deb | tar -x --occurrence=1 './${inside}' && rm *.deb`;
    sh('sh', ['-c', script], { cwd: folder });
  }
  return path;
}

/** A root of Debian 14 with the compilers that newer kernels were built with. */
function newerRoot(): string {
  const root = debianRoot(
    'forky',
    'usr/bin/gcc-14',
    'gcc-14,gcc-16,make,binutils,bash,coreutils,sed,grep,gawk,findutils,diffutils,perl-base,libelf1t64,libdw1t64,libssl3t64,dash,kmod,cpp-14,cpp-16,util-linux,zlib1g,libc6-dev,tar,xz-utils,pahole',
  );
  if (!existsSync(join(root, 'usr/bin/awk'))) symlinkSync('gawk', join(root, 'usr/bin/awk'));
  if (!existsSync(join(root, 'proc/self'))) sh('mount', ['-t', 'proc', 'proc', join(root, 'proc')]);
  return root;
}

/**
 * Builds the modules for a kernel, of this ABI or, to see what becomes of it, of another; returns the path of cr3scope.ko,
 * with cr3scope-course.ko beside it.
 * Throws with the words of compiler and sparse where they warn.
 */
export function buildModule(kernel: Kernel, abi?: number): string {
  return build(
    kernel,
    'kmod',
    ['cr3scope.ko', 'cr3scope-course.ko'],
    abi ? `${kernel.name}-abi${abi}` : kernel.name,
    (folder) => {
      if (!abi) return;
      const header = readFileSync(join(folder, 'cr3scope.h'), 'utf8');
      writeFileSync(join(folder, 'cr3scope.h'), header.replace(/(#define CR3SCOPE_ABI) \d+/, `$1 ${abi}`));
    },
  );
}

/** The module with a bug of every kind that a sanitizer kernel must report. */
export function buildCanary(kernel: Kernel): string {
  return build(kernel, join(import.meta.dirname, 'sanitizer/canary'), ['canary.ko'], `${kernel.name}-canary`);
}

/** Builds what is in a folder, changed by `edit`, under the cache by this name; returns the path of the first product. */
function build(
  kernel: Kernel,
  from: string,
  products: [string, ...string[]],
  name: string,
  edit?: (folder: string) => void,
): string {
  const folder = join(CACHE, 'build', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(CACHE, 'build'), { recursive: true });
  cpSync(from, folder, { recursive: true, filter: (file) => !/\.(o|ko|cmd|mod|mod\.c)$/.test(file) });
  edit?.(folder);
  let make: SpawnSyncReturns<string>;
  const version = `CR3SCOPE_VERSION=${packageFile.version}`;
  const { unpacked } = kernel;
  if (unpacked?.newer) {
    const root = newerRoot();
    const headers = `usr/src/linux-headers-${kernel.release}`;
    if (!existsSync(join(root, headers)))
      for (const deb of readdirSync(join(unpacked.folder, 'debs')))
        sh('dpkg', ['-x', join(unpacked.folder, 'debs', deb), root]);
    const inside = join(root, 'build', name);
    rmSync(inside, { recursive: true, force: true });
    mkdirSync(join(root, 'build'), { recursive: true });
    cpSync(folder, inside, { recursive: true });
    make = spawnSync('chroot', [root, 'make', '-C', `/${headers}`, `M=/build/${name}`, version, 'modules'], {
      encoding: 'utf8',
    });
    for (const file of products) if (existsSync(join(inside, file))) cpSync(join(inside, file), join(folder, file));
  } else {
    if (unpacked) {
      // The headers' Makefile names its common part by an absolute path.
      const makefile = join(kernel.headers, 'Makefile');
      const text = readFileSync(makefile, 'utf8');
      if (!text.includes(unpacked.root))
        writeFileSync(makefile, text.replaceAll(/(include |=)\/usr\/src/g, `$1${unpacked.root}/usr/src`));
    }
    make = spawnSync('make', ['-C', kernel.headers, `M=${folder}`, version, 'CC=gcc-12', 'C=2', 'modules'], {
      encoding: 'utf8',
    });
  }
  const output = `${make.stdout}${make.stderr}`;
  // The compiler of the headers package is another patch level of the same release: the kernel says so, nothing else may.
  const warnings = output
    .split('\n')
    .filter(
      (line) =>
        /warning/i.test(line) && !/(compiler|pahole version) differs from the one used to build the kernel/.test(line),
    );
  if (make.status !== 0 || warnings.length > 0 || !products.every((file) => existsSync(join(folder, file))))
    throw new Error(`${products[0]} does not build cleanly for ${kernel.release}:\n${output}`);
  return join(folder, products[0]);
}
