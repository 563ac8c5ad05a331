// SPDX-License-Identifier: GPL-2.0-only
// The helper: each call answers what the addon answers, for the same reasons where it can't, with four capabilities at
// most, and the kernel refuses it what no source needs.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TRACE_KINDS } from '../../app/contract/api.ts';
import { SOURCES } from '../../app/contract/sources.ts';
import { VERDICT } from '../../app/contract/verdicts.ts';
import { unpackStretches } from '../../app/main/capture/pages.ts';
import type { CheckBatch, Launch, SearchBatch, TraceEvent, WatchBatch } from '../../app/main/sources/session.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { HELPER_PATH, openHelper, statusOf } from '../helper.ts';

const NOBODY = '65534';
const END = 1n << 63n;

let addon: Sources;
let helper: Awaited<ReturnType<typeof openHelper>>;
let fixture: Fixture;
let pids: number[];
const folder = mkdtempSync(join(tmpdir(), 'cr3scope-helper-'));
beforeAll(async () => {
  addon = await openSources(ADDON_PATH);
  helper = await openHelper();
  fixture = await startFixture('page-kinds', ['out/fixtures']);
  // Writeback write-protects the dirty pages of a file: let it happen now.
  execFileSync('sync', ['--file-system', 'out/fixtures']);
  pids = [...new Set(fixture.cases.map((c) => c.pid))];
});
afterAll(async () => {
  helper.carrier.close();
  await fixture.stop();
  rmSync(folder, { recursive: true });
});

/** What the addon and the helper give, or why they do not. */
async function both<T>(read: (sources: Sources) => Promise<T>) {
  const outcome = (sources: Sources) =>
    read(sources).catch(({ message, remedy, code }: Record<string, unknown>) => ({ message, remedy, code }));
  return [await outcome(addon), await outcome(helper.sources)] as const;
}
async function same<T>(read: (sources: Sources) => Promise<T>) {
  const [ours, theirs] = await both(read);
  expect(theirs).toEqual(ours);
  return theirs;
}
/** The rows of a table of columns that `keep` wants. */
function rowsOf(table: object, keep: (row: Record<string, unknown>) => boolean) {
  const columns = Object.entries(table).filter(([, c]) => typeof c === 'object' && c !== null) as [
    string,
    ArrayLike<unknown>,
  ][];
  return Array.from(columns[0]?.[1] ?? [], (_, i) =>
    Object.fromEntries(columns.map(([name, c]) => [name, c[i]])),
  ).filter(keep);
}
const start = () => fixture.pid;

describe('answers what the addon answers', () => {
  test('the machine and its sources', () => {
    const { capabilities: _, ...target } = addon.target;
    expect(helper.sources.target).toMatchObject(target);
    expect(helper.sources.facts).toEqual(addon.facts);
    expect(helper.sources.status).toEqual(addon.status);
    expect(helper.sources.boot).toEqual(addon.boot);
    expect([0, 65534, 12345].map((uid) => helper.sources.userName(uid))).toEqual(
      [0, 65534, 12345].map((uid) => addon.userName(uid)),
    );
  });

  test('processes, roots and CPUs', async () => {
    const ours = (row: Record<string, unknown>) => pids.includes(row.pid as number);
    const list = await same(async (s) => rowsOf(await s.processes(), ours).map(({ ns: _, ...row }) => row));
    expect(list).toMatchObject(pids.toSorted((a, b) => a - b).map((pid) => ({ pid, uid: 0, kernelThread: 0 })));
    const roots = await same(async (s) =>
      rowsOf((await s.roots()) ?? {}, ours).map(({ onCpu: _, cpu: __, ...root }) => root),
    );
    expect(roots).toHaveLength(pids.length);
    await same(async (s) => (await s.cpus()).cpu);
  });

  test('regions, tables and every kind of page', async () => {
    for (const pid of pids) {
      await same((s) => s.regions(pid));
      await same((s) => s.tables(pid, 0n));
      const cases = fixture.cases.filter((c) => c.pid === pid);
      await same((s) =>
        s.rows(
          pid,
          0n,
          BigUint64Array.from(cases, (c) => c.va),
        ),
      );
      for (const { va } of cases) await same((s) => s.translate(pid, 0n, va));
    }
    await same((s) => s.translate(start(), 0n, 0xffffffff81000000n));
  });

  test('frames, their cgroups, and who maps them', async () => {
    const [row] = await Promise.all([addon.translate(start(), 0n, fixture.of('anon4k').va)]);
    const pfn = row.row?.pfn[0] as bigint;
    const frames = await same(async (s) => {
      const { flags: _, ...frame } = await s.frames(BigUint64Array.of(pfn, 0n, 1n << 39n));
      return frame;
    });
    expect(frames).toMatchObject({ status: { 0: 0 } });
    await same(async (s) => s.cgroupPath((await s.frames(BigUint64Array.of(pfn))).cgroup[0] as bigint));
    const owners = await same(async (s) => {
      const { pid, va, still, entry, tablePid } = await s.owners(pfn, true);
      return { pid, va, still, entry, tablePid };
    });
    expect(owners).toMatchObject({ pid: { 0: start() }, va: { 0: fixture.of('anon4k').va }, still: { 0: 1 } });
    const memory = await same(async (s) => {
      const { begin, end, framesPerCell, roles, ...map } = await s.memory(0n, 1n << 20n, 64, 1n << 12n, true);
      const use = rowsOf({ pid: map.pid, startTicks: map.startTicks }, ({ pid }) => pid === start());
      return { begin, end, framesPerCell, cells: roles.length, use };
    });
    expect(memory).toMatchObject({ use: [{ pid: start() }] });
  });

  test('types of the kernel', async () => {
    expect(await same((s) => s.layout('struct page'))).toMatchObject({ name: expect.arrayContaining(['page']) });
    expect(await same((s) => s.layout('struct nobody_knows'))).toMatchObject({ name: [] });
    expect(await same((s) => s.typeNames('task_str', 10))).toContain('struct task_struct');
  });

  test('causes', async () => {
    expect(await same((s) => s.causes())).toMatchObject({ name: expect.arrayContaining(['page faults']) });
  });

  test.each([
    ['plain', false, false],
    ['with bytes', true, false],
    ['with all pages', false, true],
  ])('a check %s', async (_name, bytes, pages) => {
    const result = await same(async (s) => {
      const batches: CheckBatch[] = [];
      const { beginNs, endNs, sourceNs, proof, ...summary } = await s.check(
        start(),
        0n,
        0n,
        END,
        (batch) => batches.push(batch),
        bytes,
        pages,
      ).promise;
      expect([endNs > beginNs, sourceNs.length, proof === null]).toEqual([true, SOURCES.length, !bytes]);
      const runs = batches.flatMap((b) => rowsOf({ ...b.runs, words: b.runs.va }, () => true));
      const evidence = batches.flatMap((b) => b.evidence.map(({ va, verdict, note }) => ({ va, verdict, note })));
      const packed = batches.filter((b) => b.pages.length).flatMap((b) => [...unpackStretches(b.pages)]);
      const { ns: __, ...proven } = proof ?? { ns: 0n };
      return {
        summary,
        runs,
        evidence,
        proven,
        packed: packed.map(({ va, pages, verdict, note }) => ({ va, pages, verdict, note })),
      };
    });
    expect(result).toMatchObject({ summary: { outcome: 0 }, runs: expect.arrayContaining([expect.anything()]) });
  });

  test('a check of a process that meanwhile executes another program', async () => {
    const child = spawn('out/fixtures/stripes', { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const { output } = helper.streams;
    try {
      const verdicts = new Set<number>();
      let batches = 0;
      const work = helper.sources.check(child.pid as number, 0n, 0n, END, ({ runs }) => {
        for (const verdict of runs.verdict) verdicts.add(verdict);
        // What it has to report does not fit between the helper and a reader that waits: the check waits, too.
        if (batches++ === 0) output.pause();
      });
      await expect.poll(() => batches).toBe(1);
      child.stdin.write('x\n');
      await once(child.stdout, 'data');
      output.resume();
      const { outcome, counts, pages } = await work.promise;
      expect(['complete', 'exited', 'execed'][outcome]).toBe('execed');
      expect(verdicts).not.toContain(VERDICT.code('mismatch'));
      expect(counts.reduce((a, b) => a + b)).toBe(pages);
      expect(counts[VERDICT.code('notComparable')]).toBeGreaterThan(0n);
      // The next one is of the new program.
      const again = await helper.sources.check(child.pid as number, 0n, 0n, END, () => undefined).promise;
      expect([again.outcome, again.pages < pages]).toEqual([0, true]);
    } finally {
      output.resume();
      child.kill('SIGKILL');
    }
  });

  test('a search of a process, of memory, and backwards', async () => {
    const { va } = fixture.of('anon4k');
    const { row } = await addon.translate(start(), 0n, va);
    const pfn = row?.pfn[0] as bigint;
    const bytes = (await addon.frames(BigUint64Array.of(pfn))).bytes.slice(64, 96);
    const mask = new Uint8Array(32).fill(255);
    const search = (pid: number, begin: bigint, end: bigint, back: boolean) =>
      same(async (s) => {
        const hits: SearchBatch[] = [];
        const summary = await s.search(pid, begin, end, bytes, mask, 1000n, (batch) => hits.push(batch), back).promise;
        return { summary, hits: hits.flatMap((h) => rowsOf({ address: h.address, pa: h.pa }, () => true)) };
      });
    const at = expect.arrayContaining([{ address: va + 64n, pa: (pfn << 12n) + 64n }]);
    expect(await search(start(), va, va + 4096n, false)).toMatchObject({ hits: at });
    const inFrame = [{ address: (pfn << 12n) + 64n, pa: (pfn << 12n) + 64n }];
    expect(await search(0, pfn << 12n, (pfn + 1n) << 12n, false)).toMatchObject({ hits: inFrame });
    expect(await search(0, pfn << 12n, (pfn + 1n) << 12n, true)).toMatchObject({ hits: inFrame });
  });

  test('a watch that is asked for its samples', async () => {
    const { va } = fixture.of('anon4k');
    const rows = await same(async (s) => {
      const batches: WatchBatch[] = [];
      const work = s.watch(start(), 0n, va, va + 4096n, 0n, (batch) => batches.push(batch));
      const ended = work.promise.catch(({ code }: { code: string }) => code);
      await expect.poll(() => batches.length).toBe(1);
      work.sample();
      await expect.poll(() => batches.length).toBe(2);
      work.cancel();
      expect(await ended).toBe('ECANCELED');
      return batches.map(({ initial, samples, rows }) => ({ initial, samples, rows }));
    });
    expect(rows).toMatchObject([{ initial: true, samples: 1n, rows: { va: { 0: va } } }, { samples: 2n }]);
  });
});

describe('gives the reasons that the addon gives', () => {
  const reading = (pid: number, startTicks = 0n): ((s: Sources) => Promise<unknown>)[] => [
    (s) => s.regions(pid),
    (s) => s.rows(pid, startTicks, BigUint64Array.of(0x400000n)),
    (s) => s.translate(pid, startTicks, 0x400000n),
    (s) => s.tables(pid, startTicks),
    (s) => s.check(pid, startTicks, 0n, END, () => undefined).promise,
    (s) => s.search(pid, 0n, END, Uint8Array.of(1), Uint8Array.of(255), 1n, () => undefined).promise,
    (s) => s.watch(pid, startTicks, 0x400000n, 0x401000n, 0n, () => undefined).promise,
  ];
  const kthreadd = 2;
  const nobody = 0x7ffffff0;

  test('of a kernel thread, of a PID without a process, of a process that was replaced', async () => {
    for (const read of [...reading(kthreadd), ...reading(nobody), ...reading(start(), 1n).slice(1)]) await same(read);
    expect(await same((s) => s.translate(nobody, 0n, 0n))).toMatchObject({ code: 'ESRCH' });
    expect(await same((s) => s.translate(kthreadd, 0n, 0n))).toMatchObject({ message: expect.any(String) });
    expect(await same((s) => s.tables(start(), 1n))).toMatchObject({ message: expect.any(String) });
  });

  test('of what can’t be traced', async () => {
    const launch: Launch = { arguments: [], environment: [], directory: '', user: '', quiet: true };
    for (const pid of [kthreadd, nobody])
      await same((s) => s.trace(launch, pid, false, () => undefined).promise.then(() => 'traced'));
  });

  test('of arguments that are none', async () => {
    for (const [name, ...args] of [
      ['regions', 0],
      ['regions', 1.5],
      ['regions', '/etc/shadow'],
      ['rows', 1, 0n, new BigUint64Array(65537)],
      ['frames', new BigUint64Array(4097)],
      ['frames', '/etc/shadow'],
      ['memory', 1n, 0n, 64, 0n],
      ['memory', 0n, 1n << 41n, 64, 0n],
      ['memory', 0n, 1n, 0, 0n],
      ['memory', 0n, 1n, 65537, 0n],
    ] as const) {
      await expect(helper.carrier.call(name, args as unknown[]), name).rejects.toMatchObject({
        code: 'EINVAL',
        message: expect.stringMatching(/ must be /),
      });
    }
    await expect(helper.carrier.call('execute', ['/bin/true'])).rejects.toMatchObject({ code: 'EINVAL' });
    await expect(helper.carrier.call('check', [1, 0n, 0n, END])).rejects.toMatchObject({ code: 'EINVAL' });
    for (const args of [[], [1, 0n, END, 0n, 0n], [1, 0n, 0n, END, 0n], [-1, 0n, 0n, 4096n, 0n]])
      await expect(helper.carrier.start('watch', args, () => undefined).promise).rejects.toMatchObject({
        code: 'EINVAL',
      });
    // It goes on.
    expect(await helper.sources.processes()).toMatchObject({ name: expect.any(Array) });
  });
});

describe('tracing', () => {
  const launched = (...words: string[]): Launch => ({
    arguments: words,
    environment: ['PATH=/usr/bin:/bin', 'MARK=x'],
    directory: '',
    user: '',
    quiet: true,
  });
  const nothing = launched();
  const kinds = (events: TraceEvent[]) => events.map((e) => TRACE_KINDS[e.kind]);
  const state = (pid: number) => statusOf(pid, 'State')[0];
  const killed: ChildProcess[] = [];
  afterEach(() => {
    for (const child of killed.splice(0)) child.kill('SIGKILL');
  });

  test('a program from its first instruction, with its directory, environment and exit code', async () => {
    const file = join(folder, 'launched');
    const events: TraceEvent[] = [];
    const script = `echo "$MARK $PWD" > ${file}; ls -l /proc/self/fd >> ${file}; exit 3`;
    const launch = { ...launched('sh', '-c', script), directory: '/usr' };
    await helper.sources.trace(launch, 0, true, (batch) => events.push(...batch)).promise;
    expect(kinds(events).slice(0, 2)).toEqual(['start', 'exec']);
    expect(events[0]).toMatchObject({ name: 'sh', before: expect.any(BigInt), after: 0n });
    expect(events[1]).toMatchObject({ before: events[0]?.before, pid: events[0]?.pid });
    expect(events.at(-1)).toMatchObject({ pid: events[0]?.pid, code: 3 });
    const [said, ...descriptors] = readFileSync(file, 'utf8').trim().split('\n');
    expect(said).toBe('x /usr');
    const open = descriptors
      .flatMap((line) => [...line.matchAll(/ (\d+) -> (.*)$/g)])
      .filter(([, fd]) => Number(fd) > 2);
    // 3 is the folder that ls reads.
    expect(open.map(([, , to]) => to)).toEqual([expect.stringMatching(/^\/proc\/\d+\/fd$/)]);
  });

  const failing: [string, string[], Partial<Launch>, string][] = [
    ['no such file', ['/nonexistent/program'], {}, 'ENOENT'],
    ['none in PATH', ['no-such-program-anywhere'], {}, 'ENOENT'],
    ['not executable', ['package.json'], {}, 'ENOENT'],
    ['a folder', ['/tmp'], {}, 'EACCES'],
    ['no such folder', ['true'], { directory: '/nonexistent' }, 'ENOENT'],
    ['another user', ['true'], { user: 'nobody' }, 'EPERM'],
  ];
  test.each(failing)('what cannot be started: %s', async (_name, words, extra, code) => {
    const work = helper.sources.trace({ ...launched(...words), ...extra }, 0, true, () => undefined);
    await expect(work.promise).rejects.toMatchObject({ code, remedy: expect.stringMatching(/./) });
  });

  test('a text file without an interpreter', async () => {
    const file = join(folder, 'text');
    writeFileSync(file, 'no program\n', { mode: 0o755 });
    await expect(helper.sources.trace(launched(file), 0, true, () => undefined).promise).rejects.toMatchObject({
      code: 'ENOEXEC',
    });
  });

  test('cancelled before its start the program never runs; cancelled after it, it runs on', async () => {
    const file = join(folder, 'early');
    const early = helper.sources.trace(launched('touch', file), 0, true, () => undefined);
    early.cancel();
    await expect(early.promise).rejects.toMatchObject({ code: 'ECANCELED' });
    const events: TraceEvent[] = [];
    const late = helper.sources.trace(launched('sleep', '600'), 0, true, (batch) => events.push(...batch));
    await expect.poll(() => kinds(events)).toEqual(['start', 'exec']);
    late.cancel();
    await expect(late.promise).rejects.toMatchObject({ code: 'ECANCELED' });
    const pid = events[0]?.pid as number;
    await expect.poll(() => [state(pid), statusOf(pid, 'TracerPid')]).toEqual(['S', '0']);
    process.kill(pid, 'SIGKILL');
    expect(existsSync(file)).toBe(false);
  });

  test('a process by its PID, and through its exec', async () => {
    const child = spawn('sh', ['-c', 'read line; exec sleep 600'], { stdio: ['pipe', 'ignore', 'inherit'] });
    killed.push(child);
    const events: TraceEvent[] = [];
    const work = helper.sources.trace(nothing, child.pid as number, true, (batch) => events.push(...batch));
    const ended = work.promise.catch(({ code }: { code: string }) => code);
    await expect.poll(() => kinds(events)).toEqual(['attach']);
    child.stdin?.write('\n');
    await expect.poll(() => kinds(events)).toEqual(['attach', 'exec']);
    expect(events[1]).toMatchObject({ before: events[0]?.after, name: expect.stringMatching(/\/sleep$/) });
    expect((await helper.sources.tables(child.pid as number, 0n)).rootPa).toBe(events[1]?.after);
    work.cancel();
    expect(await ended).toBe('ECANCELED');
    await expect
      .poll(() => [state(child.pid as number), statusOf(child.pid as number, 'TracerPid')])
      .toEqual(['S', '0']);
  });

  test('the whole machine', async ({ skip }) => {
    if (!helper.sources.target.btf) skip('needs bpf');
    const events: TraceEvent[] = [];
    const work = helper.sources.traceMachine((batch) => events.push(...batch));
    const ended = work.promise.catch(({ code }: { code: string }) => code);
    await expect.poll(() => spawnSync('true').status === 0 && events.length > 0).toBe(true);
    const child = spawn('true', { stdio: 'ignore' });
    await once(child, 'exit');
    await expect.poll(() => kinds(events.filter((e) => e.pid === child.pid))).toEqual(['exec', 'exit']);
    work.cancel();
    expect(await ended).toBe('ECANCELED');
  });
});

describe('privileges', () => {
  const FOUR = ['SYS_ADMIN', 'DAC_READ_SEARCH', 'SYS_PTRACE', 'SYS_RAWIO'] as const;
  const CAPABILITY = { DAC_READ_SEARCH: 2, SYS_RAWIO: 17, SYS_PTRACE: 19, SYS_ADMIN: 21 };
  const mask = FOUR.reduce((bits, name) => bits | (1n << BigInt(CAPABILITY[name])), 0n);
  const fields = (pid: number, ...names: string[]) =>
    Object.fromEntries(names.map((name) => [name, statusOf(pid, name).replace(/\s+/g, ' ')]));

  test.each([
    ['sudo', 'SUDO_UID', '65534'],
    ['pkexec', 'PKEXEC_UID', '12345'],
    ['root itself', 'SUDO_UID', '0'],
  ])('started by %s it is that user, with four capabilities, and can’t get more', async (_name, variable, uid) => {
    const { pid, carrier, sources } = await openHelper(['env', `${variable}=${uid}`, HELPER_PATH]);
    const four = mask.toString(16).padStart(16, '0');
    expect(
      fields(pid, 'Name', 'Uid', 'CapEff', 'CapPrm', 'CapInh', 'CapAmb', 'CapBnd', 'NoNewPrivs', 'Seccomp'),
    ).toEqual({
      Name: 'cr3scope-helper',
      Uid: Array(4).fill(uid).join(' '),
      CapEff: four,
      CapPrm: four,
      CapInh: '0'.repeat(16),
      CapAmb: '0'.repeat(16),
      CapBnd: '0'.repeat(16),
      NoNewPrivs: '1',
      Seccomp: '2',
    });
    if (uid !== '0')
      expect(fields(pid, 'Gid', 'Groups')).toEqual({ Gid: Array(4).fill('65534').join(' '), Groups: '' });
    // Where a process may not be dumped, its files belong to root, and only root may trace it.
    expect(statSync(`/proc/${pid}/environ`).uid).toBe(0);
    const reader = spawnSync('setpriv', [
      `--reuid=${uid}`,
      '--clear-groups',
      '--bounding-set=-all',
      'cat',
      `/proc/${pid}/environ`,
    ]);
    expect(reader.status).not.toBe(0);
    expect(sources.target.capabilities).toBe(mask);
    // All that this file looks at otherwise, it sees so, too.
    const { counts } = await sources.check(fixture.pid, 0n, 0n, END, () => undefined, true).promise;
    expect(counts).toEqual((await addon.check(fixture.pid, 0n, 0n, END, () => undefined).promise).counts);
    carrier.close();
  });

  test('where there is a user of its name, it is that user, whoever called', async () => {
    const users = join(folder, 'passwd');
    writeFileSync(
      users,
      `${readFileSync('/etc/passwd', 'utf8').trimEnd()}\ncr3scope:x:4242:4242::/nonexistent:/bin/false\n`,
    );
    for (const variable of ['SUDO_UID', 'PKEXEC_UID', 'NONE']) {
      const mounted = `mount --bind ${users} /etc/passwd && exec env ${variable}=12345 ${HELPER_PATH}`;
      const { pid, carrier, sources } = await openHelper(['unshare', '--mount', 'sh', '-c', mounted]);
      expect(fields(pid, 'Name', 'Uid', 'Groups')).toEqual({
        Name: 'cr3scope-helper',
        Uid: Array(4).fill('4242').join(' '),
        Groups: '',
      });
      expect(sources.target.capabilities).toBe(mask);
      expect((await sources.translate(fixture.pid, 0n, fixture.of('anon4k').va)).row).not.toBeNull();
      carrier.close();
    }
  });

  test('the kernel refuses it all that no source needs', () => {
    const { stdout, status } = spawnSync('native/build/Release/privileges_test', { encoding: 'utf8' });
    expect(status).toBe(0);
    const tried = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t') as [string, string, string]);
    const needed = /^(openat to read|ptrace: seize|bpf|perf_event_open|ioctl of (the module|a perf event))$/;
    const { EPERM, ENOSYS } = constants.errno;
    const refused = tried.filter(([name]) => !needed.test(name));
    expect(tried.length - refused.length).toBe(6);
    expect(refused.length).toBeGreaterThan(50);
    for (const [name, before, after] of refused) {
      expect([name, Number(before)]).not.toEqual([name, EPERM]);
      expect([name, Number(after)]).toEqual([name, /^(clone3|openat2)$/.test(name) ? ENOSYS : EPERM]);
    }
    for (const [name, before, after] of tried.filter(([name]) => needed.test(name)))
      expect([name, after]).toEqual([name, before]);
  });

  test('without privileges it says so, and shows nothing of others', async () => {
    const user = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--bounding-set=-all'];
    const { pid, carrier, sources } = await openHelper([...user, HELPER_PATH]);
    expect(fields(pid, 'CapEff', 'CapPrm', 'NoNewPrivs', 'Seccomp')).toEqual({
      CapEff: '0'.repeat(16),
      CapPrm: '0'.repeat(16),
      NoNewPrivs: '1',
      Seccomp: '2',
    });
    expect(sources.status.map(({ ready }) => ready)).toEqual([false, false, false]);
    for (const { remedy } of sources.status) expect(remedy).toMatch(/root|Nothing to do/);
    const pages = BigUint64Array.of(fixture.of('anon4k').va);
    for (const read of [
      () => sources.regions(fixture.pid),
      () => sources.rows(fixture.pid, 0n, pages),
      () => sources.translate(fixture.pid, 0n, pages[0] as bigint),
      () => sources.tables(fixture.pid, 0n),
      () => sources.frames(BigUint64Array.of(1n)),
      () => sources.owners(1n, false),
      () => sources.memory(0n, 1n, 1, 0n, false),
      () => sources.check(fixture.pid, 0n, 0n, END, () => undefined).promise,
      () => sources.search(0, 0n, END, Uint8Array.of(1), Uint8Array.of(255), 1n, () => undefined).promise,
      () => sources.watch(fixture.pid, 0n, 0x400000n, 0x401000n, 0n, () => undefined).promise,
      () => sources.traceMachine(() => undefined).promise,
      () =>
        sources.trace(
          { arguments: [], environment: [], directory: '', user: '', quiet: true },
          fixture.pid,
          false,
          () => undefined,
        ).promise,
    ])
      await expect(read()).rejects.toMatchObject({
        code: expect.stringMatching(/^E(ACCES|PERM)$/),
        remedy: expect.stringMatching(/./),
      });
    // What anybody may see.
    expect([...(await sources.processes()).pid]).toContain(fixture.pid);
    carrier.close();
  });
});
