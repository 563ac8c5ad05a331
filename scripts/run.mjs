// `npm start`, `npm test` and the other commands of package.json: sets up what is missing, then runs.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { environment, NODE, ROOT, run, SetupError, setUp } from './setup.mjs';

const [command = 'start', ...rest] = process.argv.slice(2);
const say = (text) => process.stderr.write(`cr3scope: ${text}\n`);

/** Electron's program, or the reason why there is none. Downloads it the first time. */
function findElectron() {
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return { reason: 'there is no display here' };
  try {
    const program = createRequire(import.meta.url)('electron');
    return existsSync(program) ? { program } : { reason: `${program} does not exist` };
  } catch (error) {
    return { reason: `Electron's program could not be downloaded (${String(error.message).split('\n')[0]})` };
  }
}

/** Runs a child with this terminal until it ends; Ctrl-C reaches both. */
function hand(program, args) {
  const child = spawn(program, args, { cwd: ROOT, stdio: 'inherit', env: environment() });
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
  setUp({ window: Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY) });
  if (process.getuid() !== 0)
    say('you are not root: most sources will be missing, and the window says which. Try: sudo npm start');
  const { program, reason } = findElectron();
  if (program) {
    // Chromium refuses to start from root with its sandbox on; the status line of the window says that it is off.
    return hand(program, [...(process.getuid() === 0 ? ['--no-sandbox'] : []), ...rest, ROOT]);
  }
  say(`${reason}, so the same window opens in a browser.`);
  hand(NODE, [join(ROOT, 'out/main/cli.cjs'), 'serve', ...rest]);
}

const commands = {
  start,
  build: () => setUp(),
  test() {
    setUp({ test: true });
    run(NODE, ['node_modules/vitest/vitest.mjs', 'run', ...rest]);
  },
  bench() {
    setUp();
    run(NODE, ['bench/bench.mjs', ...rest]);
  },
  lint() {
    setUp({ test: true });
    run(NODE, ['node_modules/typescript/bin/tsc']);
    run('biome', ['check', '.']);
    run('sh', [
      '-c',
      'clang-format --dry-run --Werror native/core/*.h native/core/*.cc native/binding/* bench/*.cc test/fixtures/*.c',
    ]);
  },
  format() {
    setUp({ test: true });
    run('biome', ['check', '--write', '.']);
    run('sh', ['-c', 'clang-format -i native/core/*.h native/core/*.cc native/binding/* bench/*.cc test/fixtures/*.c']);
  },
  package() {
    setUp();
    run('electron-builder', ['--linux', ...rest]);
  },
};

try {
  if (!Object.hasOwn(commands, command)) throw new SetupError(`no such command: ${command}`);
  commands[command]();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 2;
}
