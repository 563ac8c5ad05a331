// SPDX-License-Identifier: GPL-2.0-only
// The virtual machines of this host: QEMU processes, and where the memory of each is.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { VmMemory } from './carrier.ts';
import { Failed } from './failed.ts';
import type { Question } from './monitor.ts';

export interface Vm {
  pid: number;
  name: string;
  /** Of its memory, as its command line says; null where it does not. */
  memoryBytes: bigint | null;
  /** The paths of its QMP sockets. */
  monitors: string[];
  /** Whether its memory is in files that it shares, as its command line says. */
  shared: boolean;
}

/** "name=value,other=value", where the first may lack its name. */
function optionsOf(text: string, first: string): Record<string, string> {
  if (text.startsWith('{')) {
    try {
      return Object.fromEntries(Object.entries(JSON.parse(text)).map(([name, value]) => [name, String(value)]));
    } catch {
      return {};
    }
  }
  // A comma within a value is doubled.
  const parts = text.replaceAll(',,', '\0').split(',');
  return Object.fromEntries(
    parts.map((part, i) => {
      const [name = '', value] = part.replaceAll('\0', ',').split(/=(.*)/s);
      return value === undefined && i === 0 ? [first, name] : [name, value ?? ''];
    }),
  );
}

function bytesOf(text: string | undefined): bigint | null {
  const [, digits, unit = 'M'] = /^(\d{1,12})([kKMGTmgt]?)/.exec(text ?? '') ?? [];
  if (digits === undefined) return null;
  return BigInt(digits) << BigInt(10 * ('KMGT'.indexOf((unit || 'M').toUpperCase()) + 1));
}

const isOn = (value: string | undefined) => value === 'on' || value === 'true' || value === 'yes';

/** What the command line of a QEMU says. */
export function vmOf(pid: number, args: readonly string[], folder: string): Vm {
  const values = (name: string) =>
    args.flatMap((arg, i) => (arg === `-${name}` || arg === `--${name}` ? [args[i + 1] ?? ''] : []));
  const named = optionsOf(values('name')[0] ?? '', 'guest');
  const memory = optionsOf(values('m').at(-1) ?? '', 'size');
  const sockets = new Map(
    values('chardev')
      .map((text) => optionsOf(text, 'backend'))
      .filter(({ backend, path }) => backend === 'socket' && path)
      .map(({ id, path }) => [id, path]),
  );
  const monitors = [
    ...['qmp', 'qmp-pretty'].flatMap(values).map((text) => /^unix:([^,]+)/.exec(text)?.[1]),
    ...values('mon')
      .map((text) => optionsOf(text, 'chardev'))
      .filter(({ mode }) => mode === 'control')
      .map(({ chardev }) => sockets.get(chardev)),
  ].filter((path) => path !== undefined);
  const backends = values('object')
    .map((text) => optionsOf(text, 'qom-type'))
    .filter((o) => o['qom-type']?.startsWith('memory-backend-'));
  return {
    pid,
    name: named.guest || `qemu-${pid}`,
    memoryBytes: bytesOf(memory.size),
    monitors: monitors.map((path) => resolve(folder, path)),
    shared: backends.length > 0 && backends.every(({ share }) => isOn(share)),
  };
}

/** All QEMU processes whose command line this user may read. */
export function listVms(): Vm[] {
  const vms: Vm[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const args = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      if (!/^qemu-(system-|kvm)/.test(basename(args[0] ?? ''))) continue;
      let folder = '/';
      try {
        folder = readlinkSync(`/proc/${entry}/cwd`);
      } catch {
        // Another user's: paths that are not absolute can't be followed.
      }
      vms.push(vmOf(Number(entry), args, folder));
    } catch {
      // It has ended meanwhile.
    }
  }
  return vms.sort((a, b) => a.pid - b.pid);
}

/** The one that the user names. */
export function findVm(text: string): Vm {
  const vms = listVms();
  const found = vms.filter(({ pid, name }) => String(pid) === text || name === text);
  if (found.length === 1) return found[0] as Vm;
  throw new Failed(
    found.length ? `${found.length} virtual machines are called ${text}` : `there is no virtual machine ${text} here`,
    found.length ? 'Give the PID of its QEMU.' : '`cr3scope vms` lists them.',
    'ESRCH',
  );
}

/** A part of a machine's physical memory. */
export interface VmPart {
  pa: bigint;
  bytes: bigint;
  /** Where it begins in the memory of QEMU. */
  hva: bigint;
  /** The file that holds it and where; "" for the memory of QEMU alone. */
  path: string;
  offset: bigint;
}

/** The parts of the address space of the CPUs that the named objects hold, by `info mtree -f`. */
export function partsOf(layout: string, backends: ReadonlySet<string>): { pa: bigint; bytes: bigint; name: string }[] {
  const view = layout.split(/^FlatView #\d+$/m).find((text) => text.includes('AS "cpu-memory-0"')) ?? '';
  return [
    ...view.matchAll(
      /^ +([0-9a-f]{16})-([0-9a-f]{16}) \(prio -?\d+, (?:ram|rom)\): (.*?)(?: @[0-9a-f]{16})?(?: KVM)?$/gm,
    ),
  ]
    .filter(([, , , name = '']) => backends.has(name))
    .map(([, first = '', last = '', name = '']) => {
      const pa = BigInt(`0x${first}`);
      return { pa, bytes: BigInt(`0x${last}`) + 1n - pa, name };
    });
}

/** CR0, CR3, CR4 and EFER of each CPU, by `info registers -a`. */
export function registersOf(text: string): bigint[] {
  return text
    .split(/^CPU#\d+$/m)
    .filter((cpu) => cpu.includes('CR3='))
    .flatMap((cpu) =>
      ['CR0', 'CR3', 'CR4', 'EFER'].map((name) =>
        BigInt(`0x${new RegExp(`\\b${name}=([0-9a-f]+)`).exec(cpu)?.[1] ?? 0}`),
      ),
    );
}

interface Mapped {
  begin: bigint;
  end: bigint;
  shared: boolean;
  offset: bigint;
  path: string;
  inode: string;
}

function mapsOf(pid: number): Mapped[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch (error) {
    throw new Failed(
      `the memory of QEMU, process ${pid}, can’t be read: ${(error as Error).message}`,
      'Run cr3scope as root, or as the user who runs this virtual machine.',
      (error as NodeJS.ErrnoException).code,
    );
  }
  return [...text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ (\d+) *(.*)$/gm)].map(
    ([, begin, end, permissions = '', offset, inode = '', path = '']) => ({
      begin: BigInt(`0x${begin}`),
      end: BigInt(`0x${end}`),
      shared: permissions.endsWith('s'),
      offset: BigInt(`0x${offset}`),
      path,
      inode,
    }),
  );
}

/** The file of a shared mapping: by its name if that still leads there, else through QEMU. */
function fileOf(pid: number, { begin, end, path, inode }: Mapped): string {
  try {
    if (String(statSync(path, { bigint: true }).ino) === inode) return path;
  } catch {
    // It has no name any more, or never had one.
  }
  return `/proc/${pid}/map_files/${begin.toString(16)}-${end.toString(16)}`;
}

/** Where a part is that begins at `hva`. */
export function placeOf(
  pid: number,
  maps: readonly Mapped[],
  hva: bigint,
  bytes: bigint,
): Pick<VmPart, 'path' | 'offset'> {
  const at = maps.find(({ begin, end }) => hva >= begin && hva + bytes <= end);
  if (!at?.shared || at.inode === '0') return { path: '', offset: hva };
  return { path: fileOf(pid, at), offset: at.offset + hva - at.begin };
}

const Backends = z.array(z.object({ id: z.string() }));
const Answer = z.object({
  ok: z.unknown().optional(),
  error: z.object({ message: z.string(), remedy: z.string(), code: z.string() }).optional(),
});

/** The process that asks QEMU's monitor (monitor.ts). */
class MonitorProcess {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(command: readonly string[], path: string) {
    const [program = '', ...args] = command;
    // In a session of its own: Ctrl-C ends the one who asks, and thereby its input.
    this.#child = spawn(program, [...args, 'vm-monitor', path], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    this.#child.stdin?.on('error', () => undefined);
    this.#child.on('error', () => undefined);
    this.#answers = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  async answer(): Promise<unknown> {
    const { value, done } = await this.#answers.next();
    if (done) throw new Failed('the process that asks QEMU has ended', 'Try again.', 'EPIPE');
    const { ok, error } = Answer.parse(JSON.parse(value));
    if (error) throw new Failed(error.message, error.remedy, error.code);
    return ok;
  }

  ask(question: Question, argument?: string): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify({ ask: question, argument })}\n`);
    return this.answer();
  }

  /** Ends it, and waits until a machine that it has stopped runs again. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    const ended = new Promise<void>((ok) => {
      this.#child.once('exit', () => ok());
    });
    this.#child.stdin?.end();
    if (exitCode === null && signalCode === null) await ended;
  }
}

/** Each monitor serves one program at a time. */
async function firstThatAnswers(paths: readonly string[], command: readonly string[]): Promise<MonitorProcess> {
  let refusal: unknown;
  for (const path of paths) {
    const monitor = new MonitorProcess(command, path);
    try {
      await monitor.answer();
      return monitor;
    } catch (error) {
      await monitor.close();
      refusal = error;
    }
  }
  throw refusal;
}

export interface OpenedVm {
  vm: Vm;
  parts: readonly VmPart[];
  memory: VmMemory;
  /** The machine runs again, if it was frozen. */
  close(): Promise<void>;
}

/** Asks QEMU where its memory is. `command` starts cr3scope's command line. With `freeze` the machine stops until close(). */
export async function openVm(vm: Vm, freeze: boolean, command: readonly string[]): Promise<OpenedVm> {
  if (!vm.monitors.length)
    throw new Failed(
      `the virtual machine ${vm.name} names no monitor`,
      'Start QEMU with -qmp unix:PATH,server=on,wait=off.',
      'ENOENT',
    );
  const monitor = await firstThatAnswers(vm.monitors, command);
  try {
    if (freeze) await monitor.ask('stop');
    const backends = new Set(Backends.parse(await monitor.ask('backends')).map(({ id }) => id));
    const parts: VmPart[] = [];
    const maps = mapsOf(vm.pid);
    for (const { pa, bytes } of partsOf(String(await monitor.ask('layout')).replaceAll('\r', ''), backends)) {
      const said = String(await monitor.ask('hostAddress', pa.toString(16)));
      const hva = BigInt(/ is (0x[0-9a-f]+)/.exec(said)?.[1] ?? 0);
      if (!hva) throw new Failed(`QEMU does not say where 0x${pa.toString(16)} is: ${said}`, 'Try again.', 'EPROTO');
      parts.push({ pa, bytes, hva, ...placeOf(vm.pid, maps, hva, bytes) });
    }
    const registers = registersOf(String(await monitor.ask('registers')).replaceAll('\r', ''));
    // Others may ask, too, unless it waits to continue the machine.
    if (!freeze) await monitor.close();
    return {
      vm,
      parts,
      memory: {
        pid: vm.pid,
        frozen: freeze,
        paths: parts.map(({ path }) => path),
        parts: BigUint64Array.from(parts.flatMap(({ pa, bytes, offset }) => [pa, bytes, offset])),
        registers: BigUint64Array.from(registers),
      },
      close: () => (freeze ? monitor.close() : Promise.resolve()),
    };
  } catch (error) {
    await monitor.close();
    throw error;
  }
}
