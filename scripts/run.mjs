// SPDX-License-Identifier: GPL-2.0-only
// `npm start`, `npm test` and the other commands of package.json: sets up what is missing, then runs.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { invoker, spawnAs, windowEnvironment } from '../app/main/user.mjs';
import { findElectron } from './electron.mjs';
import {
  asOwner,
  environment,
  HELPER,
  loadModule,
  NODE,
  programEnvironment,
  ROOT,
  run,
  SetupError,
  setUp,
} from './setup.mjs';

const [command = 'start', ...rest] = process.argv.slice(2);
const say = (text) => process.stderr.write(`cr3scope: ${text}\n`);

/** Runs a child with this terminal until it ends; Ctrl-C reaches both. */
function hand(program, args) {
  const user = invoker(environment());
  const child = user
    ? spawnAs({ ...user, env: windowEnvironment(user) }, HELPER, [program, ...args], { cwd: ROOT })
    : spawn(program, args, { cwd: ROOT, stdio: 'inherit', env: programEnvironment() });
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => {
    say(`${program}: ${error.message}`);
    process.exitCode = 2;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 1 : code;
  });
}

function start() {
  const display = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  setUp({ window: display });
  const { program, reason } = display ? findElectron() : { reason: 'there is no display here' };
  if (program) {
    // Chromium refuses to start from root with its sandbox on; the status line of the window says that it is off.
    return hand(program, [...(process.getuid() === 0 && !invoker({}) ? ['--no-sandbox'] : []), ROOT, ...rest]);
  }
  say(`${reason}, so the same window opens in a browser.`);
  hand(NODE, [join(ROOT, 'out/main/cli.cjs'), 'serve', ...(process.env.DISPLAY ? ['--open'] : []), ...rest]);
}

/** All of C and C++; where it is the kernel's or BPF, the folder has the kernel's settings. */
function clangFormat(options) {
  const files =
    'native/*/*.h native/*/*.cc native/*/*.c bench/*.cc kmod/*.h kmod/*.c kmod/*/*.c test/fixtures/*.c test/guest/sanitizer/canary/*.c';
  run('sh', ['-c', `clang-format ${options} ${files}`]);
}

const VITEST = ['node_modules/vitest/vitest.mjs', 'run'];

const commands = {
  start,
  build: () => setUp(),
  test() {
    const root = process.getuid() === 0;
    setUp({ test: root });
    run(NODE, [...VITEST, '--project', 'user', ...(root ? ['--project', 'root'] : []), ...rest]);
    if (!root)
      say(
        'left out: the tests in test/live and test/e2e. They look at real page tables. Run them too with: sudo npm test',
      );
  },
  module: () => loadModule(rest),
  guest() {
    setUp({
      test: true,
      guest: true,
      source: rest.some((word) => /-(sanitizer|rt|kcsan)/.test(word)),
      newer: rest.some((word) => /^--all$|^--differential$|deb1[34]|7\./.test(word)),
    });
    run(NODE, ['test/guest/guest.ts', ...rest]);
  },
  /** The packages, built and then installed in fresh roots; with --short what CI runs. */
  packages() {
    const short = rest.includes('--short');
    const words = rest.filter((word) => word !== '--short');
    setUp({ test: true, packages: true, roots: true, guest: !short, checkers: !short });
    run(process.execPath, [process.argv[1], 'package', short ? '--no-desktop' : '--desktop'], asOwner());
    run(NODE, [...VITEST, '--project', 'packages', ...(short ? ['test/packages/install.test.ts'] : []), ...words], {
      env: { ...environment(), ...(short && { CR3SCOPE_PACKAGES: 'short' }) },
    });
  },
  /** Everything but what runs by name only: also the variants of guests, and the window tests in Electron, that CI leaves out. */
  all() {
    setUp({ test: true, guest: true });
    run(NODE, [...VITEST, '--project', 'user', '--project', 'root'], {
      env: { ...environment(), CR3SCOPE_FACES: 'all' },
    });
    run(NODE, ['test/guest/guest.ts', '--kernel', '6.1,6.12', '--window']);
  },
  bench() {
    setUp({ guest: true });
    run(NODE, ['bench/bench.mjs', ...rest]);
  },
  lint() {
    setUp({ test: true });
    run(NODE, ['node_modules/typescript/bin/tsc']);
    run('biome', ['check', '.']);
    clangFormat('--dry-run --Werror');
  },
  format() {
    setUp({ test: true });
    run('biome', ['check', '--write', '.']);
    clangFormat('-i');
  },
  async package() {
    setUp({ packages: true });
    // Git works as whoever owns the checkout.
    if (asOwner().uid !== undefined) return run(process.execPath, [process.argv[1], 'package', ...rest], asOwner());
    const { makePackages } = await import('./package.mjs');
    await makePackages({ desktop: !rest.includes('--no-desktop'), required: rest.includes('--desktop') });
  },
};

try {
  if (!Object.hasOwn(commands, command)) throw new SetupError(`no such command: ${command}`);
  await commands[command]();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 2;
}
