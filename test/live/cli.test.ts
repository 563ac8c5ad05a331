// SPDX-License-Identifier: GPL-2.0-only
// The command line on live processes: what it prints, and its exit codes.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hex } from '../../app/contract/format.ts';
import { ExportLine } from '../../app/main/capture/formats/line.ts';
import { runCommand } from '../../app/main/commands/index.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH, TEST_ADDON_PATH } from '../addon.ts';
import { type Fixture, startFixture } from '../fixture.ts';

let fixture: Fixture;
const folder = mkdtempSync(join(tmpdir(), 'cr3scope-test-'));

function cr3scope(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['out/main/cli.cjs', ...args], { encoding: 'utf8' });
  return {
    status,
    stdout,
    stderr,
    json: () =>
      stdout
        .trimEnd()
        .split('\n')
        .map((l) => JSON.parse(l)),
  };
}

beforeAll(async () => {
  fixture = await startFixture('page-kinds', ['out/fixtures']);
});
afterAll(() => fixture.stop());

test('doctor: two sources, exit 0', () => {
  const { status, json } = cr3scope('doctor', '--json');
  expect(status).toBe(0);
  expect(json()[0].sources.map((s: { name: string; ready: boolean }) => [s.name, s.ready])).toEqual([
    ['pagemap', true],
    ['kernelWalk', false],
    ['tableWalk', true],
  ]);
});

test('doctor says which causes of changes can be seen, and why not the others', () => {
  const { causes } = cr3scope('doctor', '--json').json()[0];
  // Old kernels report nothing.
  if (causes === null) return expect(cr3scope('doctor').stdout).toMatch(/^causes +all inferred: ./m);
  const { kinds } = causes;
  expect(new Set(kinds.map((k: { how: string }) => k.how))).toContain('seen');
  for (const { how, detail } of kinds) expect([how, detail === '']).toEqual([how, how === 'seen']);
  expect(cr3scope('doctor').stdout).toMatch(/^causes +seen: .*mprotect/m);
});

test('ps: roots of processes, none for kernel threads', () => {
  const list = cr3scope('ps', '--json').json();
  const own = list.find((p) => p.pid === fixture.pid);
  expect(own.rootPa).toMatch(/^0x[0-9a-f]+000$/);
  expect(own.name).toBe('page-kinds');
  const kthreadd = list.find((p) => p.pid === 2);
  expect(kthreadd).toMatchObject({ kernelThread: true, rootPa: null });
  expect(cr3scope('ps').stdout).toMatch(/no address space +\[kthreadd\]/);
});

test('ps: the tree, use of a CPU, and what each maps', () => {
  const list = cr3scope('ps', '--walk', '--sample', '0.3', '--json').json();
  const own = list.find((p) => p.pid === fixture.pid);
  expect(own.command).toContain('page-kinds');
  const paths = readFileSync(`/proc/${fixture.pid}/cgroup`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(':')[2]);
  const below = paths.filter((path) => path !== '/');
  expect(below.length ? below : ['/']).toContain(own.cgroup);
  expect(own.cpuPercent).toBeGreaterThanOrEqual(0);
  expect(own.privateBytes).toBeGreaterThan(0);
  expect(own.sharedBytes).toBeGreaterThan(0);
  expect(list.find((p) => p.pid === 2)).toMatchObject({ command: '', privateBytes: null, sharedBytes: null });
  const tree = cr3scope('ps', '--tree', '--long').stdout.split('\n');
  expect(tree[0]).toMatch(/NAME +CGROUP +COMMAND$/);
  expect(tree.some((line) => /\[kthreadd\]/.test(line))).toBe(true);
  expect(tree.find((line) => line.includes(' page-kinds '))).toMatch(/ {2,}page-kinds /);
  expect(cr3scope('ps', '--sample', 'soon')).toMatchObject({ status: 2, stderr: expect.stringContaining('seconds') });
});

test('check --json ends with the promised object', () => {
  const { status, json } = cr3scope('check', String(fixture.pid), '--json');
  expect(status).toBe(0);
  const last = json().at(-1);
  expect(Object.keys(last)).toEqual(['pid', 'pages', 'verdicts', 'sources', 'seconds']);
  expect(Object.keys(last.verdicts)).toEqual([
    'agree',
    'agreeByRule',
    'swapped',
    'notPresent',
    'changedBetween',
    'notComparable',
    'mismatch',
  ]);
  expect(last.verdicts.mismatch).toBe(0);
  expect(Object.values(last.verdicts as Record<string, number>).reduce((a, b) => a + b)).toBe(last.pages);
  expect(last.sources).toEqual(['pagemap', 'tableWalk']);
});

test('check --all finds no mismatch on this machine', () => {
  const { status, json } = cr3scope('check', '--all', '--json');
  const last = json().at(-1);
  expect(last.verdicts.mismatch).toBe(0);
  expect(last.processes).toBeGreaterThan(2);
  expect(status).toBe(0);
});

test('walk: every level down to the frame, and the rule', () => {
  const c = fixture.of('protnone');
  const { status, json } = cr3scope('walk', String(fixture.pid), hex(c.va + 8n), '--json');
  expect(status).toBe(0);
  const [w] = json();
  expect(w.steps.map((s: { level: string }) => s.level)).toEqual(
    w.steps.length === 5 ? ['PGD', 'P4D', 'PUD', 'PMD', 'PTE'] : ['PGD', 'PUD', 'PMD', 'PTE'],
  );
  expect(w).toMatchObject({ kind: 'protNone', verdict: 'agreeByRule', note: 'protNone', pageSize: '4K' });
  expect(BigInt(w.pa) & 0xfffn).toBe(8n);
  const frame = cr3scope('frame', '--pa', w.pa, '--json').json()[0];
  expect(Buffer.from(frame.bytes, 'hex').readBigUInt64LE(8)).toBe(c.va + 8n);
  expect(frame.flags).toContain('anon');
  const story = cr3scope('walk', String(fixture.pid), hex(c.va)).stdout;
  expect(story).toMatch(/^PTE table 0x[0-9a-f]+, index 0x[0-9a-f]{3} \(\d+\): entry at 0x[0-9a-f]+$/m);
  expect(story).toMatch(/bit +8 PROTNONE .*inverted/);
  expect(story).toMatch(/^no access: P is clear/m);
  expect(story).toMatch(/^verdict agree by rule, PROT_NONE/m);
});

test('walk: the region of an address, or that there is none, and what that means', () => {
  const c = fixture.of('anon4k');
  const at = (va: bigint) => cr3scope('walk', String(fixture.pid), hex(va)).stdout;
  expect(at(c.va + 0x1008n)).toMatch(
    /^region rw-p anonymous memory, [0-9a-f]+–[0-9a-f]+ \(.*\), offset 0x[0-9a-f]+ in it$/m,
  );
  expect(at(0x1000n)).toMatch(/^region none covers this address: access raises SIGSEGV/m);
  expect(at(0xffffffffff600000n)).toMatch(/^region \[vsyscall\]: the page of the oldest system calls/m);
  const json = cr3scope('walk', String(fixture.pid), hex(c.va), '--json').json()[0];
  expect(json.region).toMatchObject({ permissions: 'rw-p', path: '' });
});

test('walk: a huge page ends at the PMD, the kernel half is labelled', () => {
  const w = cr3scope('walk', String(fixture.pid), hex(fixture.of('thp').va + 0x3000n), '--json').json()[0];
  expect(w).toMatchObject({ kind: 'leaf', pageSize: '2M', verdict: 'agree' });
  expect(w.steps.at(-1).level).toBe('PMD');
  const k = cr3scope('walk', String(fixture.pid), 'ffff888000000000');
  expect(k.stdout).toContain('kernel half');
});

test('translate: many addresses at once, from arguments or standard input, as walk says of each', () => {
  const names = ['anon4k', 'thp', 'protnone', 'untouched', 'zeropage'].filter((name) =>
    fixture.cases.some((c) => c.name === name),
  );
  expect(names.length).toBeGreaterThan(3);
  const vas = names.map((name) => hex(fixture.of(name).va + 0x123n));
  const lines = cr3scope('translate', String(fixture.pid), ...vas)
    .stdout.trim()
    .split('\n');
  for (const [i, va] of vas.entries()) {
    const { pa } = cr3scope('walk', String(fixture.pid), va, '--json').json()[0];
    expect(lines[i]).toMatch(pa === null ? new RegExp(`^${va} - `) : new RegExp(`^${va} ${pa.slice(2)}$`));
  }
  const piped = spawnSync(process.execPath, ['out/main/cli.cjs', 'translate', String(fixture.pid)], {
    encoding: 'utf8',
    input: `${vas.join('\n')}\n`,
  });
  expect(piped.stdout.trim().split('\n')).toEqual(lines);
  const [first] = cr3scope('translate', String(fixture.pid), vas[0] as string, '--json').json();
  expect(first).toMatchObject({ kind: 'leaf', pageSize: '4K', verdict: 'agree' });
  const bad = cr3scope('translate', String(fixture.pid), 'ffff888000000000');
  expect([bad.status, bad.stderr]).toEqual([2, expect.stringMatching(/not a user address.*cr3scope walk/)]);
});

test('explain: without privileges, and with a level or the likeliest', () => {
  const { status, stdout } = spawnSync(
    'setpriv',
    [
      '--reuid=65534',
      '--clear-groups',
      process.execPath,
      'out/main/cli.cjs',
      'explain',
      '0x8000000078173067',
      '--json',
    ],
    { encoding: 'utf8' },
  );
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ level: 'PTE', guessed: true, kind: 'leaf' });
  const text = cr3scope('explain', '8000000078173067', '--level', 'pd').stdout;
  expect(text).toMatch(/as a PMD \(Intel: PD entry\)/);
  expect(text).toMatch(/51\.\.|47\.\.12|address +0x78173/);
});

test('table: the entries of each level lead to the next', () => {
  const c = fixture.of('anon4k');
  const entries = cr3scope('table', String(fixture.pid), hex(c.va), '--json').json();
  const own = entries.find((e) => BigInt(e.va) === c.va);
  const w = cr3scope('walk', String(fixture.pid), hex(c.va), '--json').json()[0];
  expect(own).toMatchObject({ kind: 'leaf', entry: w.steps.at(-1).entry, index: w.steps.at(-1).index });
  const upper = cr3scope('table', String(fixture.pid), hex(c.va), '--level', 'pmd', '--json').json();
  expect(upper.find((e) => e.index === w.steps.at(-2).index).entry).toBe(w.steps.at(-2).entry);
  expect(cr3scope('table', String(fixture.pid), hex(c.va), '--all').stdout.split('\n').length).toBe(2 + 1 + 512 + 1);
  expect(cr3scope('table', String(fixture.pid), hex(c.va)).stdout).toMatch(/kpageflags .*pgtable/);
});

test('search: hits with addresses, exit code 1 where there are none', () => {
  const c = fixture.of('anon4k');
  const { status, json } = cr3scope(
    'search',
    '--as',
    'u64',
    String(c.va + 0x18n),
    '--pid',
    String(fixture.pid),
    '--json',
  );
  expect(status).toBe(0);
  expect(json().map((h) => h.address)).toContain(`0x${hex(c.va + 0x18n)}`);
  const none = cr3scope('search', 'deadbeef 00c0ffee 5ca1ab1e 0ddba11c 17', '--pid', String(fixture.pid));
  expect([none.status, none.stderr]).toEqual([1, '']);
  expect(none.stdout).toMatch(/^0 hits in/);
});

test('a reader that has seen enough is not an error', () => {
  const { stdout, stderr } = spawnSync(
    'sh',
    [
      '-c',
      `"${process.execPath}" out/main/cli.cjs table ${fixture.pid} ${hex(fixture.of('anon4k').va)} --all | head -n 1`,
    ],
    { encoding: 'utf8' },
  );
  expect(stdout).toMatch(/^PTE table/);
  expect(stderr).toBe('');
});

test('owners: by frame and by address, as many as the kernel counts', () => {
  const c = fixture.of('cow-parent-shared');
  const { status, json } = cr3scope('owners', `${c.pid}:${hex(c.va)}`, '--json');
  expect(status).toBe(0);
  const list = json();
  const last = list.at(-1);
  expect(last).toMatchObject({ owners: 2, mapCount: 2 });
  expect(list.slice(0, 2).map((o) => o.pid)).toContain(c.pid);
  expect(list[0].va).toBe(list[1].va);
  expect(cr3scope('owners', last.pfn).stdout).toMatch(/mapped 2×. kpagecount says 2, too/);
});

test('tables: by level, each of them, and no two roots without PTI', () => {
  const pid = String(fixture.pid);
  const list = cr3scope('tables', pid, '--all', '--json').json();
  const summary = list.pop();
  expect(list.length).toBe(summary.levels.reduce((n: number, l: { tables: number }) => n + l.tables, 0));
  expect(list[0]).toMatchObject({ level: 'PGD', pa: summary.rootPa, status: 'ok' });
  expect(summary.mappedBytes['2M']).toBeGreaterThan(0);
  const { pti } = cr3scope('doctor', '--json').json()[0];
  const roots = cr3scope('tables', pid, '--roots');
  if (pti) expect(roots.stdout).toMatch(/the same table; NX in the kernel root/);
  else expect([roots.status, roots.stderr]).toEqual([2, expect.stringMatching(/runs without PTI/)]);
  expect(cr3scope('tables', pid).stdout).toMatch(/PTE +\d+ +\d+ +[\d.]+ % +all marked as page tables/);
});

test('shared: the frames of two processes', () => {
  const child = fixture.of('cow-child-shared').pid;
  const list = cr3scope('shared', String(fixture.pid), String(child), '--json').json();
  const { shared, copies } = list.pop();
  const pages = (copy: boolean) => list.filter((r) => r.copy === copy).reduce((n, r) => n + r.pages, 0);
  expect([pages(false), pages(true)]).toEqual([shared, copies]);
  expect(shared).toBeGreaterThan(100);
});

test('memory: roles add up, by process and in all', () => {
  const list = cr3scope('memory', '--json').json();
  const all = list.pop();
  expect(list.find((p) => p.pid === fixture.pid).frames.anonymous).toBeGreaterThan(0);
  for (const [role, frames] of Object.entries(all.unmapped)) expect(frames).toBeLessThanOrEqual(all.total[role]);
  const part = cr3scope('memory', '100000-100010', '--json').json().at(-1);
  expect(Object.values(part.total).reduce((a, b) => Number(a) + Number(b), 0)).toBe(16);
});

test('check --bytes: what the frames hold is what the process reads', () => {
  const { status, json } = cr3scope('check', String(fixture.pid), '--bytes', '--json');
  expect(status).toBe(0);
  const { bytes } = json()[0];
  expect(bytes).toMatchObject({ differ: 0 });
  expect(bytes.same).toBeGreaterThan(1000);
  expect(cr3scope('check', String(fixture.pid), '--bytes').stdout).toMatch(/bytes of frames against .*pages the same/);
});

describe('what cannot be done: one line, the remedy, exit 2', () => {
  const cases: [string, string[], RegExp][] = [
    ['no such process', ['check', '99999999'], /No such process.*ps/],
    ['kernel thread', ['check', '2'], /kernel thread/],
    ['bad PID', ['check', '12x'], /"12x" is not a PID/],
    ['PID 0', ['regions', '0'], /is not a PID/],
    ['not canonical', ['walk', '1', '0x8000000000000000'], /not a canonical address.*Bits 47|56/],
    ['bad address', ['walk', '1', 'zz'], /"zz" is not an address/],
    ['frame beyond memory', ['frame', 'ffffffffff'], /can’t be read: not System RAM/],
    ['frame beyond 52 bits', ['frame', '10000000000'], /beyond 52 physical bits/],
    ['no process given', ['check'], /no process is given/],
    ['bad pattern', ['search', '4x'], /"4x" is not a byte/],
    ['bad limit', ['search', '00', '--limit', 'x'], /is not a number of hits/],
    ['no table there', ['table', `${process.pid}`, '1000'], /ends above the PTE level/],
    ['nothing mapped', ['owners', `${process.pid}:1000`], /maps no frame.*cr3scope walk/],
    ['no frame', ['owners', 'xyz'], /"xyz" is not a PFN/],
    ['one process twice', ['shared', '7', '7'], /given twice/],
    ['no range', ['memory', '9-5'], /"9-5" is not a range of frames.*100000-140000/],
    ['tables of a kernel thread', ['tables', '2'], /kernel thread/],
    ['no such level', ['explain', '67', '--level', 'p9d'], /"p9d" is not one of this machine’s \d levels.*pte, pmd/],
    ['no entry', ['explain', 'xyz'], /"xyz" is not an entry/],
    ['unknown command', ['frobnicate'], /unknown command/],
    ['unknown format', ['report', '1', '-o', join(folder, 'x.pdf')], /"pdf" is not a format of files/],
    ['bad port', ['serve', '--port', '99999'], /is not a port/],
  ];
  test.each(cases)('%s', (_name, args, message) => {
    const { status, stderr } = cr3scope(...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.split('\n')[0]).toMatch(/^cr3scope: /);
  });

  test('secretmem', () => {
    const w = cr3scope('walk', String(fixture.pid), hex(fixture.of('secretmem').va), '--json').json()[0];
    const { status, stderr, stdout } = cr3scope('frame', '--pa', w.pa, '--json');
    expect(status).toBe(2);
    expect(stderr).toContain('not in the kernel’s direct map');
    expect(JSON.parse(stdout).bytes).toBeNull();
  });

  test('no privileges', () => {
    const { status, stderr, stdout } = spawnSync(
      'setpriv',
      ['--reuid=65534', '--clear-groups', process.execPath, 'out/main/cli.cjs', 'doctor'],
      { encoding: 'utf8' },
    );
    expect(status).toBe(2);
    expect(stdout + stderr).toMatch(/Run as root/);
  });

  test('a process that exits in mid-check', async () => {
    const sources = await openSources(ADDON_PATH);
    const explorer = new Explorer(sources);
    /** The outcome of a check of a process with much memory, which is killed as soon as the check has begun. */
    const checkKilled = async () => {
      const child = spawn(
        'python3',
        [
          '-c',
          'import mmap,time\nm=mmap.mmap(-1,3<<30)\nfor i in range(0,3<<30,4096): m[i]=1\nprint(1,flush=True)\ntime.sleep(60)',
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await new Promise((ready) => child.stdout.once('data', ready));
      const exited = new Promise((done) => child.once('exit', done));
      const job = explorer.check(child.pid as number, 0n, 0n, 1n << 63n, () => undefined);
      child.kill('SIGKILL');
      const outcome = await job.promise.then(
        (r) => r.summary.outcome,
        (e: { code: string }) => e.code,
      );
      await exited;
      return outcome;
    };
    let outcome = await checkKilled();
    // On a busy machine the check may be complete before the process dies.
    for (let attempts = 1; outcome === 0 && attempts < 5; attempts++) outcome = await checkKilled();
    expect([1, 'ESRCH']).toContain(outcome);
  });
});

test('a mismatch gives exit code 1', async () => {
  const lines: string[] = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  const code = await runCommand(['check', String(fixture.pid), '--json'], async () => ({
    explorer: new Explorer(await openSources(TEST_ADDON_PATH)),
  }));
  write.mockRestore();
  expect(code).toBe(1);
  expect(JSON.parse(lines.at(-1) as string).verdicts.mismatch).toBeGreaterThan(0);
});

describe('report', () => {
  const path = (name: string) => join(folder, name);
  const linesOf = (file: string) =>
    readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => ExportLine.parse(JSON.parse(line)));
  const found = (file: string) => {
    const lines = linesOf(file);
    const process = lines.find((l) => l.type === 'process');
    if (!process) throw new Error(`no process in ${file}`);
    return { lines, process };
  };

  test('every format holds the same counts, and JSON Lines holds to its schema', () => {
    for (const ending of ['jsonl', 'html', 'csv'])
      expect(cr3scope('report', String(fixture.pid), '-o', path(`x.${ending}`)).status).toBe(0);
    const { lines, process } = found(path('x.jsonl'));
    const pages = lines.filter((l) => l.type === 'pages').reduce((n, l) => n + l.pages, 0);
    const regions = lines.filter((l) => l.type === 'region');
    expect(process).toMatchObject({ pid: fixture.pid, outcome: 'complete', dropped: { stretches: 0, evidence: 0 } });
    expect(pages).toBe(process.pages);
    expect(regions.reduce((n, l) => n + l.verdicts.agree, 0)).toBe(process.verdicts.agree);
    expect(lines[0]).toMatchObject({ type: 'capture', sha256: null, complete: true });
    const html = readFileSync(path('x.html'), 'utf8');
    expect(html).toContain(`<h1>Check of ${fixture.pid} page-kinds</h1>`);
    expect(html).toContain('agree by rule');
    expect(html).not.toMatch(/<script|https?:\/\//);
    const csv = readFileSync(path('x.csv'), 'utf8').trimEnd().split('\n');
    const column = (csv[0] as string).split(',').indexOf('pages');
    expect(csv.slice(1).reduce((n, line) => n + Number(line.split(',')[column]), 0)).toBe(process.pages);
  });

  test('covers several processes, a range, and the bytes, in any format', () => {
    const pids = [...new Set(fixture.cases.map((c) => c.pid))].map(String);
    const { va } = fixture.of('anon4k');
    expect(cr3scope('report', ...pids, '--bytes', '-o', path('several.jsonl')).status).toBe(0);
    const lines = linesOf(path('several.jsonl'));
    expect(lines.filter((l) => l.type === 'process').map((l) => String(l.pid))).toEqual(pids);
    const proofs = lines.filter((l) => l.type === 'bytes');
    expect(proofs.map((l) => String(l.pid))).toEqual(pids);
    expect(proofs.every((l) => l.same > 0 && l.differ === 0 && l.differences.length === 0)).toBe(true);
    expect(cr3scope('report', String(fixture.pid), '--range', `${hex(va)}+2`, '-o', path('range.jsonl')).status).toBe(
      0,
    );
    expect(found(path('range.jsonl')).process.pages).toBe(2);
    expect(cr3scope('report', '1', '--frames', 'digests', '-o', path('frames.csv'))).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/frames can’t be kept in csv/),
    });
  });

  test('never overwrites unasked, leaves nothing behind', () => {
    const file = join(folder, 'precious.csv');
    writeFileSync(file, 'mine');
    const refused = cr3scope('report', String(fixture.pid), '-o', file);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('--force');
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(cr3scope('report', '99999999', '-o', join(folder, 'none.csv')).status).toBe(2);
    expect(existsSync(join(folder, 'none.csv'))).toBe(false);
    expect(cr3scope('report', String(fixture.pid), '-o', file, '--force').status).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain('startTicks');
    expect(cr3scope('report', String(fixture.pid), '-o', '/nonexistent/x.csv').status).toBe(2);
    expect(readdirSync(folder).filter((f) => f.endsWith('.part'))).toEqual([]);
  });
});
