// SPDX-License-Identifier: GPL-2.0-only
// The commands of the command line. Exit codes: 0 success, 1 a mismatch was found, 2 the command failed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { userInfo } from 'node:os';
import { Command, CommanderError } from 'commander';
import { bytes, hex } from '../../contract/format.ts';
import { EXPORT_FORMATS } from '../../contract/formats.ts';
import { visible } from '../../contract/inert.ts';
import { hasKind } from '../../contract/said.ts';
import { openBrowser } from '../browser.ts';
import { exploreFile, listCaptures } from '../captures.ts';
import { connections } from '../connections.ts';
import type { Explorer } from '../explorer/explorer.ts';
import type { Host } from '../explorer/hostWalk.ts';
import { HELPER, LABS_PROGRAM } from '../files.ts';
import { serve } from '../serve.ts';
import { type Captures, type PrivilegedMachine, Service, startedHereOnly } from '../service/service.ts';
import { Failed } from '../sources/failed.ts';
import { runMonitor } from '../sources/monitor.ts';
import { type Account, invoker, spawnAs, windowEnvironment } from '../user.mjs';
import { VERSION } from '../version.ts';
import {
  type ExportOptions,
  exportTo,
  REPORT_FORMATS,
  type ReportOptions,
  report,
  showCapture,
  verify,
} from './capture.ts';
import { type CpusOptions, cpus } from './cpus.ts';
import { type DiffOptions, diff } from './diff.ts';
import {
  type FrameOptions,
  frame,
  type MemoryOptions,
  memory,
  owners,
  type SearchOptions,
  search,
  shared,
} from './frames.ts';
import { type LabOptions, lab } from './lab.ts';
import { complain, endGently, type Json, type Origin, print, say, show, showError } from './output.ts';
import { type CheckOptions, check, type PsOptions, ps, regions } from './space.ts';
import { type TraceOptions, trace } from './trace.ts';
import { translate } from './translate.ts';
import { vms } from './vm.ts';
import {
  type ExplainOptions,
  explainEntry,
  type TableOptions,
  type TablesOptions,
  tableOf,
  tables,
  walk,
} from './walk.ts';
import { type WatchOptions, watch } from './watch.ts';

/** Which causes of changes a watch can see here, and why not the others. */
async function sayCauses(explorer: Explorer): Promise<void> {
  const causes = await explorer.causes().catch((error: unknown) => Failed.from(error));
  if (causes instanceof Failed) {
    say(`causes     all inferred: ${causes.message}`);
    say(`           ${causes.remedy}`);
    return;
  }
  const { kinds, functionsRefusal } = causes;
  const named = (wanted: string) => kinds.filter(({ how }) => how === wanted);
  const list = (some: typeof kinds, sayOne: (one: (typeof kinds)[number]) => string) => some.map(sayOne).join('; ');
  say(`causes     seen: ${list(named('seen'), ({ kind }) => kind)}`);
  const [partly, inferred] = [named('partly'), named('inferred')];
  if (partly.length) say(`           seen in part: ${list(partly, ({ kind, detail }) => `${kind} (not ${detail})`)}`);
  if (inferred.length) say(`           inferred: ${list(inferred, ({ kind, detail }) => `${kind} (${detail})`)}`);
  if (functionsRefusal)
    say(
      `           tracepoints show this; programs at functions would show more, but this kernel refuses them (${functionsRefusal}): they need CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS`,
    );
}

async function doctor(explorer: Explorer, { json }: Json): Promise<number> {
  const t = await explorer.target();
  const ready = t.sources.filter((s) => s.ready).length;
  if (json) {
    const { ramBegin, ramEnd, ...facts } = t;
    const causes = t.capture ? null : await explorer.causes().catch(() => null);
    print({ ...facts, ram: Array.from(ramBegin, (begin, i) => ({ begin, end: ramEnd[i] })), causes });
  } else {
    say(
      `cr3scope ${t.version} on ${t.hostname}: Linux ${t.release}, ${t.cpuModel}, ${t.cpus} CPUs, ${bytes(t.memoryBytes)}`,
    );
    say(
      `paging     ${t.levels} levels, PTI ${t.pti ? 'on' : 'off'}, PCID ${t.pcid ? 'yes' : 'no'}, ${t.maxPhysBits} physical bits, C-bit mask 0x${hex(t.encryptionMask)}`,
    );
    const runs = hasKind(t, 'pagemap');
    if (runs) say(`lockdown   ${t.lockdown || 'not in this kernel'}`);
    say(
      `swap types ${t.configFrom ? `numbered by ${t.configFrom}` : 'not known: neither a kernel configuration nor BTF was found, so entries that are not present keep several readings'}`,
    );
    if (t.ksmUnreliable)
      say('kpageflags KSM is set for every anonymous page by this kernel; it is shown as "ksm?" and not relied on');
    for (const s of t.sources) {
      say(`${s.ready ? 'ready  ' : 'missing'}    ${s.label}: ${s.detail}`);
      if (!s.ready) say(`           ${s.remedy}`);
    }
    for (const finding of t.image?.findings ?? []) say(`found      ${finding}`);
    for (const notice of t.notices) say(`note       ${notice}`);
    if (!t.capture && runs) await sayCauses(explorer);
    say(
      ready >= 2
        ? `${ready} sources: pages can be cross-checked.`
        : 'Fewer than two sources: nothing can be cross-checked.',
    );
  }
  return ready >= 2 ? 0 : 2;
}

interface ServeOptions extends Json {
  port: string;
  open?: boolean;
  launch?: boolean;
}

/** Best effort: the link is in the terminal anyway. */
function openLink(url: string): ReturnType<typeof openBrowser> | undefined {
  try {
    return openBrowser(url);
  } catch (error) {
    const { message, remedy } = Failed.from(error);
    complain({ message: `no browser was opened: ${message}`, remedy });
    return undefined;
  }
}

/** Captures and other machines that one server shows. */
const MOST_OTHERS = 64;

async function runServe(
  { explorer, machine, onHost }: Opened,
  { port, json, open, launch }: ServeOptions,
): Promise<number> {
  const number = Number(port);
  if (!/^\d{1,5}$/.test(port) || number > 65535)
    throw new Failed(`"${port}" is not a port`, 'Give a number from 0 to 65535; 0 takes a free one.');
  const options = {
    labsProgram: LABS_PROGRAM,
    ...(machine && { machine }),
    ...(onHost && { onHost }),
    ...(launch && { permitLaunch: async () => undefined }),
  };
  /** Other machines by their hosts, and captures by their names. */
  const others = new Map<string, Opened>();
  const toOthers = connections((other) =>
    others.set(other.privileges.host, { explorer: other.explorer, machine: other }),
  );
  const captures: Captures = {
    list: listCaptures,
    async open(path, lent) {
      if (others.size >= MOST_OTHERS)
        throw new Failed(`${others.size} captures and machines are open already`, 'Start cr3scope again.', 'EAGAIN');
      const name = `capture-${others.size + 1}`;
      others.set(name, { explorer: await exploreFile(path, [], lent) });
      return name;
    },
  };
  const openService = (name: string): Service | undefined => {
    if (!name) return new Service(explorer, { ...options, connections: toOthers, captures });
    const other = others.get(name);
    const read = other?.machine && { machine: other.machine };
    return other && new Service(other.explorer, { ...read, connections: toOthers, captures });
  };
  let opened: ReturnType<typeof openBrowser> | undefined;
  const server = await serve(openService, number, () => opened?.remove());
  if (json) print({ url: server.url, port: server.port, pid: process.pid });
  else {
    say('cr3scope serves on this machine only. Open this link; it works once, in one tab of a browser:');
    say('', `  ${server.url}`, '');
    say(
      `From another machine: ssh -L ${server.port}:127.0.0.1:${server.port} ${userInfo().username}@this-machine, then open it there. Ctrl-C ends.`,
    );
    if (process.getuid?.() === 0)
      say(
        'The server runs as root, because root itself started it. Started by a user, also with sudo, it has no privileges.',
      );
  }
  if (open) opened = openLink(server.url);
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve);
  });
  await stopped;
  opened?.remove();
  await server.close();
  return 0;
}

/** Waits for a child that has the standard streams. Ctrl-C reaches it anyway. */
async function exitCodeOf(child: ChildProcess, what: string): Promise<number> {
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  try {
    const [code] = await once(child, 'close');
    return code ?? 2;
  } catch (error) {
    throw new Failed(`${what} does not start: ${(error as Error).message}`, 'Install cr3scope again.', 'ENOENT');
  }
}

const runHelper = (): Promise<number> => exitCodeOf(spawn(HELPER, { stdio: 'inherit' }), 'the helper');

/** The same command as the user who called sudo or pkexec. Only the helper, if one is needed, stays root's. */
function runAs(user: Account, { host, capture, privileges = true }: Origin): Promise<number> {
  const helper = privileges && host === undefined && capture === undefined ? HELPER : undefined;
  const command = [process.execPath, ...process.argv.slice(1)];
  return exitCodeOf(spawnAs({ ...user, env: windowEnvironment(user) }, helper, command), 'the server');
}

const example = (text: string) => `\nExample:\n  ${text}\n`;

/** The machine, or a capture of one. */
interface Opened {
  readonly explorer: Explorer;
  readonly machine?: PrivilegedMachine;
  /** Of a virtual machine. */
  readonly onHost?: Host;
  /** What must be undone at the end. */
  readonly close?: () => Promise<void>;
}
type Open = (from: Origin) => Promise<Opened>;

/** Prints an error of commander on one line, whatever the argument in it contains, and its suggestion on another one. */
function sayUsageError(text: string): string {
  const [, error = '', suggestion = ''] = /^(?:error: )?([\s\S]*?)(\n\(Did you mean [^\n]*\?\))?\n*$/.exec(text) ?? [];
  return `cr3scope: ${visible(error)}${suggestion}\n`;
}

/** The command line. `open` is called when the arguments are valid; `end` is called with the exit code. */
export function commandLine(open: Open, end: (exitCode: number) => void): Command {
  const program = new Command('cr3scope')
    .description(
      'Explore Linux process memory by physical address and cross-check every translation.\nExit codes: 0 success, 1 a mismatch was found, 2 the command failed.',
    )
    .version(VERSION)
    .exitOverride()
    .enablePositionalOptions() // what follows the program of `trace` belongs to it
    .configureOutput({
      writeOut: show,
      writeErr: showError,
      outputError: (text, write) => write(sayUsageError(text)),
    })
    .showHelpAfterError('Run `cr3scope --help` to see the commands.');
  /** A command that needs no machine. */
  const offline = (name: string, description: string, sample: string) =>
    program
      .command(name)
      .description(description)
      .option('--json', 'print JSON, one object per line')
      .addHelpText('after', example(sample))
      .exitOverride();
  /** A command that reads the machine only. */
  const live = (name: string, description: string, sample: string) =>
    offline(name, description, sample)
      .option('--host <machine>', 'read another machine, like user@machine, by ssh')
      .option('--no-privileges', 'do not ask for a password; read what this user may');
  /** A command that reads the machine, or an image of its memory. */
  const imaged = (name: string, description: string, sample: string) =>
    live(name, description, sample)
      .option('--image <file>', 'read this memory image instead of the machine (docs/images.md)')
      .option('--vm <vm>', 'read the memory of this virtual machine of this host, by name or PID (`cr3scope vms`)')
      .option('--freeze', 'of a virtual machine: stop it while it is read')
      .option(
        '--root <pa>',
        'of an image: also take this physical address as a root; its process is called "root". "guess" looks for pages that look like roots',
      )
      .option('--levels <levels>', 'of an image: 4 or 5 levels of page tables; by default as found, else 4')
      .option('--ranges <list>', 'of a raw image: the physical memory in it, like 0-c0000000,100000000-140000000');
  /** A command that reads a capture, too. */
  const command = (name: string, description: string, sample: string) =>
    imaged(name, description, sample).option('--capture <file>', 'read this capture instead of the machine');
  const run = async (action: (explorer: Explorer, onHost?: Host) => Promise<number>, from: Origin) => {
    const opened = await open(from);
    try {
      end(await action(opened.explorer, opened.onHost));
    } finally {
      await opened.close?.();
    }
  };

  program.commandsGroup('Machine:');
  command(
    'doctor',
    'show facts about this machine, which sources are ready, and how to get the others',
    'cr3scope doctor',
  ).action((o: Json) => run((e) => doctor(e, o), o));
  command('ps', 'list processes with the physical address of their root page table', 'cr3scope ps --tree')
    .option('--tree', 'list each process below its parent')
    .option('--long', 'also the container or cgroup, and the command line')
    .option('--sample [seconds]', 'also the use of a CPU in percent, over a second or the given time')
    .option('--walk', 'walk every address space first, and add the bytes that only one, or several, map')
    .action((o: PsOptions) => run((e) => ps(e, o), o));
  command('cpus', 'show the root in force on each CPU and the process it belongs to', 'cr3scope cpus --watch')
    .option('--watch [seconds]', 'repeat every second, or at the given interval')
    .action((o: CpusOptions) => run((e) => cpus(e, o), o));

  offline('vms', 'list the virtual machines of this host: QEMU processes', 'cr3scope vms').action((o: Json) =>
    end(vms(o)),
  );

  program.commandsGroup('Processes and page tables:');
  command('regions <pid>', 'list the regions of a process', 'cr3scope regions 1').action((pid: string, o: Json) =>
    run((e) => regions(e, pid, o), o),
  );
  command('check [pid]', 'cross-check every page of a process, or of all processes', 'cr3scope check 1 --json')
    .option('--all', 'check every process')
    .option('--bytes', 'also compare the bytes of mapped pages with /proc/PID/mem; this sets their accessed bits')
    .action((pid: string | undefined, o: CheckOptions) => run((e) => check(e, pid, o), o));
  command(
    'walk <pid> <va>',
    'walk the page tables for one virtual address, level by level',
    'cr3scope walk 1 7f3a4001f000',
  ).action((pid: string, va: string, o: Json) => run((e, onHost) => walk(e, pid, va, o, onHost), o));
  command(
    'translate <pid> [addresses...]',
    'print the physical address of each virtual address, cross-checked; without addresses, one for each line of standard input',
    'cr3scope translate 4077 7f3a4001f000 55d0c0de1000',
  ).action((pid: string, vas: string[], o: Json) => run((e) => translate(e, pid, vas, o), o));
  command(
    'table <pid> <va>',
    'print one of the page tables that the walk of an address goes through, entry by entry',
    'cr3scope table 1 7f3a4001f000 --level pmd',
  )
    .option('--level <level>', 'pte, pmd, pud, p4d or pgd', 'pte')
    .option('--all', 'include empty entries')
    .action((pid: string, va: string, o: TableOptions) => run((e) => tableOf(e, pid, va, o), o));
  command('tables <pid>', 'summarise all page tables of a process, by level', 'cr3scope tables 1')
    .option('--all', 'list each table')
    .option('--roots', 'compare the kernel root and the user root of PTI instead, slot by slot')
    .action((pid: string, o: TablesOptions) => run((e) => tables(e, pid, o), o));
  command(
    'explain <entry>',
    'explain a raw page-table entry, bit by bit; needs no privileges',
    'cr3scope explain 0x8000000078173067 --level pte',
  )
    .option('--level <level>', 'pte, pmd, pud, p4d or pgd; by default the most likely one')
    .option('--kernel-half', 'of a table for kernel addresses, which holds no swap entries')
    .action((entry: string, o: ExplainOptions) => run((e) => explainEntry(e, entry, o), { ...o, privileges: false }));
  command(
    'shared <pid> <other>',
    'list the frames that two processes share, and the copies that each has of the other’s pages',
    'cr3scope shared 4077 4110',
  ).action((pid: string, other: string, o: Json) => run((e) => shared(e, pid, other, o), o));

  program.commandsGroup('Physical memory:');
  command(
    'frame',
    'print the bytes and flags of a physical frame',
    'cr3scope frame 117274   (or: cr3scope frame --pa 117274000)',
  )
    .argument('<number>', 'the frame number in hex')
    .option('--pa', 'the number is a physical address')
    .option('--as <pattern>', "lay a structure over the bytes: 'struct page', 'pte_t[512]', '{ u32 a; u64 b; }'")
    .action((number: string, o: FrameOptions) => run((e) => frame(e, number, o), o));
  command(
    'owners',
    'find every process and address that maps a frame, by walking all address spaces',
    'cr3scope owners 117274   (or: cr3scope owners 4077:7f3a4001f000)',
  )
    .argument('<frame>', 'a frame number in hex, or PID:ADDRESS for the frame that is mapped there')
    .action((frameText: string, o: Json) => run((e) => owners(e, frameText, o), o));
  command(
    'search <pattern>',
    'search physical memory, or what a process maps, for bytes; exit code 1 if there are none',
    'cr3scope search "7f 45 4c 46 02 ?? 01" --pid 1   (or: cr3scope search --as text "secret")',
  )
    .option('--as <kind>', 'how to read the pattern: hex (?? is any byte), text, u64 or u32', 'hex')
    .option('--pid <pid>', 'search only the frames that this process maps')
    .option('--limit <hits>', 'stop after this many hits', '1000')
    .action((pattern: string, o: SearchOptions) => run((e) => search(e, pattern, o), o));
  command('memory', 'show what physical memory is used for, by role and process', 'cr3scope memory')
    .argument('[range]', 'frame numbers in hex, the end exclusive, like 100000-140000; by default all of RAM')
    .action((range: string | undefined, o: MemoryOptions) => run((e) => memory(e, range, o), o));

  program.commandsGroup('Over time:');
  command(
    'watch',
    'show how pages change over time, and why: what was seen to change each, or all causes that fit',
    'cr3scope watch 1 7f3a4001f000+16 --interval 0.1',
  )
    .argument('<pid>', 'the process that the ranges belong to')
    .argument(
      '<ranges...>',
      'ADDRESS, ADDRESS+PAGES or FROM-TO (addresses in hex, pages in decimal); PID:RANGE belongs to another process',
    )
    .option('--interval <seconds>', 'time between two samples', '0.1')
    .option('--step', 'take a sample for each line on standard input instead')
    .option('-o, --output <file>', 'also record into a capture')
    .option('--force', 'replace that file if it exists')
    .option(
      '--for <seconds>',
      'stop this long after the first sample; by default when the process has gone, or at Ctrl-C',
    )
    .action((pid: string, ranges: string[], o: WatchOptions) => run((e) => watch(e, pid, ranges, o), o));
  command(
    'trace',
    'follow root page tables through exec, fork and exit: of a new program, a running process, or the whole machine',
    'cr3scope trace make -j4\n  cr3scope trace --attach 4077\n  cr3scope trace --machine --json | jq -c \'select(.kind == "exec")\'',
  )
    .argument('[program]', 'the program to start; it keeps this terminal')
    .argument('[arguments...]', 'its arguments')
    .option('--attach <pid>', 'follow a running process and its descendants instead; Ctrl-C detaches from them')
    .option('--machine', 'follow every process through tracepoints instead, stopping none; Ctrl-C ends it')
    .option('-o, --output <file>', 'also record into a capture')
    .option('--force', 'replace that file if it exists')
    .option('--no-follow', 'let the program run on untraced after its first exec')
    .option('--directory <path>', 'start the program in this directory')
    .option(
      '--user <user>',
      'start the program as this user, with HOME, USER, LOGNAME, SHELL and PATH as at login; of the environment only language, time zone, terminal and DISPLAY are kept',
    )
    .option('--env <NAME=value...>', 'set environment variables of the program')
    .passThroughOptions()
    .action((name: string | undefined, more: string[], o: TraceOptions) => run((e) => trace(e, name, more, o), o));
  live(
    'lab [lab]',
    'run a small real program step by step and show the pages it maps; without a name, list the labs',
    'cr3scope lab cow',
  )
    .option('--no-wait', 'do not wait for Enter between steps')
    .action((name: string | undefined, o: LabOptions) => {
      if (o.host !== undefined) throw startedHereOnly(o.host, 'labs');
      return run((e) => lab(e, name, o), { ...o, privileges: name !== undefined && o.privileges !== false });
    });

  program.commandsGroup('Evidence:');
  imaged(
    'report [pids...]',
    'check processes and write the evidence to a file: a capture, which every command and the window can open, or one of the formats that a capture can be exported to',
    'cr3scope report --all -o before.cr3scope\n  cr3scope report 1 -o init.html',
  )
    .requiredOption('-o, --output <file>', 'file to write')
    .option('--all', 'every process')
    .option('--format <format>', `${REPORT_FORMATS.join(', ')}; by default the extension of the file name`)
    .option('--range <range>', 'only these pages: ADDRESS, ADDRESS+PAGES or FROM-TO')
    .option('--frames <what>', 'also keep mapped frames, as bytes or as digests (captures only)')
    .option('--force', 'replace the file if it exists')
    .option('--bytes', 'also compare the bytes of mapped pages')
    .action((pids: string[], o: ReportOptions) => run((e) => report(e, pids, o), o));
  offline(
    'show <capture>',
    'show what a capture holds and where it comes from',
    'cr3scope show before.cr3scope',
  ).action(async (path: string, o: Json) => end(await showCapture(path, o)));
  offline(
    'verify <capture>',
    'verify that a capture is complete and as it was written; exit code 1 if it is not',
    'cr3scope verify before.cr3scope',
  ).action(async (path: string, o: Json) => end(await verify(path, o)));
  offline(
    'export <capture>',
    'convert a capture: HTML and Markdown to read; CSV, JSON Lines and Parquet for other tools',
    'cr3scope export before.cr3scope -o before.parquet',
  )
    .requiredOption('-o, --output <file>', 'file to write')
    .option('--format <format>', `${EXPORT_FORMATS.join(', ')}; by default the extension of the file name`)
    .option('--force', 'replace the file if it exists')
    .action(async (path: string, o: ExportOptions) => end(await exportTo(path, o)));
  imaged(
    'diff <before> [after]',
    'show what changed between two captures, or between a capture and now; exit code 1 if anything did',
    'cr3scope diff before.cr3scope after.cr3scope',
  )
    .option('--csv', 'print CSV')
    .option('--pages <lines>', 'print at most this many lines about pages for each process', '20')
    .action(async (before: string, after: string | undefined, o: DiffOptions) => {
      let opened: Opened | undefined;
      const openNow = async () => {
        opened = await open(o);
        return opened.explorer;
      };
      try {
        end(await diff(openNow, before, after, o));
      } finally {
        await opened?.close?.();
      }
    });

  program.commandsGroup('Browser:');
  command('serve', 'serve the window to a browser, on loopback only', 'cr3scope serve --port 8443')
    .option('--port <port>', 'port on 127.0.0.1; 0 takes a free one', '0')
    .option('--open', 'also open it in the default browser, as the user who called sudo')
    .option('--launch', 'let the browser start programs, to trace them')
    .action(async (o: ServeOptions) => {
      const user = invoker(process.env);
      end(user ? await runAs(user, o) : await runServe(await open(o), o));
    });
  // For cr3scope on another machine, which speaks to it (docs/helper.md).
  program
    .command('helper', { hidden: true })
    .description('run the helper on standard input and output')
    .exitOverride()
    .action(async () => end(await runHelper()));
  // Asks QEMU, for a command with --vm (sources/monitor.ts).
  program
    .command('vm-monitor <socket>', { hidden: true })
    .description('ask the monitor of a virtual machine on standard input and output')
    .exitOverride()
    .action(async (socket: string) => {
      // Whoever asked may be gone, and the machine must still be continued.
      endGently(() => undefined);
      end(await runMonitor(socket, print));
    });
  return program;
}

/** Runs one command line; resolves to its exit code. */
export async function runCommand(argv: readonly string[], open: Open): Promise<number> {
  let exitCode = 0;
  const program = commandLine(open, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    complain(Failed.from(error));
    return 2;
  }
}
