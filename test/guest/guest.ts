// SPDX-License-Identifier: GPL-2.0-only
// The module and the product on real Debian kernels, in QEMU guests, with what this machine's own kernel may lack.
//
//   npm run test:guest                                          what CI runs: 6.1 and 6.12, a variant each, in short
//   npm run test:guest -- --kernel 6.1,6.12                     both variants of each, as `npm run test:all` does
//   npm run test:guest -- --kernel 6.12 --variant pti,la57      each kernel with each variant; + joins words: pti+la57
//   npm run test:guest -- --all                                 the whole matrix; writes docs/guests.md
//   npm run test:guest -- --window                              also a guest shown in this machine's browser
//   npm run test:guest -- --image --kernel 6.1,6.12             a guest dumped from outside, and its memory images
//   npm run test:guest -- --image --publish …                 the same, and writes docs/image-guests.md
//   npm run test:guest -- --image --differential …            and compares with drgn and crash, which needs 1 GB a kernel
//   npm run test:guest -- --kernel 7.3 --command 'uname -a'     any command instead of the tests
//   npm run test:guest -- --kernel 6.12-sanitizer               a kernel with checkers inside, built from source: also
//                                                               6.12-rt and 6.12-kcsan; README.md tells
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compileFixtures } from '../compile.ts';
import { testHostPages } from './host-pages.ts';
import { type Part, testImage } from './image.ts';
import { buildCanary, buildModule, fetchKernel, KERNELS, type Kernel } from './kernels.ts';
import { askOracle } from './oracle.ts';
import { boot, type Machine, type Monitor, variant } from './qemu.ts';
import { testWindow } from './window.ts';

/** One variant each, and what only a guest can show; both kernels with both, and all tests, are in `npm run test:all`. */
const CI: Record<string, string[]> = { 6.1: ['smp'], 6.12: ['pti+la57'] };
const VARIANTS = ['smp', 'pti+la57'];
/** For --all: each kernel with each of these. */
const ALL_VARIANTS = ['smp', 'pti+la57', '1g+large+numa'];
/** A guest that is read from outside has its memory in one file, so that it cannot have nodes. */
const ALL_IMAGE_VARIANTS = ['smp', 'pti+la57', '1g+large'];

interface Result {
  kernel: string;
  machine: string;
  parts: Part[];
}

const { values } = parseArgs({
  options: {
    kernel: { type: 'string' },
    variant: { type: 'string' },
    command: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    all: { type: 'boolean', default: false },
    window: { type: 'boolean', default: false },
    image: { type: 'boolean', default: false },
    differential: { type: 'boolean', default: false },
    publish: { type: 'boolean', default: false },
  },
});

const kernels = values.kernel?.split(',') ?? (values.all ? KERNELS : Object.keys(CI));
const isShort = !values.kernel && !values.all;
/** Of a kernel by its name. */
function variantsOf(name: string): string[] {
  if (values.variant) return values.variant.split(',');
  if (values.all) return values.image ? ALL_IMAGE_VARIANTS : ALL_VARIANTS;
  if (isShort) return CI[name] ?? VARIANTS;
  return VARIANTS;
}
if (values.image && values.variant?.includes('numa'))
  throw new Error('a guest that is read from outside cannot have numa');
const seconds = Number(values.seconds);
const node = 'node_modules/.bin/node';

/** One guest, said line by line as it goes on: its name goes before what it says, as others run beside it. */
async function runGuest(kernel: Kernel, module: string, machine: Machine, inside: string): Promise<Result> {
  const title = `${kernel.release}  ${machine.name}`;
  const parts: Part[] = [];
  const add = (name: string, pass: boolean, detail: string) => {
    parts.push({ name, pass, detail });
    console.log(`${pass ? 'pass' : 'FAIL'}  ${title}  ${name}: ${detail}`);
  };
  let plugged = 0;
  /** Adds a module of memory to a guest that has room for it, or asks the guest to give it back. */
  const plugMemory = async (monitor: Monitor, what: string) => {
    if (what === 'remove') return void (await monitor.run('device_del', { id: `dimm${plugged}` }));
    plugged++;
    const size = 256 << 20;
    await monitor.run('object-add', { 'qom-type': 'memory-backend-ram', id: `memory${plugged}`, size });
    await monitor.run('device_add', { driver: 'pc-dimm', id: `dimm${plugged}`, memdev: `memory${plugged}` });
  };
  const started = Date.now();
  console.log(`boot  ${title}`);
  const { output, code } = await boot(kernel, module, machine, values.command ?? inside, {
    timeoutMs: (kernel.flavour ? 60 : 30) * 60_000, // checkers take their time
    onLine: async (line, guest) => {
      if (values.command) console.log(line);
      const [, name, word, detail] = /^===part (\S+) (pass|FAIL) ?(.*)$/.exec(line) ?? [];
      if (name) add(name, word === 'pass', detail ?? '');
      if (line.startsWith('===oracle ')) {
        const { failures, checked } = await askOracle(guest, JSON.parse(line.slice(10)));
        for (const failure of failures) guest.lines.push(`oracle: ${failure}`);
        add('oracle', failures.length === 0, `${checked} comparisons from outside`);
        guest.say('go');
      }
      const memory = /^===memory (add|remove)$/.exec(line)?.[1];
      if (memory) await plugMemory(guest.monitor, memory);
    },
  });
  if (values.command) add('command', code === 0, '');
  else if (code !== 0 && parts.every((p) => p.pass)) add('guest', false, `ended with ${code}`);
  const failed = parts.some((p) => !p.pass);
  console.log(`${failed ? 'FAIL' : 'pass'}  ${title}  ${((Date.now() - started) / 1000).toFixed(0)} s`);
  mkdirSync('out/guests', { recursive: true });
  const log = `out/guests/${kernel.name}-${machine.name}.log`;
  writeFileSync(log, output);
  if (failed && !values.command) console.log(`${output.split('\n').slice(-120).join('\n')}\nAll of it: ${log}`);
  return { kernel: kernel.release, machine: machine.name, parts };
}

/** A guest shown in this machine's browser. */
async function runWindow(kernel: Kernel, module: string): Promise<Result> {
  const failure = await testWindow(kernel, module, variant('plain'));
  const pass = !failure;
  const detail = 'a guest with three sources, in the browser of the host';
  console.log(`${pass ? 'pass' : 'FAIL'}  ${kernel.release}  window: ${detail}`);
  if (failure) console.log(failure);
  return { kernel: kernel.release, machine: 'window', parts: [{ name: 'window', pass, detail }] };
}

/** Memory of virtual machines that the host has in huge pages. */
async function runHostPages(): Promise<Result> {
  const parts = await testHostPages().catch((error): Part[] => [
    { name: 'nested walk', pass: false, detail: String(error) },
  ]);
  for (const part of parts) console.log(`${part.pass ? 'pass' : 'FAIL'}  ${part.name}: ${part.detail}`);
  return { kernel: 'no kernel', machine: 'huge pages on the host', parts };
}

/** A guest that is dumped from outside. */
async function runImage(kernel: Kernel, module: string, machine: Machine): Promise<Result> {
  const parts: Part[] = [];
  await testImage(kernel, module, machine, values.differential, (part) => {
    parts.push(part);
    console.log(`${part.pass ? 'pass' : 'FAIL'}  ${kernel.release}  ${machine.name}  ${part.name}: ${part.detail}`);
  });
  return { kernel: kernel.release, machine: `${machine.name}, from outside`, parts };
}

/** Builds the module for a kernel; what is to run in guests of it. */
function prepare(name: string): (() => Promise<Result>)[] {
  const kernel = fetchKernel(name);
  try {
    const module = buildModule(kernel);
    let inside = `${node} test/guest/inside.ts ${seconds}${isShort ? ' short' : ''}`;
    if (kernel.flavour) inside = `${node} test/guest/sanitizer.ts ${seconds} ${kernel.flavour} ${buildCanary(kernel)}`;
    else copyFileSync(buildModule(kernel, 99), `${module}.other`);
    // Debian built 5.10 without five levels: the kernel stays with four.
    const machines = kernel.flavour && !values.variant ? ['smp+hotplug'] : variantsOf(name);
    if (values.image) return machines.map((machine) => () => runImage(kernel, module, variant(machine)));
    const runs = machines.map((machine) => () => runGuest(kernel, module, variant(machine), inside));
    if (values.window && name === kernels.at(-1)) runs.push(() => runWindow(kernel, module));
    return runs;
  } catch (error) {
    console.log(`FAIL  ${kernel.release}  build\n${error}`);
    const failed = { kernel: kernel.release, machine: 'build', parts: [{ name: 'build', pass: false, detail: '' }] };
    return [async () => failed];
  }
}

compileFixtures();
// All is built before the first guest boots: nobody listens to a guest during a build.
const runs = kernels.flatMap(prepare);
if (values.image) runs.push(runHostPages);

// One after the other: a guest keeps more than one CPU busy, and two of them would reach the limits of their tests.
const results: Result[] = [];
for (const run of runs) results.push(await run());

const parts = results.flatMap((r) => r.parts);
const passed = parts.filter((p) => p.pass).length;
if (values.all || values.publish) writeReport();
console.log(`${passed} passed, ${parts.length - passed} failed`);
process.exitCode = passed === parts.length ? 0 : 1;

function writeReport(): void {
  const inCell = (text: string) => text.replaceAll('\n', '<br>').replaceAll('|', '\\|');
  const sections = results.map(({ kernel, machine, parts }) => {
    const rows = parts.map(
      ({ name, pass, detail }) => `| ${pass ? '✓' : '**FAILED**'} | ${inCell(name)} | ${inCell(detail)} |`,
    );
    return `## ${kernel}, ${machine}\n\n| | part | what was found |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  const head = values.image
    ? '# Guests from outside\n\nThe last run of `npm run test:guest -- --image --publish`: what [images](images.md) of each kernel and the running virtual\nmachine say, compared with what the guest says of itself.\n'
    : '# Guests\n\nThe last run of `npm run test:guest -- --all`: the module built for each kernel, and its tests in QEMU.\n';
  const date = new Date().toISOString().slice(0, 10);
  const total = `${date}, ${passed} parts passed, ${parts.length - passed} failed.\n`;
  writeFileSync(values.image ? 'docs/image-guests.md' : 'docs/guests.md', [head, total, ...sections].join('\n'));
}
