// SPDX-License-Identifier: GPL-2.0-only
// A helper whose peer is hostile, slow or gone, and a peer whose helper is: each ends or goes on, says why, and leaves no
// process stopped.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pack } from '../../app/contract/msgpack.ts';
import { HelperCarrier, spawnHelper } from '../../app/main/sources/helper.ts';
import type { Launch } from '../../app/main/sources/session.ts';
import { sourcesOf } from '../../app/main/sources/sources.ts';
import { VERSION } from '../../app/main/version.ts';
import { randomBy } from '../e2e/fuzz.ts';
import { frameOf, openHelper, rawPeer, statusOf } from '../helper.ts';

const END = 1n << 63n;
const folder = mkdtempSync(join(tmpdir(), 'cr3scope-hostile-'));
/** Something happens on the machine all the time: otherwise a trace of it would have nothing to tell. */
const busy = spawn('sh', ['-c', 'while sleep 0.05; do :; done'], { stdio: 'ignore' });
afterAll(() => {
  busy.kill();
  rmSync(folder, { recursive: true });
});

/** A process that does nothing but wait for its input. */
let looked: ChildProcess;
beforeEach(async () => {
  looked = spawn('cat', { stdio: ['pipe', 'ignore', 'inherit'] });
  await once(looked, 'spawn');
});
afterEach(() => looked.kill('SIGKILL'));

/** MiB, the most that a process ever had. */
const peak = (pid: number) => Number.parseInt(statusOf(pid, 'VmHWM'), 10) / 1024;
const state = (pid: number) => `${statusOf(pid, 'State')[0]}, traced by ${statusOf(pid, 'TracerPid')}`;
const runsOn = (pid: number) => expect.poll(() => state(pid)).toBe('S, traced by 0');

type Request = ['call' | 'start', name: string, ...args: unknown[]];
/** A request of each kind, about a process. */
const requests = (pid: number): Request[] => [
  ['call', 'hello'],
  ['call', 'processes', 0],
  ['call', 'cgroups'],
  ['call', 'roots'],
  ['call', 'cpus'],
  ['call', 'regions', pid],
  ['call', 'rows', pid, 0n, BigUint64Array.of(0x400000n)],
  ['call', 'translate', pid, 0n, 0x400000n],
  ['call', 'frames', BigUint64Array.from({ length: 512 }, (_, i) => BigInt(i))],
  ['call', 'owners', 1n, true],
  ['call', 'tables', pid, 0n],
  ['call', 'memory', 0n, 1n << 20n, 4096, 0n, true],
  ['call', 'causes'],
  ['call', 'layout', new TextEncoder().encode('struct task_struct')],
  ['call', 'typeNames', new TextEncoder().encode('task'), 50],
  ['start', 'check', pid, 0n, 0n, END, true, true],
  ['start', 'search', 0, 0n, END, Uint8Array.of(0x7f, 0x45, 0x4c, 0x46), new Uint8Array(4).fill(255), 1n << 40n, false],
  ['start', 'watch', pid, 0n, 0x400000n, 0x410000n, 1_000_000n],
  ['start', 'trace', pid, true],
  ['start', 'traceLaunched', pid, true],
  ['start', 'traceMachine'],
];
const framed = (id: number, [kind, name, ...args]: Request) => [kind, id, name, args];
const names = requests(1).map(([, name], i) => [name, i] as const);

/** CR3SCOPE_FUZZ=100000 sends so many frames, or a few more; CR3SCOPE_SEED repeats a run. */
const count = Number(process.env.CR3SCOPE_FUZZ ?? 5000);
/** The helper ends at a frame that it can't take, so that the rest of these is lost. */
const AT_ONCE = 50;
const seed = Number(process.env.CR3SCOPE_SEED ?? Date.now() % 2 ** 32);

test(
  `${count} random and mutated frames: seed ${seed}`,
  async () => {
    const random = randomBy(seed);
    const below = (n: number) => Math.floor(random() * n);
    const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
    const noise = (n: number) => Uint8Array.from({ length: n }, () => below(256));
    const value = () =>
      pick<() => unknown>([
        () => null,
        () => pick([-1, 0.5, Number.NaN, 2 ** 53, -0, 1e300]),
        () => pick([-1n, 0n, 1n << 40n, (1n << 64n) - 1n, END]),
        () => '/etc/shadow'.repeat(below(40)),
        () => noise(below(3000)),
        () => new BigUint64Array(below(70_000)),
        () => new Uint32Array(below(100)),
        () => [[[]]],
        () => ({ pid: 1 }),
      ])();
    // The heavy ones now and then; a trace of the process that may be traced only.
    const heavy = new Set(['owners', 'memory', 'causes', 'search', 'layout', 'typeNames']);
    const request = (): unknown[] => {
      const all = requests(looked.pid as number).filter(([, name]) => !heavy.has(name) || random() < 0.02);
      const dice = random();
      if (dice < 0.1) return [pick(['cancel', 'ask']), below(200)];
      const frame = framed(below(200), pick(all));
      const args = frame[3] as unknown[];
      if (dice < 0.6 && !/^trace/.test(frame[2] as string)) args[below(args.length + 1)] = value();
      if (dice > 0.97) (frame as unknown[])[below(frame.length)] = value();
      return frame;
    };
    const flip = (packed: Uint8Array) => {
      const at = below(packed.length);
      packed[at] = (packed[at] as number) ^ (1 << below(8));
    };
    const bytes = (): Uint8Array => {
      const dice = random();
      if (dice < 0.005) return noise(below(300));
      const packed = pack(request());
      if (dice < 0.01) flip(packed);
      else if (dice < 0.015) return frameOf(packed.subarray(0, below(packed.length)));
      return frameOf(packed);
    };
    let answers = 0;
    let synchronised: () => void = () => undefined;
    const last = 1_000_000_000;
    const start = () =>
      rawPeer(([, id]) => {
        answers++;
        if (id === last) synchronised();
      });
    let peer = start();
    let helpers = 1;
    // One in ten of them is to be answered.
    for (let sent = 0; sent < count || answers < count / 10; sent += AT_ONCE) {
      for (let i = 0; i < AT_ONCE; i++)
        if (!peer.write(bytes()) && peer.child.exitCode === null)
          await Promise.race([new Promise((ok) => peer.child.stdin.once('drain', ok)), peer.ended]);
      const done = new Promise<void>((ok) => {
        synchronised = ok;
      });
      peer.send(['call', last, 'processes', [0]]);
      // A frame that is none may be taken for the beginning of a long one, which its peer never ends.
      const how = await Promise.race([done, peer.ended]);
      if (how) {
        expect(how).toMatch(/^exit code [02]$/);
        peer = start();
        helpers++;
      } else expect(peak(peer.pid)).toBeLessThan(600);
    }
    peer.child.stdin.end();
    expect(await peer.ended).toBe('exit code 0');
    expect(helpers).toBeGreaterThan(1);
    await runsOn(looked.pid as number);
  },
  120_000 + count * 20,
);

test('requests that nobody knows, duplicate and huge numbers, and more jobs than may run are refused with a reason', async () => {
  const answers: unknown[][] = [];
  const peer = rawPeer((frame) => answers.push(frame));
  const said = (id: number | bigint) => answers.filter(([, at]) => at === id).map(([kind, , v]) => [kind, v]);
  const refused = (code: string) => [
    ['failure', expect.objectContaining({ code, remedy: expect.stringMatching(/./) })],
  ];
  const big = (1n << 64n) - 1n;
  peer.send(['call', 1, 'hello', []]);
  peer.send(['call', 2, 'open', ['/etc/shadow']]);
  peer.send(['start', 3, 'launch', ['/bin/true']]);
  peer.send(['call', 4, 'regions', ['/proc/1/mem']]);
  peer.send(['call', 5, 'regions', [-1]]);
  peer.send(['start', 6, 'watch', [looked.pid, 0n, 0n, big, 0n]]);
  peer.send(['call', big, 'memory', [0n, big, 65536, 0n]]);
  const expected = [2, 3, 4, 5, 6, big];
  await expect.poll(() => expected.flatMap(said)).toEqual(expected.flatMap(() => refused('EINVAL')));
  await expect.poll(() => said(1)).toHaveLength(1);
  const watch = (id: number) => peer.send(['start', id, 'watch', [looked.pid, 0n, 0x400000n, 0x401000n, 0n]]);
  watch(100);
  await expect.poll(() => said(100)).toHaveLength(1);
  watch(100);
  await expect.poll(() => said(100)).toEqual([['batch', expect.anything()], ...refused('EEXIST')]);
  for (let id = 1000; id < 4000; id++) watch(id);
  const many = Array.from({ length: 3000 }, (_, i) => 1000 + i);
  await expect.poll(() => many.filter((id) => said(id)[0]?.[0] === 'failure').length).toBe(3000 - 63);
  for (const id of many.slice(-100)) expect(said(id)).toEqual(refused('EAGAIN'));
  for (const id of [100, ...many]) peer.send(['cancel', id]);
  await expect.poll(() => said(100).at(-1)).toEqual(refused('ECANCELED')[0]);
  peer.child.stdin.end();
  expect(await peer.ended).toBe('exit code 0');
});

test.each([
  ['a frame of no length', frameOf(new Uint8Array())],
  ['a frame longer than any request', Uint8Array.of(0, 0, 0, 0x7f, 1, 2, 3)],
  ['a value that is no request', frameOf(pack({ call: 1 }))],
  ['lists in lists', frameOf(pack([[[[[[[]]]]]]]))],
  ['a list that claims more than there is', frameOf(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff))],
  ['a negative number', frameOf(pack(['call', -1, 'hello', []]))],
  ['a fraction', frameOf(pack(['call', 0.5, 'hello', []]))],
])('%s ends the helper', async (_name, bytes) => {
  const peer = rawPeer();
  peer.write(bytes);
  expect(await peer.ended).toMatch(/^exit code [02]$/);
});

describe('a peer that never reads', () => {
  test('slows the work down, and keeps no process stopped: memory is bounded', async () => {
    const peer = rawPeer();
    peer.send(['call', 0, 'hello', []]);
    await once(peer.child.stdout, 'data');
    peer.child.stdout.pause();
    // Forks while nobody takes its events, until they no longer fit.
    const family = spawn(resolve('out/fixtures/family'), [join(folder, 'family'), '4000', '2000'], {
      stdio: 'ignore',
    });
    const code = once(family, 'exit');
    peer.send(['start', 1, 'trace', [family.pid, true]]);
    for (let id = 2; id < 8; id++) peer.send(['start', id, 'traceMachine', []]);
    for (let id = 8; id < 16; id++) peer.send(['start', id, 'check', [process.pid, 0n, 0n, END, false, true]]);
    // 16 MiB each, whatever is mapped on this machine.
    const pfns = BigUint64Array.from({ length: 4096 }, (_, i) => 0x1_0000n + BigInt(i));
    for (let id = 16; id < 200; id++) peer.send(['call', id, 'frames', [pfns]]);
    expect(await code).toEqual([5, null]);
    expect(peak(peer.pid)).toBeLessThan(600);
    // It notices the end although it waits for room to write. (end() would wait until all requests are taken.)
    peer.child.stdin.destroy();
    expect(await peer.ended).toBe('exit code 0');
  });
});

const LEAVINGS = {
  dies: ({ stdin, stdout }: ReturnType<typeof rawPeer>['child']) =>
    [stdin, stdout].forEach((end) => void end.destroy()),
  'ends its requests': ({ stdin, stdout }: ReturnType<typeof rawPeer>['child']) => {
    stdout.pause();
    stdin.end();
  },
  'closes its ears': ({ stdout }: ReturnType<typeof rawPeer>['child']) => void stdout.destroy(),
};
describe.each(Object.entries(LEAVINGS))('a peer that %s', (_how, leave) => {
  test.each(names)('at each step of %s: the helper ends, and nothing stays stopped', async (_name, index) => {
    const pid = looked.pid as number;
    for (const step of ['before the greeting', 'after the request', 'after the first answer', 'after the next']) {
      let frames = 0;
      const changed = new PassThrough();
      const peer = rawPeer((frame) => {
        if (frame[1] === 7) frames++;
        changed.write('.');
      });
      if (step !== 'before the greeting') {
        peer.send(['call', 1, 'hello', []]);
        peer.send(framed(7, requests(pid)[index] as Request));
        const wanted = step === 'after the request' ? 0 : step === 'after the first answer' ? 1 : 2;
        while (frames < wanted && !(wanted === 2 && frames)) await once(changed, 'data');
      }
      leave(peer.child);
      expect(await peer.ended, step).toBe('exit code 0');
      await runsOn(pid);
    }
  });
});

describe('a helper that dies', () => {
  test.each(names)('at each step of %s: a plain error, and nothing stays stopped', async (_name, index) => {
    const pid = looked.pid as number;
    const [kind, name, ...args] = requests(pid)[index] as Request;
    for (const step of ['after the request', 'after the first answer']) {
      const { carrier, child } = await openHelper();
      let told: () => void = () => undefined;
      const first = new Promise<void>((ok) => {
        told = ok;
      });
      const promise = kind === 'call' ? carrier.call(name, args) : carrier.start(name, args, told).promise;
      const outcome = promise.then(
        () => 'answered',
        (error: unknown) => error,
      );
      if (step === 'after the first answer') await Promise.race([first, outcome]);
      child.kill('SIGKILL');
      const lost = expect.objectContaining({
        message: expect.stringMatching(/^the helper has ended/),
        code: 'EPIPE',
        remedy: 'Start it again.',
      });
      // A short call may have been answered before.
      if ((await outcome) !== 'answered') expect(await outcome).toEqual(lost);
      await expect(carrier.call('processes', [0])).rejects.toEqual(lost);
      await runsOn(pid);
    }
  });

  test('while it launches a program: the launcher goes away, or the program runs on', async () => {
    const launch: Launch = {
      arguments: ['sleep', '600'],
      environment: ['PATH=/usr/bin:/bin'],
      directory: '',
      user: '',
      quiet: true,
    };
    for (const step of ['before its start', 'after its exec']) {
      const { carrier, sources, child } = await openHelper();
      if (step === 'before its start') child.kill('SIGSTOP');
      let pid = 0;
      let execed: () => void = () => undefined;
      const exec = new Promise<void>((ok) => {
        execed = ok;
      });
      const work = sources.trace(launch, 0, true, (events) => {
        pid = events[0]?.pid ?? pid;
        if (events.some(({ kind }) => kind === 2)) execed();
      });
      if (step !== 'before its start') await exec;
      child.kill('SIGKILL');
      await expect(work.promise).rejects.toMatchObject({ code: 'EPIPE' });
      if (pid) {
        await runsOn(pid);
        process.kill(pid, 'SIGKILL');
      }
      expect(pid > 0).toBe(step !== 'before its start');
      carrier.close();
    }
  });

  test('before it greets', async () => {
    await expect(HelperCarrier.open(spawnHelper(['sh', '-c', 'echo no privileges >&2; exit 1']))).rejects.toMatchObject(
      {
        code: 'EPIPE',
        message: 'the helper did not start: no privileges',
      },
    );
    await expect(HelperCarrier.open(spawnHelper(['/nonexistent/helper']))).rejects.toMatchObject({ code: 'EPIPE' });
  });
});

describe('what is no helper', () => {
  const GREETING = pack(['cr3scope-helper', 1, VERSION]);
  /** A carrier of a helper that says `bytes`, and then answers each request with what `answer` makes of its number. */
  function pretend(bytes: Uint8Array, answer: (id: number) => Uint8Array = () => new Uint8Array()) {
    const input = new PassThrough();
    const output = new PassThrough();
    let id = 0;
    input.on('data', () => output.write(answer(++id)));
    output.write(bytes);
    const ended = new Promise<string>(() => undefined);
    const nothing = () => undefined;
    return { input, output, complaints: () => '', ended, end: () => output.destroy(), ref: nothing, unref: nothing };
  }
  const plain = (message: RegExp) => ({
    code: 'EPROTO',
    message: expect.stringMatching(message),
    remedy: expect.stringMatching(/./),
  });

  test.each([
    ['a login script', Buffer.from('Welcome to this machine\n')],
    ['a short word', Buffer.concat([Buffer.from('abc\n'), frameOf(GREETING)])],
    ['something else in frames', frameOf(pack({ hello: 1 }))],
    ['an answer before the greeting', frameOf(pack(['answer', 1, {}]))],
  ])('%s on its output', async (_name, bytes) => {
    await expect(HelperCarrier.open(pretend(bytes))).rejects.toMatchObject({
      ...plain(/did not answer as one/),
      remedy: expect.stringMatching(/login script/),
    });
  });

  test.each([
    [2, VERSION],
    [1, '9.9.9'],
  ])('another protocol or version: %s of %s', async (protocol, version) => {
    const bytes = frameOf(pack(['cr3scope-helper', protocol, version]));
    await expect(HelperCarrier.open(pretend(bytes))).rejects.toMatchObject(plain(/^the helper is of version/));
  });

  const say = (value: unknown) => frameOf(pack(value));
  const lies: [string, (id: number) => Uint8Array][] = [
    ['a text', () => say('answer')],
    ['nothing', () => say(null)],
    ['a map', () => say({ 0: 'answer' })],
    ['an empty list', () => say([])],
    ['another kind', (id) => say(['shout', id, {}])],
    ['a number that nobody asked for', () => say(['answer', 99, {}])],
    ['parts of what nobody asked for', () => say(['batch', 99, {}])],
    ['no number', () => say(['answer', '1', {}])],
    ['an answer of another shape', (id) => say(['answer', id, { pid: 'no column' }])],
    ['no answer at all', (id) => say(['answer', id, null])],
    ['columns of different lengths', (id) => say(['answer', id, { inode: new BigUint64Array(2), path: ['/'] }])],
    ['a failure without a reason', (id) => say(['failure', id, null])],
    ['a frame without an end', () => Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
    ['a frame of no length', () => Uint8Array.of(0, 0, 0, 0)],
    ['a list that claims more than there is', () => frameOf(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff))],
    ['noise', () => frameOf(Uint8Array.of(0xc1, 1, 2, 3))],
    ['a second greeting', () => frameOf(GREETING)],
  ];
  test.each(lies)('%s as an answer', async (_name, lie) => {
    let told = 0;
    const carrier = await HelperCarrier.open(pretend(frameOf(GREETING), lie), undefined, () => told++);
    const all = ['cgroups', 'cgroups'].map((name) =>
      expect(carrier.call(name, [])).rejects.toMatchObject(plain(/did not answer as one/)),
    );
    await Promise.all(all);
    expect(told).toBe(1);
    await expect(sourcesOf(carrier)).rejects.toMatchObject(plain(/did not answer as one/));
  });

  test('parts of another shape: the work fails, and its listener is not called', async () => {
    const carrier = await HelperCarrier.open(pretend(frameOf(GREETING), (id) => say(['batch', id, { events: [{}] }])));
    let called = 0;
    await expect(carrier.start('traceMachine', [], () => called++).promise).rejects.toMatchObject(
      plain(/did not answer/),
    );
    expect(called).toBe(0);
  });

  test('a long frame that never comes takes no memory', async () => {
    const before = process.memoryUsage().rss;
    const carrier = await HelperCarrier.open(pretend(frameOf(GREETING), () => Uint8Array.of(0, 0, 0, 0x0f, 1)));
    const lost = expect(carrier.call('cgroups', [])).rejects.toMatchObject({ code: 'ECANCELED' });
    await new Promise(setImmediate);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
    carrier.close();
    await lost;
  });
});
