// Runs the live tests in QEMU guests (software emulation) on real Debian kernels, with what this machine's own kernel
// may lack: five levels, PTI, several CPUs. The guest sees this machine's root file system read-only, with a RAM layer
// above it, so that the project's own Node, addon and tests run in it unchanged.
//
//   npm run test:guest -- --kernel 6.1 --variant pti,la57
//   npm run test:guest                       both kernels, each variant
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compileFixtures } from '../compile.ts';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cr3scope-guests');
const KERNELS = ['6.1', '6.12'];
const TIMEOUT_MS = 6 * 60_000;

/** What a variant adds to the kernel command line and to QEMU. "-cpu max" has five levels, which Linux then uses. */
const VARIANTS = {
  plain: { cpu: 'max,-la57', kernel: '', qemu: [] },
  la57: { cpu: 'max', kernel: '', qemu: [] },
  pti: { cpu: 'max,-la57', kernel: 'pti=on', qemu: [] },
  'pti+la57': { cpu: 'max', kernel: 'pti=on', qemu: [] },
  smp: { cpu: 'max,-la57', kernel: '', qemu: ['-smp', '2'] },
};

const sh = (program, args, options = {}) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options });

/** Names of the Debian kernel images of a series. */
function kernelPackages(series) {
  return sh('apt-cache', ['search', '--names-only', `^linux-image-${series.replace('.', '\\.')}[.0-9+a-z-]*-amd64$`])
    .split('\n')
    .map((line) => line.split(' ')[0])
    .filter((name) => name.startsWith(`linux-image-${series}.`) && !/cloud|rt-|unsigned|dbg/.test(name));
}

/** Downloads and unpacks the newest Debian kernel of a series, once; returns its folder. */
function fetchKernel(series) {
  let versions = kernelPackages(series);
  if (versions.length === 0) {
    sh('apt-get', ['update', '-qq']);
    versions = kernelPackages(series);
  }
  const name = versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  if (!name)
    throw new Error(`no Debian kernel ${series} in the package lists: run apt-get update, or choose another --kernel`);
  const folder = join(CACHE, name);
  if (existsSync(join(folder, 'complete'))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  console.error(`fetching ${name}`);
  sh('apt-get', ['-q', 'download', name], { cwd: folder });
  sh('dpkg', ['-x', join(folder, readdirSync(folder).find((f) => f.endsWith('.deb')) ?? ''), folder]);
  const release = readdirSync(join(folder, 'lib/modules'))[0];
  sh('/sbin/depmod', ['-b', folder, release]);
  writeFileSync(join(folder, 'complete'), '');
  return folder;
}

const MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'zram'];

const INIT = `#!/bin/busybox sh
B=/bin/busybox
$B mount -t proc p /proc; $B mount -t sysfs s /sys; $B mount -t devtmpfs d /dev 2>/dev/null
for m in $($B cat /modules/order); do $B insmod /modules/$m || echo "guest: insmod $m failed"; done
$B mkdir -p /low /up /root; $B mount -t tmpfs -o size=1g t /up; $B mkdir /up/u /up/w
$B mount -t 9p host /low -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro || echo "guest: mount failed"
$B mount -t overlay o /root -o lowerdir=/low,upperdir=/up/u,workdir=/up/w || echo "guest: overlay failed"
for m in proc sys dev; do $B mount --move /$m /root/$m; done
$B mkdir -p /root/dev/shm /root/dev/pts; $B mount -t tmpfs s /root/dev/shm; $B mount -t devpts p /root/dev/pts
$B ip link set lo up
echo 64M > /root/sys/block/zram0/disksize; $B mkswap /root/dev/zram0 >/dev/null
exec $B switch_root /root /bin/bash -c "$($B cat /command)"
`;

/** An initramfs of busybox, the modules that the kernel needs to reach the host's files, and a command. */
function makeInitramfs(kernel, command) {
  const folder = join(CACHE, 'initramfs');
  rmSync(folder, { recursive: true, force: true });
  for (const d of ['bin', 'proc', 'sys', 'dev', 'modules']) mkdirSync(join(folder, d), { recursive: true });
  cpSync('/bin/busybox', join(folder, 'bin/busybox'));
  const modules = join(kernel, 'lib/modules');
  const base = join(modules, readdirSync(modules)[0]);
  const dependencies = new Map(
    readFileSync(join(base, 'modules.dep'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((l) => {
        const [file, rest] = l.split(':');
        return [file, rest.trim().split(' ').filter(Boolean)];
      }),
  );
  const order = [];
  for (const module of MODULES) {
    const file = [...dependencies.keys()].find(
      (f) =>
        basename(f)
          .replace(/\.ko.*$/, '')
          .replaceAll('-', '_') === module,
    );
    if (!file) continue; // built in
    for (const f of [...dependencies.get(file)].reverse().concat(file)) {
      const name = basename(f).replace(/\.xz$/, '');
      if (order.includes(name)) continue;
      const bytes = f.endsWith('.xz')
        ? execFileSync('xz', ['-dc', join(base, f)], { maxBuffer: 1 << 26 })
        : readFileSync(join(base, f));
      writeFileSync(join(folder, 'modules', name), bytes);
      order.push(name);
    }
  }
  writeFileSync(join(folder, 'modules/order'), order.join('\n'));
  writeFileSync(join(folder, 'command'), command);
  writeFileSync(join(folder, 'init'), INIT, { mode: 0o755 });
  const image = join(CACHE, 'initramfs.cpio');
  sh('sh', ['-c', `find . | cpio -o -H newc --quiet > ${image}`], { cwd: folder });
  return image;
}

/** Boots a kernel and runs a command in the guest; resolves to what it printed and its exit code. */
function boot(kernel, { cpu, kernel: parameters, qemu }, command) {
  const done = '===guest-done';
  const script = `export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root NO_COLOR=1; cd ${resolve('.')}; (${command}) 2>&1; echo "${done} $?"; echo o > /proc/sysrq-trigger; sleep 60`;
  const image = makeInitramfs(kernel, script);
  const vmlinuz = join(kernel, 'boot', readdirSync(join(kernel, 'boot')).find((f) => f.startsWith('vmlinuz')) ?? '');
  const child = spawn(
    'qemu-system-x86_64',
    [
      '-accel',
      'tcg',
      '-cpu',
      cpu,
      '-m',
      '2560',
      '-nographic',
      '-no-reboot',
      '-nic',
      'none',
      '-kernel',
      vmlinuz,
      '-initrd',
      image,
      '-append',
      `console=ttyS0 quiet panic=-1 secretmem.enable=1 ${parameters}`,
      '-fsdev',
      'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap',
      '-device',
      'virtio-9p-pci,fsdev=host,mount_tag=host',
      ...qemu,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  child.stderr.on('data', (text) => {
    output += text;
  });
  child.stdout.on('data', (text) => {
    output += text;
    if (/===guest-done \d+\r?\n/.test(output)) child.kill();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  return new Promise((ready) => {
    child.on('exit', () => {
      clearTimeout(timer);
      const clean = output.replaceAll('\r', '');
      ready({ output: clean, code: Number(/===guest-done (\d+)/.exec(clean)?.[1] ?? 124) });
    });
  });
}

const { values } = parseArgs({
  options: { kernel: { type: 'string' }, variant: { type: 'string' }, command: { type: 'string' } },
});
const kernels = values.kernel ? values.kernel.split(',') : KERNELS;
const variants = values.variant ? values.variant.split(',') : Object.keys(VARIANTS);
const unknown = variants.find((v) => !Object.hasOwn(VARIANTS, v));
if (unknown) {
  console.error(`no such variant: ${unknown}. There are ${Object.keys(VARIANTS).join(', ')}.`);
  process.exit(2);
}
const command =
  values.command ??
  'CR3SCOPE_GUEST=1 node_modules/.bin/node node_modules/vitest/vitest.mjs run --reporter=verbose test/live/pages.test.ts && node_modules/.bin/node out/main/cli.cjs doctor && node_modules/.bin/node out/main/cli.cjs check --all';

compileFixtures();
let passed = 0;
let failed = 0;
for (const series of kernels) {
  const kernel = fetchKernel(series);
  for (const variant of variants) {
    const started = Date.now();
    const { output, code } = await boot(kernel, VARIANTS[variant], command);
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    if (code === 0) passed++;
    else failed++;
    console.log(`${code === 0 ? 'pass' : 'FAIL'}  ${basename(kernel)}  ${variant.padEnd(9)} ${seconds} s`);
    const facts = output
      .split('\n')
      .filter((l) => /^(paging|ready|missing)|processes, .* pages|MISMATCH/.test(l.trim()));
    for (const line of facts) console.log(`        ${line.trim()}`);
    if (code !== 0) console.log(output.split('\n').slice(-60).join('\n'));
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
