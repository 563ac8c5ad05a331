// SPDX-License-Identifier: GPL-2.0-only
// The tracer on real programs: every event of a tree, with the roots that the tables themselves have; nothing is left
// stopped, whoever dies.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Traced } from '../../app/contract/api.ts';
import { lifetimesOf } from '../../app/contract/lifetimes.ts';
import { kernelVersion } from '../../app/contract/paging.ts';
import { sayTraced } from '../../app/contract/trace.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { Service } from '../../app/main/service/service.ts';
import type { Launch } from '../../app/main/sources/session.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { startFixture } from '../fixture.ts';

let sources: Sources;
let explorer: Explorer;
const folder = mkdtempSync(join(tmpdir(), 'cr3scope-trace-'));
beforeAll(async () => {
  sources = await openSources(ADDON_PATH);
  explorer = new Explorer(sources);
});
afterAll(() => rmSync(folder, { recursive: true }));

const launch = (...words: string[]): Launch => ({
  arguments: words,
  environment: [],
  directory: '',
  user: '',
  quiet: true,
});
async function traced(words: string[], extra: Partial<Launch> = {}, follow = true) {
  const events: Traced[] = [];
  const ended = await explorer.trace({ ...launch(...words), ...extra }, 0, follow, (batch) => events.push(...batch))
    .promise;
  expect(ended).toBe(true);
  return events;
}
const kinds = (events: Traced[]) => events.map((e) => e.kind);
const state = (pid: number) => /\) (.) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

test('exec: one event, the PID stays, the root does not; the exit code is the program’s', async () => {
  const events = await traced(['sh', '-c', 'exit 3']);
  expect(kinds(events)).toEqual(['start', 'exec', 'exit']);
  const [start, exec, exit] = events as [Traced, Traced, Traced];
  expect(new Set(events.map((e) => e.pid)).size).toBe(1);
  expect(start.before).not.toBe(0n);
  expect(exec.before).toBe(start.before);
  expect(exec.after).not.toBe(exec.before);
  expect(exit).toMatchObject({ code: 3, before: exec.after });
});

test('a crash is the signal that killed', async () => {
  expect((await traced(['sh', '-c', 'kill -SEGV $$'])).at(-1)).toMatchObject({ kind: 'exit', code: -11 });
});

test('a tree of 200 forks and 50 execs: no event is lost, and the order is theirs', async () => {
  const file = join(folder, 'family');
  const events = await traced([`${process.cwd()}/out/fixtures/family`, file, '200', '4']);
  const told = readFileSync(file, 'utf8').trim().split('\n');
  const lines = (what: string) => told.filter((l) => l.startsWith(`${what} `)).map((l) => l.slice(what.length + 1));
  const of = (kind: Traced['kind']) => events.filter((e) => e.kind === kind);
  expect(lines('fork').length).toBe(200);
  expect(lines('exec').length).toBe(51);
  expect(
    of('fork')
      .map((e) => `${e.pid} ${e.child}`)
      .sort(),
  ).toEqual(lines('fork').sort());
  expect(
    of('exec')
      .map((e) => String(e.pid))
      .sort(),
  ).toEqual(lines('exec').sort());
  expect(
    of('exit')
      .map((e) => String(e.pid))
      .sort(),
  ).toEqual(lines('exit').sort());
  expect(events.at(-1)).toMatchObject({ kind: 'exit', code: 5 });
  // As address spaces over time: a row for each process, with an interval for each root.
  const lifetimes = lifetimesOf(events);
  expect(lifetimes.map((l) => l.pid)).toEqual([events[0]?.pid, ...of('fork').map((e) => e.child)]);
  for (const { roots, code, parent, pid } of lifetimes) {
    expect(code).toBe(of('exit').find((e) => e.pid === pid)?.code);
    if (parent) expect(roots[0]?.root).toBe(of('fork').find((e) => e.child === pid)?.after);
    roots.forEach((interval, i) => {
      expect(interval.to).toBe(roots[i + 1]?.from ?? of('exit').find((e) => e.pid === pid)?.ns);
    });
  }
  // Each process: born, then executed where it was, then gone; roots follow each other.
  for (const fork of of('fork')) {
    const mine = events.filter((e) => e.pid === fork.child && e.kind !== 'fork');
    expect(kinds(mine)).toEqual(mine.length === 2 ? ['exec', 'exit'] : ['exit']);
    expect(fork.after).not.toBe(fork.before);
    expect(mine[0]?.before).toBe(fork.after);
    if (mine[1]) expect(mine[1].before).toBe(mine[0]?.after);
    expect(events.indexOf(fork)).toBeLessThan(events.indexOf(mine[0] as Traced));
  }
  expect(of('exit').filter((e) => e.code === 7).length).toBeGreaterThanOrEqual(50);
});

test('what is traced is what the tables say: a page of the program, by its root', async () => {
  const events: Traced[] = [];
  const job = explorer.trace(launch('sleep', '30'), 0, true, (batch) => events.push(...batch));
  await expect.poll(() => kinds(events)).toEqual(['start', 'exec']);
  const { pid, after } = events[1] as Traced;
  expect((await explorer.tables({ pid, startTicks: 0n })).rootPa).toBe(after);
  job.cancel();
  expect(await job.promise).toBe(false);
  // Cancelled: it runs on, untraced.
  await expect.poll(() => state(pid)).toBe('S');
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/TracerPid:\s+0/);
  process.kill(pid, 'SIGKILL');
});

test('threads share the root; a program that is let go at its exec runs on', async () => {
  const events = await traced([
    'python3',
    '-c',
    'import threading; t=threading.Thread(target=print); t.start(); t.join()',
  ]);
  const thread = events.find((e) => e.kind === 'thread');
  // python3 may be a script that ends in the real one.
  const exec = events.filter((e) => e.kind === 'exec' && e.pid === thread?.pid).at(-1);
  expect(thread).toMatchObject({ after: exec?.after, pid: exec?.pid });
  const brief = await traced(['sleep', '30'], {}, false);
  expect(kinds(brief)).toEqual(['start', 'exec', 'detach']);
  const { pid } = brief[0] as Traced;
  await expect.poll(() => state(pid)).toBe('S');
  process.kill(pid, 'SIGKILL');
});

test('a child in the same address space shares the root: clone(CLONE_VM), vfork', async () => {
  const events = await traced([`${process.cwd()}/out/fixtures/family`, join(folder, 'share'), 'share']);
  const exec = events.find((e) => e.kind === 'exec') as Traced;
  const fork = events.find((e) => e.kind === 'fork') as Traced;
  expect(fork).toMatchObject({ pid: exec.pid, before: exec.after, after: exec.after });
  expect(sayTraced(fork)).toMatch(/^fork: child \d+ shares root 0x[0-9a-f]+$/);
  // Its end does not end the address space.
  expect(events.slice(-2)).toMatchObject([
    { kind: 'exit', pid: fork.child, before: exec.after, code: 0 },
    { kind: 'exit', pid: exec.pid, before: exec.after, code: 0 },
  ]);

  const spawned = await traced(['python3', '-c', 'import os; os.posix_spawn("/bin/true", ["true"], {}); os.wait()']);
  const vfork = spawned.find((e) => e.kind === 'vfork') as Traced;
  expect(vfork.after).toBe(vfork.before);
  expect(spawned.find((e) => e.kind === 'exec' && e.pid === vfork.child)?.before).toBe(vfork.after);
});

test('attach: a running tree is followed, and runs on when it is let go', async () => {
  const file = join(folder, 'attach');
  const program = `sleep 60 & echo $$ > ${file}; read line; /bin/true; read line; kill $!`;
  // Not a child of this process, which waits for its own; stdin reaches it all the same.
  const outer = spawn('sh', ['-c', `sh -c '${program}'; true`], { stdio: ['pipe', 'ignore', 'inherit'] });
  await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8')).toMatch(/\n/);
  const pid = Number(readFileSync(file, 'utf8'));
  const events: Traced[] = [];
  const job = explorer.trace(launch(), pid, true, (batch) => events.push(...batch));
  await expect.poll(() => kinds(events)).toEqual(['attach', 'attach']);
  outer.stdin.write('\n');
  await expect.poll(() => kinds(events).slice(2)).toEqual([expect.stringMatching(/fork/), 'exec', 'exit']);
  const [born, exec, exit] = events.slice(2) as [Traced, Traced, Traced];
  expect([born.pid, exec.pid, exit.pid]).toEqual([pid, born.child, born.child]);
  expect([exec.before, exit.before]).toEqual([born.after, exec.after]);
  job.cancel();
  expect(await job.promise).toBe(false);
  await expect.poll(() => state(pid)).toBe('S');
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/TracerPid:\s+0/);
  outer.stdin.write('\n');
  expect(await new Promise((resolve) => outer.once('exit', resolve))).toBe(0);
});

test('attach, also in mid-exec: no exec goes from a root to itself', async () => {
  const processes = await startFixture('process-kinds', ['out/fixtures/bits32']);
  const pid = processes.processes.find((p) => p.name === 'exec-loop')?.pid ?? 0;
  let execs = 0;
  for (let i = 0; i < 50; i++) {
    const seen: Traced[] = [];
    const job = explorer.trace(launch(), pid, true, (batch) => {
      seen.push(...batch);
      if (seen.some((e) => e.kind === 'exec')) job.cancel();
    });
    await job.promise;
    for (const e of seen.filter(({ kind }) => kind === 'exec')) {
      expect([e.after, e.before]).not.toEqual([e.after, e.after]);
      execs++;
    }
  }
  expect(execs).toBeGreaterThanOrEqual(50);
  await processes.stop();
});

test('a tracer that is killed leaves nothing stopped', async () => {
  const file = join(folder, 'pid');
  const child = spawn(process.execPath, ['out/main/cli.cjs', 'trace', 'sh', '-c', `echo $$ > ${file}; exec sleep 60`], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  await expect.poll(() => existsSync(file) && spawnSync('pgrep', ['-fx', 'sleep 60']).status === 0).toBe(true);
  const pid = Number(readFileSync(file, 'utf8'));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  await expect.poll(() => state(pid)).toBe('S');
  expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/TracerPid:\s+0/);
  process.kill(pid, 'SIGKILL');
});

describe('what cannot be started', () => {
  const failing: [string, string[], Partial<Launch>, string][] = [
    ['no such file', ['/nonexistent/program'], {}, 'ENOENT'],
    ['none in PATH', ['no-such-program-anywhere'], {}, 'ENOENT'],
    ['not executable', ['package.json'], {}, 'ENOENT'],
    ['a folder', ['/tmp'], {}, 'EACCES'],
    ['no such folder', ['true'], { directory: '/nonexistent' }, 'ENOENT'],
    ['no such user', ['true'], { user: 'nobody-here' }, 'ENOENT'],
  ];
  test.each(failing)('%s', async (_name, words, extra, code) => {
    await expect(traced([...words], extra)).rejects.toMatchObject({ code });
  });
  test('a text file without an interpreter', async () => {
    const file = join(folder, 'text');
    writeFileSync(file, 'no program\n', { mode: 0o755 });
    await expect(traced([file])).rejects.toMatchObject({ code: 'ENOEXEC' });
  });
  test('attach: no such process; one that is traced already', async () => {
    await expect(explorer.trace(launch(), 0x7ffffff0, true, () => undefined).promise).rejects.toMatchObject({
      code: 'ESRCH',
    });
    const own = spawn('sleep', ['60'], { stdio: 'ignore' });
    await expect(explorer.trace(launch(), own.pid as number, true, () => undefined).promise).rejects.toMatchObject({
      code: 'EBUSY',
    });
    own.kill();
    const strange = await traced(['sleep', '60'], {}, false);
    const pid = strange[0]?.pid as number;
    const first = spawn(process.execPath, ['out/main/cli.cjs', 'trace', '--attach', String(pid)], { stdio: 'ignore' });
    await expect.poll(() => /TracerPid:\s+0/.test(readFileSync(`/proc/${pid}/status`, 'utf8'))).toBe(false);
    const second = spawnSync(process.execPath, ['out/main/cli.cjs', 'trace', '--attach', String(pid)], {
      encoding: 'utf8',
    });
    expect([second.status, second.stderr]).toEqual([2, expect.stringMatching(/traced already/)]);
    first.kill('SIGTERM');
    await new Promise((resolve) => first.once('exit', resolve));
    await expect.poll(() => state(pid)).toBe('S');
    process.kill(pid, 'SIGKILL');
    expect(() => explorer.trace(launch(), 0, true, () => undefined)).toThrow(/neither a program nor a process/);
  });
  describe('as another user', () => {
    const file = join(tmpdir(), `cr3scope-user-${process.pid}`);
    const run = async (script: string, extra: Partial<Launch> = {}) => {
      writeFileSync(file, '');
      chmodSync(file, 0o666);
      await traced(['sh', '-c', `(${script}) > ${file}`], { user: 'nobody', directory: '/', ...extra });
      return readFileSync(file, 'utf8');
    };
    afterAll(() => rmSync(file, { force: true }));

    test('the environment is that of a login, and nothing else of root’s', async () => {
      vi.stubEnv('SECRET_OF_ROOT', 'x');
      vi.stubEnv('LC_ALL', 'C.UTF-8');
      const [, , , , , home, shell] = /^nobody:.*$/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[0].split(':') ?? [];
      const set = (await run('env', { environment: ['MARK=y', 'SHELL=/bin/true'] })).trim().split('\n');
      vi.unstubAllEnvs();
      expect(shell).not.toBe('/bin/true');
      expect(set).toEqual(
        expect.arrayContaining([`HOME=${home}`, 'USER=nobody', 'LOGNAME=nobody', 'LC_ALL=C.UTF-8', 'MARK=y']),
      );
      expect(set).toEqual(expect.arrayContaining(['SHELL=/bin/true', 'PATH=/usr/local/bin:/usr/bin:/bin']));
      const kept = /^(LANG|LANGUAGE|LC_\w+|TZ|TERM|COLORTERM|NO_COLOR|DISPLAY|PWD|OLDPWD|SHLVL|_)$/;
      const others = set.map((line) => line.split('=')[0] as string).filter((name) => !kept.test(name));
      expect(others.sort()).toEqual(['HOME', 'LOGNAME', 'MARK', 'PATH', 'SHELL', 'USER']);
    });

    test('root’s identity, groups and capabilities are gone for good', async () => {
      const text = await run('cat /proc/self/status; id -G; setpriv --reuid=0 true || echo kept out');
      const uid = Number(spawnSync('id', ['-u', 'nobody'], { encoding: 'utf8' }).stdout);
      const gid = Number(spawnSync('id', ['-g', 'nobody'], { encoding: 'utf8' }).stdout);
      const fields = (name: string) => new RegExp(`^${name}:\\s+(.*?)\\s*$`, 'm').exec(text)?.[1]?.split(/\s+/);
      expect(fields('Uid')).toEqual(Array(4).fill(String(uid)));
      expect(fields('Gid')).toEqual(Array(4).fill(String(gid)));
      const groups = spawnSync('id', ['-G', 'nobody'], { encoding: 'utf8' }).stdout.trim();
      expect(fields('Groups')?.join(' ')).toBe(groups);
      for (const set of ['CapPrm', 'CapEff', 'CapAmb']) expect(fields(set)).toEqual(['0000000000000000']);
      expect(text).toMatch(/kept out/);
    });

    test('a directory that it may not enter is told, given or not', async () => {
      const closed = mkdtempSync(join(tmpdir(), 'cr3scope-closed-'));
      await expect(run('true', { directory: closed })).rejects.toMatchObject({
        code: 'EACCES',
        message: expect.stringMatching(/enter the directory .*cr3scope-closed-.* as the user nobody/),
        remedy: expect.stringMatching(/--directory/),
      });
      const cli = join(process.cwd(), 'out/main/cli.cjs');
      const words = [cli, 'trace', '--user', 'nobody', 'true'];
      const { status, stderr } = spawnSync(process.execPath, words, { cwd: closed, encoding: 'utf8' });
      rmSync(closed, { recursive: true });
      expect([status, stderr]).toEqual([
        2,
        expect.stringMatching(/enter the directory of cr3scope as the user nobody/),
      ]);
    });
  });

  test('nothing that cr3scope has open reaches the program, nor what it ignores or blocks', async () => {
    const file = join(folder, 'descriptors');
    // This process holds frame readers.
    await sources.frames(BigUint64Array.of(0n));
    await traced(['sh', '-c', `ls -l /proc/self/fd > ${file}; grep ^Sig /proc/self/status >> ${file}`]);
    const text = readFileSync(file, 'utf8');
    const links = [...text.matchAll(/ (\d+) -> (.*)$/gm)].map(([, fd, to]) => [Number(fd), to as string] as const);
    // 3 is the folder that ls reads.
    expect(links.filter(([fd, to]) => fd > 2 && !/^\/proc\/\d+\/fd$/.test(to))).toEqual([]);
    const mask = (name: string) => BigInt(`0x${new RegExp(`${name}:\\s+([0-9a-f]+)`).exec(text)?.[1]}`);
    expect([mask('SigBlk'), mask('SigIgn') & (1n << 12n)]).toEqual([0n, 0n]); // SIGPIPE is 13
  });

  test('the directory and the user are those that were asked for', async () => {
    const file = join(tmpdir(), `cr3scope-trace-${process.pid}`);
    writeFileSync(file, '', { mode: 0o666 });
    spawnSync('chmod', ['666', file]);
    await traced(['sh', '-c', `echo "$(id -un) $PWD $MARK" > ${file}`], {
      user: 'nobody',
      directory: '/',
      environment: ['MARK=x'],
    });
    expect(readFileSync(file, 'utf8')).toBe('nobody / x\n');
    rmSync(file);
  });
});

test('no transport starts programs unless it may; attaching it may always', async () => {
  const service = new Service(explorer);
  const wanted = { id: 'x', arguments: ['true'], pid: 0, directory: '', user: '', environment: [], follow: true };
  await expect(service.call('startTrace', wanted)).rejects.toMatchObject({ code: 'EPERM' });
  await expect(service.call('startTrace', { ...wanted, environment: ['no variable'] })).rejects.toThrow();
  await expect(service.call('startTrace', { ...wanted, arguments: [], pid: 1 })).resolves.toBeNull();
  const launching = new Service(explorer, { permitLaunch: async () => undefined });
  const { promise, resolve } = deferred();
  const stop = launching.listen((name, event) => {
    if (name === 'trace' && 'end' in event && event.end && event.id === 'y') resolve();
  });
  expect(await launching.call('startTrace', { ...wanted, id: 'y' })).toBeNull();
  await promise;
  stop();
});

function deferred() {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((ok) => {
    resolve = ok;
  });
  return { promise, resolve };
}

test('the command line keeps the program’s streams, and its own events apart', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['out/main/cli.cjs', 'trace', 'sh', '-c', 'read word; echo "got $word"'],
    { encoding: 'utf8', input: 'hello\n' },
  );
  expect([status, stdout]).toEqual([0, 'got hello\n']);
  expect(stderr).toMatch(/exec \S*sh: root 0x[0-9a-f]+ → 0x[0-9a-f]+\n[\s\S]*exit code 0/);
});

// Before Linux 5.17 bpf lacks what it needs.
const listens = kernelVersion(release()) >= 0x511;

if (!listens)
  test('the whole machine can’t be listened to by so old a kernel, and why', async () => {
    await expect(explorer.traceMachine(() => undefined).promise).rejects.toMatchObject({
      remedy: expect.stringMatching(/5\.17/),
    });
  });
else
  describe('the whole machine, by tracepoints', () => {
    async function listened(work: (events: Traced[]) => Promise<void>) {
      const events: Traced[] = [];
      const job = explorer.traceMachine((batch) => events.push(...batch));
      // It is attached once it reports something that happens now.
      await expect.poll(() => spawnSync('true').status === 0 && events.length > 0).toBe(true);
      await work(events);
      job.cancel();
      expect(await job.promise).toBe(false);
      return events;
    }
    const lost = (events: Traced[]) => events.reduce((n, e) => n + (e.kind === 'lost' ? e.code : 0), 0);
    const run = (...words: string[]) => {
      const child = spawn(words[0] as string, words.slice(1), { stdio: 'ignore' });
      return { pid: child.pid as number, end: new Promise((resolve) => child.once('exit', resolve)), child };
    };

    test('a tree of 200 forks and 50 execs: all that it says of itself, each root after the one before', async () => {
      const file = join(folder, 'machine');
      let pid = 0;
      const events = await listened(async (seen) => {
        const family = run(`${process.cwd()}/out/fixtures/family`, file, '200', '4');
        pid = family.pid;
        await family.end;
        await expect.poll(() => lost(seen) > 0 || seen.some((e) => e.kind === 'exit' && e.pid === pid)).toBe(true);
      });
      const told = readFileSync(file, 'utf8').trim().split('\n');
      const children = new Set([pid]);
      for (const line of told) if (line.startsWith('fork ')) children.add(Number(line.split(' ')[2]));
      const mine = events.filter((e) => children.has(e.pid));
      const lines = (what: string) => told.filter((l) => l.startsWith(`${what} `)).map((l) => l.slice(what.length + 1));
      const of = (kind: Traced['kind']) => mine.filter((e) => e.kind === kind);
      // What the kernel skipped is reported as lost, and nothing else.
      const skipped = lost(events);
      const named = {
        fork: of('fork').map((e) => `${e.pid} ${e.child}`),
        exec: of('exec').map((e) => String(e.pid)),
        exit: of('exit').map((e) => String(e.pid)),
      };
      let missing = 0;
      for (const [kind, list] of Object.entries(named)) {
        expect(new Set(list).size).toBe(list.length);
        expect(lines(kind)).toEqual(expect.arrayContaining(list));
        missing += lines(kind).length - list.length;
      }
      expect(missing).toBeLessThanOrEqual(skipped);
      if (!skipped) expect(mine.at(-1)).toMatchObject({ kind: 'exit', pid, code: 5 });
      for (const fork of of('fork')) {
        const lifetime = mine.filter((e) => e.pid === fork.child);
        const whole = lines('exec').includes(String(fork.child)) ? ['exec', 'exit'] : ['exit'];
        expect(fork.after).not.toBe(fork.before);
        if (lifetime.length < whole.length) continue; // counted above
        expect(kinds(lifetime)).toEqual(whole);
        expect(lifetime[0]?.before).toBe(fork.after);
        if (lifetime[1])
          expect([lifetime[1].before, lifetime[0]?.after]).toEqual([lifetime[0]?.after, lifetime[1].before]);
      }
    });

    test('the roots are those of the tables; a kill is its signal; threads share', async () => {
      let pid = 0;
      const events = await listened(async (seen) => {
        const sleeper = run('sleep', '60');
        pid = sleeper.pid;
        await expect.poll(() => seen.some((e) => e.kind === 'exec' && e.pid === pid)).toBe(true);
        const exec = seen.find((e) => e.kind === 'exec' && e.pid === pid) as Traced;
        expect((await explorer.tables({ pid, startTicks: 0n })).rootPa).toBe(exec.after);
        expect(exec.name).toMatch(/\/sleep$/);
        sleeper.child.kill('SIGKILL');
        await sleeper.end;
        const threads = run('/proc/self/exe', '-e', 'new (require("worker_threads").Worker)("0", { eval: true })');
        await threads.end;
        await expect.poll(() => seen.some((e) => e.kind === 'exit' && e.pid === threads.pid)).toBe(true);
        const thread = seen.find((e) => e.kind === 'thread' && e.pid === threads.pid);
        const born = seen.filter((e) => e.kind === 'exec' && e.pid === threads.pid).at(-1);
        expect(thread?.after).toBe(born?.after);
      });
      expect(events.filter((e) => e.kind === 'exit' && e.pid === pid)).toMatchObject([{ code: -9 }]);
    });

    test('what came too fast is told as lost, never left out in silence', async () => {
      const file = join(folder, 'fast');
      const events = await listened(async (seen) => {
        // Nobody reads events meanwhile: this thread is blocked.
        expect(spawnSync('out/fixtures/family', [file, '12000', '100000']).status).toBe(5);
        await expect.poll(() => lost(seen)).toBeGreaterThan(0);
      });
      const forks = readFileSync(file, 'utf8').match(/^fork /gm)?.length ?? 0;
      const told = events.filter((e) => e.kind === 'fork' && e.name === '').length;
      expect(forks).toBe(12_000);
      expect(told).toBeLessThan(forks);
      expect(lost(events)).toBeGreaterThan(forks - told);
    });
  });
