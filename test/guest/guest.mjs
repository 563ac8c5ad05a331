// SPDX-License-Identifier: GPL-2.0-only
// The module and the product on real Debian kernels, in QEMU guests, with what this machine's own kernel may lack.
//
//   npm run test:guest                                          what CI runs: 6.1 and 6.12, a variant each
//   npm run test:guest -- --kernel 6.1,6.12                     both variants of each, as `npm run test:all` does
//   npm run test:guest -- --kernel 6.12 --variant pti,la57      each kernel with each variant; + joins words: pti+la57
//   npm run test:guest -- --all                                 the whole matrix; writes docs/guests.md
//   npm run test:guest -- --window                              also a guest shown in this machine's browser
//   npm run test:guest -- --kernel 7.3 --command 'uname -a'     any command instead of the tests
//   npm run test:guest -- --kernel 6.12-sanitizer               a kernel with checkers inside, built from source: also
//                                                               6.12-rt and 6.12-kcsan; README.md tells
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compileFixtures } from '../compile.ts';
import { buildCanary, buildModule, fetchKernel, KERNELS } from './kernels.mjs';
import { askOracle } from './oracle.mjs';
import { boot, variant } from './qemu.mjs';
import { testWindow } from './window.mjs';

/** One variant each, so that CI ends in time; both kernels with both are in `npm run test:all`. */
const CI = { 6.1: ['smp'], 6.12: ['pti+la57'] };
const VARIANTS = ['smp', 'pti+la57'];
/** For --all: each kernel with each of these. */
const ALL_VARIANTS = ['smp', 'pti+la57', '1g+large+numa'];

const { values } = parseArgs({
  options: {
    kernel: { type: 'string' },
    variant: { type: 'string' },
    command: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    all: { type: 'boolean', default: false },
    window: { type: 'boolean', default: false },
  },
});

const kernels = values.kernel?.split(',') ?? (values.all ? KERNELS : Object.keys(CI));
/** Of a kernel by its name. */
const variantsOf = (name) =>
  values.variant?.split(',') ?? (values.all ? ALL_VARIANTS : (!values.kernel && CI[name]) || VARIANTS);
const seconds = Number(values.seconds);
const node = 'node_modules/.bin/node';

compileFixtures();
const results = [];

/** One guest: its parts, each passed or failed. */
async function runGuest(kernel, module, machine, inside) {
  const parts = [];
  /** Says it at once: a guest takes its time. */
  const add = (name, pass, detail) => {
    parts.push({ name, pass, detail });
    console.log(`        ${pass ? 'pass' : 'FAIL'} ${name}: ${detail}`);
  };
  const started = Date.now();
  console.log(`boot  ${kernel.release}  ${machine.name}`);
  const { output, code } = await boot(kernel, module, machine, values.command ?? inside, {
    timeoutMs: (kernel.flavour ? 60 : 30) * 60_000, // checkers take their time
    onLine: async (line, guest) => {
      const part = /^===part (\S+) (pass|FAIL) ?(.*)$/.exec(line);
      if (part) add(part[1], part[2] === 'pass', part[3]);
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
  if (values.command) {
    console.log(output);
    add('command', code === 0, '');
  } else if (code !== 0 && parts.every((p) => p.pass)) add('guest', false, `ended with ${code}`);
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  const failed = parts.filter((p) => !p.pass);
  console.log(`${failed.length ? 'FAIL' : 'pass'}  ${kernel.release}  ${machine.name.padEnd(10)} ${seconds} s`);
  mkdirSync('out/guests', { recursive: true });
  const log = `out/guests/${kernel.name}-${machine.name}.log`;
  writeFileSync(log, output);
  if (failed.length && !values.command) console.log(`${output.split('\n').slice(-120).join('\n')}\nAll of it: ${log}`);
  results.push({ kernel: kernel.release, machine: machine.name, parts, seconds });
}

let plugged = 0;

/** Adds a module of memory to a guest that has room for it, or asks the guest to give it back. */
async function plugMemory(monitor, what) {
  if (what === 'remove') return monitor.run('device_del', { id: `dimm${plugged}` });
  plugged++;
  const size = 256 << 20;
  await monitor.run('object-add', { 'qom-type': 'memory-backend-ram', id: `memory${plugged}`, size });
  await monitor.run('device_add', { driver: 'pc-dimm', id: `dimm${plugged}`, memdev: `memory${plugged}` });
}

for (const name of kernels) {
  const kernel = fetchKernel(name);
  let module;
  let inside = `${node} test/guest/inside.mjs ${seconds}`;
  try {
    module = buildModule(kernel);
    if (kernel.flavour) inside = `${node} test/guest/sanitizer.mjs ${seconds} ${kernel.flavour} ${buildCanary(kernel)}`;
    else copyFileSync(buildModule(kernel, 99), `${module}.other`);
  } catch (error) {
    console.log(`FAIL  ${kernel.release}  build\n${error.message}`);
    results.push({ kernel: kernel.release, machine: 'build', parts: [{ name: 'build', pass: false, detail: '' }] });
    continue;
  }
  // Debian built 5.10 without five levels: the kernel stays with four.
  for (const machine of kernel.flavour && !values.variant ? ['smp+hotplug'] : variantsOf(name))
    await runGuest(kernel, module, variant(machine), inside);
}

if (values.window) {
  const kernel = fetchKernel(kernels.at(-1));
  const failure = await testWindow(kernel, buildModule(kernel), variant('plain'));
  console.log(
    `${failure ? 'FAIL' : 'pass'}  ${kernel.release}  window: a guest with three sources, in the browser of the host`,
  );
  if (failure) console.log(failure);
  results.push({ kernel: kernel.release, machine: 'window', parts: [{ name: 'window', pass: !failure, detail: '' }] });
}

const parts = results.flatMap((r) => r.parts);
const passed = parts.filter((p) => p.pass).length;
if (values.all) writeReport();
console.log(`${passed} passed, ${parts.length - passed} failed`);
process.exitCode = passed === parts.length ? 0 : 1;

function writeReport() {
  const cell = ({ name, pass, detail }) => `${pass ? '✓' : '**FAILED**'} ${name}${detail ? `: ${detail}` : ''}`;
  const rows = results.map((r) => `| ${r.kernel} | ${r.machine} | ${r.parts.map(cell).join('<br>')} |`);
  const head =
    '# Guests\n\nThe last run of `npm run test:guest -- --all`: the module built for each kernel, and its tests in QEMU.\n';
  writeFileSync(
    'docs/guests.md',
    `${head}\n${new Date().toISOString().slice(0, 10)}, ${passed} parts passed, ${parts.length - passed} failed.\n\n| kernel | variant | parts |\n| --- | --- | --- |\n${rows.join('\n')}\n`,
  );
}
