// SPDX-License-Identifier: GPL-2.0-only
// Another machine, read by ssh: sshd on this one, as an ordinary user with sudo. What it answers can so be compared with what
// this machine says of itself.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Carrier } from '../../app/main/sources/carrier.ts';
import { HelperCarrier, spawnHelper } from '../../app/main/sources/helper.ts';
import type { Hello } from '../../app/main/sources/session.d.ts';
import { sourcesOf } from '../../app/main/sources/sources.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { give, INSTALLED, MAY_ALL, type OtherMachine, startOtherMachine, USER } from './sshd.ts';

const CLI = resolve('out/main/cli.cjs');
const HELPER = resolve('native/build/Release/cr3scope-helper');
const folder = mkdtempSync(join(tmpdir(), 'cr3scope-remote-'));
chmodSync(folder, 0o755);
let machine: OtherMachine;
let fixture: Fixture;

beforeAll(async () => {
  machine = await startOtherMachine();
  fixture = await startFixture('stripes');
});
afterAll(async () => {
  await fixture?.stop();
  await machine?.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  machine.install('cr3scope', INSTALLED);
  machine.permit(MAY_ALL);
});

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Without a terminal. */
function cr3scope(args: readonly string[], env: NodeJS.ProcessEnv = machine.env): Promise<Outcome> {
  // A session of its own: it has no terminal, whatever the tests run in.
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  return outcomeOf(child);
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((ok) => child.once('close', (status) => ok({ status, stdout, stderr })));
}

const lines = ({ stdout }: Outcome) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('commands read the other machine', () => {
  const both = (...args: string[]) => Promise.all([cr3scope(args), cr3scope([...args, '--host', 'lab'])]);

  test('doctor says the same of it as it says of itself', async () => {
    const [here, there] = await both('doctor', '--json');
    expect(there).toEqual(here);
    expect(here.status).toBe(0);
  });

  test('check finds the same verdicts', async () => {
    const [here, there] = await both('check', String(fixture.pid), '--json');
    const [a, b] = [lines(here)[0], lines(there)[0]];
    expect({ ...b, seconds: 0 }).toEqual({ ...a, seconds: 0 });
    expect(a.pages).toBeGreaterThan(100);
  });

  test('report writes the same pages, and a capture that says where they are from', async () => {
    const file = (name: string) => join(folder, name);
    const report = (name: string, ...args: string[]) =>
      cr3scope(['report', String(fixture.pid), '-o', file(name), ...args]);
    await Promise.all([report('here.jsonl'), report('there.jsonl', '--host', 'lab')]);
    // Page by page, and without the entries: the kernel may clear A at any time, to see which pages are in use (DAMON), and
    // pages whose bits differ are of different lines.
    const pages = (name: string) =>
      readFileSync(file(name), 'utf8')
        .split('\n')
        .filter((line) => line.includes('"type":"pages"'))
        .flatMap((line) => {
          const { va, pages, verdict, note, kind, pfn, step } = JSON.parse(line);
          const frame = (i: number) => pfn && BigInt(pfn) + BigInt(step === 'frames' ? i : 0);
          const count = pfn ? pages : 1;
          return Array.from({ length: count }, (_, i) =>
            [BigInt(va) + BigInt(i) * 4096n, pages - count, verdict, note, kind, frame(i)].join(' '),
          );
        });
    expect(pages('here.jsonl').length).toBeGreaterThan(10);
    expect(pages('there.jsonl')).toEqual(pages('here.jsonl'));
  });
});

test('a package has the helper above the folder of the bundle that its command is', async () => {
  const beside = join(folder, 'package');
  mkdirSync(join(beside, 'main'), { recursive: true });
  copyFileSync(HELPER, join(beside, 'cr3scope-helper'));
  writeFileSync(join(beside, 'main/cli.cjs'), '', { mode: 0o755 });
  machine.remove('cr3scope');
  machine.link('cr3scope', join(beside, 'main/cli.cjs'));
  machine.permit(`${USER} ALL=(root) NOPASSWD: ${beside}/cr3scope-helper`);
  try {
    expect((await cr3scope(['doctor', '--host', 'lab'])).status).toBe(0);
  } finally {
    machine.remove('cr3scope');
  }
});

describe('where cr3scope is not installed', () => {
  const cache = () => join(machine.home, '.cache/cr3scope');
  const sha256 = createHash('sha256').update(readFileSync(HELPER)).digest('hex');
  const copies = () => (existsSync(cache()) ? readdirSync(cache()) : []);

  /** In a terminal, in which the one question is answered. */
  function inTerminal(args: readonly string[], answer: string): Promise<Outcome> {
    const command = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ');
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: machine.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdout.on('data', (text: Buffer) => {
      if (text.includes('[y/N]')) child.stdin.write(`${answer}\n`);
    });
    return outcomeOf(child);
  }

  beforeEach(() => {
    machine.remove('cr3scope');
    rmSync(cache(), { recursive: true, force: true });
  });

  test('it is said so where nobody can be asked, and nothing is copied', async () => {
    const { status, stderr } = await cr3scope(['doctor', '--host', 'lab']);
    expect([status, stderr]).toEqual([
      2,
      'cr3scope: cr3scope is not installed on lab, and its helper was not copied. Install cr3scope there, or agree to the copy in a terminal.\n',
    ]);
    expect(copies()).toEqual([]);
  });

  test('the question says what is copied where, and No copies nothing', async () => {
    const { status, stdout } = await inTerminal(['doctor', '--host', 'lab'], 'n');
    expect(stdout).toMatch(
      /not installed on lab. Copy its helper \(\d.\d MB\) to \S+\/.cache\/cr3scope\/cr3scope-helper-\S+ there\?/,
    );
    expect([status, copies()]).toEqual([2, []]);
  });

  test('Yes copies it; the line for sudoers that is then proposed is enough, and permits that copy only', async () => {
    machine.permit();
    const refused = await inTerminal(['doctor', '--host', 'lab'], 'y');
    expect(refused.status).toBe(2);
    expect(refused.stdout).toContain('there are no privileges on lab: sudo says "a password is required"');
    const [name = ''] = copies();
    expect(name).toMatch(new RegExp(`^cr3scope-helper-[\\w.]+-${sha256}$`));
    expect(copies().length).toBe(1);
    const copy = join(cache(), name);
    expect(statSync(copy).mode & 0o777).toBe(0o700);
    expect(readFileSync(copy).equals(readFileSync(HELPER))).toBe(true);

    const [, rule = ''] = /visudo: "([^"]+)"/.exec(refused.stdout) ?? [];
    expect(rule).toContain(sha256);
    machine.permit(rule);
    const { status, stdout } = await cr3scope(['doctor', '--host', 'lab', '--json']);
    expect(status).toBe(0);
    expect(lines({ stdout } as Outcome)[0].sources.filter((s: { ready: boolean }) => s.ready).length).toBe(2);

    // Another file under its name is neither run nor left.
    rmSync(copy); // its helper may still be ending
    writeFileSync(copy, '#!/bin/sh\nexit 3\n');
    const { stderr } = await cr3scope(['doctor', '--host', 'lab']);
    expect(stderr).toContain('cr3scope is not installed on lab');
  });

  test('a copy replaces those of other versions, and nothing else', async () => {
    mkdirSync(cache(), { recursive: true });
    for (const name of [`cr3scope-helper-0.0.9-${'0'.repeat(64)}`, 'a file of the user'])
      writeFileSync(join(cache(), name), '');
    spawnSync('chown', ['-R', USER, join(machine.home, '.cache')]);
    const { status } = await inTerminal(['doctor', '--host', 'lab'], 'y');
    expect(status).toBe(0);
    expect(copies().sort()).toEqual(['a file of the user', expect.stringContaining(sha256)]);
  });

  test('--no-privileges reads what the user there may', async () => {
    machine.permit();
    const { status, stdout } = await inTerminal(['ps', '--host', 'lab', '--no-privileges', '--json'], 'y');
    expect(status).toBe(0);
    const list = stdout.split('\n').filter((line) => line.includes('"pid"'));
    expect(list.length).toBeGreaterThan(3);
    expect(list.some((line) => line.includes('"rootPa":"0x'))).toBe(false);
  });

  test('a full disk leaves nothing behind', async () => {
    mkdirSync(cache(), { recursive: true });
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', cache()]);
    try {
      give(cache());
      const { status, stdout } = await inTerminal(['doctor', '--host', 'lab'], 'y');
      expect(status).toBe(2);
      expect(stdout).toMatch(
        /the helper can’t be copied to lab: .*No space left on device. Make room, or check the rights of/,
      );
      expect(copies()).toEqual([]);
    } finally {
      spawnSync('umount', [cache()]);
    }
  });
});

describe('what goes wrong is said, with what to do about it', () => {
  const answered = async (host: string, ...args: string[]) => {
    const { status, stdout, stderr } = await cr3scope(['doctor', '--host', host, ...args]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.split('\n').length).toBe(2); // one line
    return stderr;
  };
  const uname = (text: string) => machine.install('uname', `#!/bin/sh\necho ${text}\n`);
  const rc = () => join(machine.home, '.ssh/rc');
  afterEach(() => {
    machine.remove('uname');
    machine.remove('sudo');
    rmSync(rc(), { force: true });
  });

  test.each([
    ['changed', /the host key of changed has changed. Find out why/],
    ['stranger', /the host key of stranger is not known, or was refused. Connect once with `ssh stranger`/],
    ['locked', /locked refused the login. .*ssh-agent/],
    ['closed', /closed refused the connection. Check that sshd runs there/],
    ['nowhere', /there is no machine with the name in nowhere. Check the name/],
  ])('%s', async (host, message) => {
    expect(await answered(host)).toMatch(message);
  });

  test('an option is not a machine', async () => {
    expect(await answered('-oProxyCommand=id')).toMatch(/"-oProxyCommand=id" is not a machine/);
  });

  test('a password that is wrong', async () => {
    const askpass = join(folder, 'askpass');
    writeFileSync(askpass, '#!/bin/sh\necho wrong\n', { mode: 0o755 });
    const env = { ...machine.env, SSH_ASKPASS: askpass };
    const { status, stderr } = await cr3scope(['doctor', '--host', 'locked'], env);
    expect([status, stderr]).toEqual([
      2,
      'cr3scope: locked refused the login. Check the user and the password or key: `ssh locked` must work.\n',
    ]);
  });

  test('no privileges', async () => {
    machine.permit();
    expect(await answered('lab')).toMatch(
      /there are no privileges on lab: sudo says "a password is required". Connect as root@…, or let root add this line there with visudo: "cr3remote ALL=\(root\) NOPASSWD: \S+\/cr3scope helper". --no-privileges/,
    );
  });

  test('no sudo', async () => {
    expect(await answered('bare')).toBe(
      'cr3scope: there is no sudo on bare, and cr3remote is not root. Connect as root@…, or install sudo there. --no-privileges goes on without.\n',
    );
  });

  test('another version', async () => {
    const frame = '\\030\\000\\000\\000\\223\\257cr3scope-helper\\001\\2459.9.9';
    machine.install('cr3scope', `#!/bin/sh\nprintf '${frame}'\nexec cat\n`);
    expect(await answered('lab')).toMatch(
      /lab: the helper is of version 9.9.9, and this cr3scope is of version \S+. Install the same/,
    );
  });

  test('a program of the same name', async () => {
    machine.install('cr3scope', '#!/bin/sh\necho Welcome, traveller\n');
    expect(await answered('lab')).toMatch(/lab: the helper did not answer as one/);
  });

  test('another kind of machine', async () => {
    uname('Darwin');
    expect(await answered('lab')).toMatch(/lab runs Darwin on Darwin. cr3scope reads Linux on x86-64/);
  });

  test('a login script that prints', async () => {
    mkdirSync(join(machine.home, '.ssh'), { recursive: true });
    writeFileSync(rc(), 'echo Good morning\n');
    give(rc());
    expect(await answered('lab')).toMatch(
      /lab printed something before the helper could start: "Good morning". Correct the login scripts/,
    );
  });

  test('what needs this machine', async () => {
    const lab = await cr3scope(['lab', 'cow', '--host', 'lab']);
    expect([lab.status, lab.stderr]).toEqual([
      2,
      expect.stringMatching(/labs can be started only on the machine that cr3scope runs on, not on lab/),
    ]);
    const trace = await cr3scope(['trace', '--host', 'lab', 'true']);
    expect([trace.status, trace.stderr]).toEqual([
      2,
      expect.stringMatching(/programs can be started only on the machine/),
    ]);
    const both = await cr3scope(['ps', '--host', 'lab', '--capture', 'x.cr3scope']);
    expect([both.status, both.stderr]).toEqual([2, expect.stringMatching(/both --host and --capture/)]);
  });
});

test('the clock is that of the other machine', async () => {
  const ahead = 1_000_000_000_000_000n; // it has run for eleven days longer
  const carrier = await HelperCarrier.open(spawnHelper([HELPER]));
  const call: Carrier['call'] = async (name, args) => {
    const answer = await carrier.call(name, args);
    if (name === 'hello') (answer as Hello).facts.ns += ahead;
    return answer;
  };
  const before = process.hrtime.bigint();
  const sources = await sourcesOf({ call, start: carrier.start, launch: carrier.launch });
  const now = sources.clock() - ahead;
  expect(now).toBeGreaterThan(before);
  expect(now).toBeLessThanOrEqual(process.hrtime.bigint());
  carrier.close();
});

describe('a connection that is cut', () => {
  afterEach(() => {
    machine.relay.cutAfter = undefined;
  });

  test('in the middle of a check', async () => {
    machine.relay.cutAfter = 1_000_000;
    for (const what of [String(fixture.pid), '--all']) {
      const { status, stderr } = await cr3scope(['check', what, '--host', 'relayed']);
      expect([status, stderr]).toEqual([2, 'cr3scope: the connection to relayed was lost. Connect again.\n']);
    }
  });

  test('in the middle of a capture, which keeps what it has under its temporary name', async () => {
    const path = join(folder, 'cut.cr3scope');
    machine.relay.cutAfter = 1_000_000;
    const { status, stderr } = await cr3scope(['report', String(fixture.pid), '-o', path, '--host', 'relayed']);
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /the connection to relayed was lost. Connect again. What was captured until then is in .*\.part\.\n$/,
    );
    expect(existsSync(path)).toBe(false);
    const [part = ''] = readdirSync(folder).filter((name) => name.startsWith('cut.'));
    const shown = await cr3scope(['show', join(folder, part), '--json']);
    expect(shown.stdout).toContain('"processes"');
  });
});

test('Ctrl-C ends a capture, not the connection that it still needs', async () => {
  const path = join(folder, 'interrupted.cr3scope');
  const held = machine.relay.hold(1_000_000);
  // The second process is not begun, however far the first one was on its way.
  const args = ['report', String(fixture.pid), String(process.pid), '-o', path, '--host', 'relayed'];
  // As a terminal does, to all of its foreground processes.
  const child = spawn(process.execPath, [CLI, ...args], { env: machine.env, detached: true });
  const outcome = outcomeOf(child);
  await held;
  process.kill(-(child.pid as number), 'SIGINT');
  machine.relay.release();
  const { status, stderr } = await outcome;
  expect([status, stderr]).toEqual([
    2,
    expect.stringMatching(/interrupted.cr3scope was not finished. What was captured/),
  ]);
});

test('this machine and another one are compared like a machine with its capture', async () => {
  const before = join(folder, 'before.cr3scope');
  await cr3scope(['report', String(fixture.pid), '-o', before]);
  const diff = await cr3scope(['diff', before, '--host', 'lab', '--json']);
  const all = lines(diff);
  expect(all.filter(({ type, pid }) => type === 'boot' || pid === fixture.pid)).toEqual([]);
  expect(all.at(-1).paired).toBeGreaterThan(0);
});

describe('where this machine is no Linux, and has no addon', () => {
  /** The bundles alone, on a system that lacks what only Linux has. */
  const elsewhere = join(folder, 'elsewhere');
  const system = join(folder, 'system.cjs');
  beforeAll(() => {
    cpSync('out', elsewhere, { recursive: true, filter: (path) => !path.startsWith('out/fixtures') });
    writeFileSync(
      system,
      `Object.defineProperty(process, 'platform', { value: 'darwin' });
for (const name of ['getuid', 'geteuid', 'getgid', 'getegid']) delete process[name];
const fs = require('node:fs');
for (const name of ['readFileSync', 'readlinkSync', 'openSync', 'statSync', 'readdirSync']) {
  const real = fs[name];
  fs[name] = (path, ...more) => {
    if (/^\\/(proc|sys)\\b/.test(path)) throw Object.assign(new Error('ENOENT: ' + path), { code: 'ENOENT' });
    return real(path, ...more);
  };
}
`,
    );
  });
  const run = (...args: string[]) =>
    outcomeOf(
      spawn(process.execPath, ['--require', system, join(elsewhere, 'main/cli.cjs'), ...args], { env: machine.env }),
    );

  test('the machine itself is not read, and it is said what can be', async () => {
    const { status, stderr } = await run('doctor');
    expect([status, stderr]).toEqual([
      2,
      'cr3scope: this machine runs darwin, and cr3scope reads Linux. Give another machine with --host, or a capture with --capture.\n',
    ]);
  });

  test('another machine is', async () => {
    const { status, stdout } = await run('check', String(fixture.pid), '--json', '--host', 'lab');
    expect([status, stdout]).toEqual([0, expect.stringContaining(`"pid":${fixture.pid},`)]);
  });

  test('captures and their exports are', async () => {
    const capture = join(folder, 'elsewhere.cr3scope');
    expect((await run('report', String(fixture.pid), '-o', capture, '--host', 'lab')).status).toBe(0);
    const html = join(folder, 'elsewhere.html');
    expect((await run('report', String(fixture.pid), '-o', html, '--host', 'lab')).status).toBe(0);
    const { stdout } = await run('walk', String(fixture.pid), '0', '--capture', capture, '--json');
    expect(stdout).toContain('rootPa');
    expect((await run('verify', capture)).status).toBe(0);
  });
});
