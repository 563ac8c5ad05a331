// SPDX-License-Identifier: GPL-2.0-only
// Boots a kernel in QEMU (software emulation). The guest sees this machine's root file system read-only, with a RAM layer
// above it, so that the project's own Node, addon and tests run in it unchanged; the module is loaded from the start.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { sh } from './apt.ts';
import type { Kernel } from './kernels.ts';

/** What a word of a variant adds. */
interface Addition {
  la57?: boolean;
  append?: string;
  qemu?: string[];
  memory?: number;
  room?: string;
  nodes?: number;
}

export interface Machine {
  name: string;
  la57: boolean;
  /** Kernel parameters. */
  append: string;
  /** MiB, and QEMU's words for room to plug in more. */
  memory: number;
  room: string;
  nodes: number;
  qemu: string[];
}

/** What each word of a variant adds. "-cpu max" has five levels, which Linux then uses, and 1 GiB pages. */
const WORDS: Record<string, Addition> = {
  plain: {},
  la57: { la57: true },
  pti: { append: 'pti=on' },
  smp: { qemu: ['-smp', '2'] },
  '1g': { append: 'hugepagesz=1G hugepages=1 hugepagesz=2M', memory: 4096 },
  large: { memory: 6144 }, // frames above 4 GiB
  numa: { nodes: 2 },
  hotplug: { append: 'memhp_default_state=online_movable', room: ',slots=1,maxmem=8G' }, // for one more module of memory
};

/** "pti+la57" as the machine that it means. */
export function variant(name: string): Machine {
  const machine: Machine = { name, la57: false, append: '', memory: 2560, room: '', nodes: 0, qemu: [] };
  for (const word of name.split('+')) {
    const w = WORDS[word];
    if (!w) throw new Error(`no such variant: ${word}. There are ${Object.keys(WORDS).join(', ')}, joined by +.`);
    machine.la57 ||= Boolean(w.la57);
    machine.append += ` ${w.append ?? ''}`;
    machine.room += w.room ?? '';
    machine.memory = Math.max(machine.memory, w.memory ?? 0);
    machine.nodes ||= w.nodes ?? 0;
    machine.qemu.push(...(w.qemu ?? []));
  }
  for (let node = 0; node < machine.nodes; node++) {
    const size = machine.memory / machine.nodes;
    machine.qemu.push('-object', `memory-backend-ram,id=m${node},size=${size}M`, '-numa', `node,memdev=m${node}`);
  }
  return machine;
}

const MODULES = [
  'virtio_pci',
  '9pnet_virtio',
  '9p',
  'overlay',
  'virtio_blk',
  'crc32c_generic',
  'ext4',
  'virtio_net',
  'qemu_fw_cfg',
];

const INIT = `#!/bin/busybox sh
B=/bin/busybox
$B mount -t proc p /proc; $B mount -t sysfs s /sys; $B mount -t devtmpfs d /dev 2>/dev/null
for m in $($B cat /modules/order); do $B insmod /modules/$m || echo "guest: insmod $m failed"; done
$B mkdir -p /low /up /root; $B mount -t tmpfs -o size=1g t /up; $B mkdir /up/u /up/w
$B mount -t 9p host /low -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro || echo "guest: mount failed"
$B mount -t overlay o /root -o lowerdir=/low,upperdir=/up/u,workdir=/up/w || echo "guest: overlay failed"
for m in proc sys dev; do $B mount --move /$m /root/$m; done
$B mount -t securityfs s /root/sys/kernel/security; $B mount -t debugfs d /root/sys/kernel/debug 2>/dev/null
$B mkdir -p /root/dev/shm /root/dev/pts; $B mount -t tmpfs s /root/dev/shm; $B mount -t devpts p /root/dev/pts
$B mount -t tmpfs s /root/run; $B cp -r /ours/. /root/run
$B ip link set lo up
$B ip link set eth0 up 2>/dev/null && $B ip addr add 10.0.2.15/24 dev eth0
exec $B switch_root /root /bin/bash -c "$($B cat /command)"
`;

/** An initramfs of busybox, the modules that the kernel needs to reach the host's files, ours, and a command. */
function makeInitramfs(kernel: Kernel, module: string | undefined, folder: string, command: string): string {
  for (const d of ['bin', 'proc', 'sys', 'dev', 'modules']) mkdirSync(join(folder, 'root', d), { recursive: true });
  const root = join(folder, 'root');
  cpSync('/bin/busybox', join(root, 'bin/busybox'));
  mkdirSync(join(root, 'ours'));
  if (module) {
    cpSync(module, join(root, 'ours/cr3scope.ko'));
    cpSync(join(dirname(module), 'cr3scope-course.ko'), join(root, 'ours/cr3scope-course.ko'));
    if (existsSync(`${module}.other`)) cpSync(`${module}.other`, join(root, 'ours/other.ko'));
  }
  const modules = kernel.unpacked?.modules; // built in otherwise
  const dependencies = new Map<string, string[]>();
  for (const line of modules ? readFileSync(join(modules, 'modules.dep'), 'utf8').trim().split('\n') : []) {
    const [file = '', rest = ''] = line.split(':');
    dependencies.set(file, rest.trim().split(' ').filter(Boolean));
  }
  const nameOf = (file: string) =>
    basename(file)
      .replace(/\.ko.*$/, '')
      .replaceAll('-', '_');
  const order: string[] = [];
  for (const wanted of MODULES) {
    const file = [...dependencies.keys()].find((f) => nameOf(f) === wanted);
    if (!modules || !file) continue; // built in
    for (const f of [...(dependencies.get(file) ?? [])].reverse().concat(file)) {
      const name = basename(f).replace(/\.xz$/, '');
      if (order.includes(name)) continue;
      const from = join(modules, f);
      const bytes = f.endsWith('.xz') ? execFileSync('xz', ['-dc', from], { maxBuffer: 1 << 26 }) : readFileSync(from);
      writeFileSync(join(root, 'modules', name), bytes);
      order.push(name);
    }
  }
  writeFileSync(join(root, 'modules/order'), order.join('\n'));
  writeFileSync(join(root, 'command'), command);
  writeFileSync(join(root, 'init'), INIT, { mode: 0o755 });
  const image = join(folder, 'initramfs.cpio');
  sh('sh', ['-c', `find . | cpio -o -H newc --quiet > ${image}`], { cwd: root });
  return image;
}

/** QEMU's monitor, asked from outside of the guest. */
export class Monitor {
  readonly #socket: Socket;
  readonly #waiting: { ok: (answer: unknown) => void; no: (error: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = createInterface({ input: socket });
    lines.on('error', () => undefined); // QEMU has ended, which is found by its process
    lines.on('line', (line) => {
      const answer = JSON.parse(line) as { return?: unknown; error?: { desc: string } };
      if (answer.return === undefined && !answer.error) return; // greeting and events
      const waiting = this.#waiting.shift();
      if (answer.error) waiting?.no(new Error(answer.error.desc));
      else waiting?.ok(answer.return);
    });
  }

  static async connect(path: string): Promise<Monitor> {
    const open = () =>
      new Promise<Socket>((ok, no) => {
        const socket = createConnection(path, () => ok(socket)).once('error', no);
      });
    for (let attempt = 0; ; attempt++)
      try {
        const monitor = new Monitor(await open());
        await monitor.run('qmp_capabilities');
        return monitor;
      } catch (error) {
        if (attempt > 100) throw error;
        await new Promise((later) => setTimeout(later, 50));
      }
  }

  run(command: string, args?: object): Promise<unknown> {
    return new Promise((ok, no) => {
      this.#waiting.push({ ok, no });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  /** A command of the human monitor, on a CPU. */
  async human(line: string, cpu = 0): Promise<string> {
    const answer = await this.run('human-monitor-command', { 'command-line': line, 'cpu-index': cpu });
    return String(answer).replaceAll('\r', '');
  }
}

/** A guest that runs: `lines` is all that it has printed. */
export interface Guest {
  monitor: Monitor;
  folder: string;
  say: (text: string) => void;
  lines: string[];
}

export interface BootOptions {
  onLine?: (line: string, guest: Guest) => Promise<void> | void;
  timeoutMs?: number;
  /** A TCP port of this machine that leads to the same one of the guest. */
  forward?: number;
}

/**
 * Boots and runs a shell command in the guest, in the project's folder. `onLine` sees each line that the guest prints, and
 * may answer with `say`. `module` is put into /run there. Resolves to all it printed and the command's exit code (124 where it never ended).
 */
export async function boot(
  kernel: Kernel,
  module: string | undefined,
  machine: Machine,
  command: string,
  { onLine, timeoutMs = 15 * 60_000, forward }: BootOptions = {},
): Promise<{ output: string; code: number }> {
  const folder = sh('mktemp', ['-d', join(tmpdir(), 'cr3scope-guest-XXXXXX')]).trim();
  const done = '===guest-done';
  // A temporary folder of its own: in that of the host, programs come and go that a guest can't distinguish from dead ones.
  const script = `export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root NO_COLOR=1 TMPDIR=/run/tmp CR3SCOPE_GUEST='${machine.name}' CR3SCOPE_KERNEL_CONFIG='${kernel.config}'; mkdir -m 1777 $TMPDIR; cd ${resolve('.')}; (${command}) 2>&1; echo "${done} $?"; echo o > /proc/sysrq-trigger; sleep 60`;
  const image = makeInitramfs(kernel, module, folder, script);
  const disk = join(folder, 'disk');
  sh('truncate', ['-s', '256M', disk]);
  const nic = forward ? `user,model=virtio-net-pci,restrict=on,hostfwd=tcp:127.0.0.1:${forward}-:${forward}` : 'none';
  // Emulated, and beside others: a task of low priority may get no CPU for longer than the 21 s after which RCU complains,
  // and an emulated CPU may stand still for longer than the 20 s after which that is called a soft lockup.
  const patience = 'rcupdate.rcu_cpu_stall_timeout=120 watchdog_thresh=60';
  const append = `console=ttyS0 quiet panic=-1 secretmem.enable=1 ${patience} ${kernel.append ?? ''} ${machine.append}`;
  const child = spawn(
    'qemu-system-x86_64',
    [
      ['-accel', 'tcg', '-cpu', machine.la57 ? 'max' : 'max,-la57', '-m', `${machine.memory}${machine.room}`],
      ['-display', 'none', '-serial', 'stdio', '-monitor', 'none', '-no-reboot', '-nic', nic],
      ['-qmp', `unix:${folder}/qmp,server,nowait`],
      ['-kernel', kernel.image, '-initrd', image, '-append', append],
      ['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
      ['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
      ['-drive', `file=${disk},if=virtio,format=raw`],
      machine.qemu,
    ].flat(),
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const lines: string[] = [];
  let code = 124;
  child.stderr.on('data', (text) => lines.push(String(text)));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<void>((ok) => child.once('exit', () => ok()));
  const monitor = await Promise.race([Monitor.connect(`${folder}/qmp`), ended.then(() => undefined)]);
  if (!monitor) return { output: `QEMU did not start: ${lines.join('')}`, code: 125 };
  const guest: Guest = { monitor, folder, say: (text) => child.stdin.write(`${text}\n`), lines };
  // A line is dealt with before the next one is looked at.
  let dealt: Promise<void> = Promise.resolve();
  createInterface({ input: child.stdout }).on('line', (raw) => {
    const line = raw.replaceAll('\r', '');
    lines.push(line);
    const end = new RegExp(`${done} (\\d+)`).exec(line);
    if (end) code = Number(end[1]);
    dealt = dealt
      .then(() => (end ? void child.kill() : onLine?.(line, guest)))
      .catch((error) => {
        lines.push(`host: ${error.stack}`);
        code = 125;
        child.kill();
      });
  });
  await ended;
  await dealt;
  clearTimeout(timer);
  rmSync(folder, { recursive: true, force: true });
  return { output: lines.join('\n'), code };
}
