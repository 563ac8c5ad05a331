// SPDX-License-Identifier: GPL-2.0-only
// Over time: labs take the steps that their texts describe, a watch sees each change and names its cause, CPUs show who runs.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LabStep } from '../../app/contract/api.ts';
import { changesOf } from '../../app/contract/causes.ts';
import { LAB_NAMES, LABS, type LabName } from '../../app/contract/labs.ts';
import { type PageState, pageStates } from '../../app/contract/watch.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { Service } from '../../app/main/service/service.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { LABS_PROGRAM, READS_MAP_ZERO_PAGE, startLabProgram } from '../lab.ts';

let sources: Sources;
let explorer: Explorer;
let service: Service;

beforeAll(async () => {
  sources = await openSources(ADDON_PATH);
  explorer = new Explorer(sources);
  service = new Service(explorer, { labsProgram: LABS_PROGRAM });
});
afterAll(() => service.close());

interface Seen {
  root: bigint;
  pid: number;
  kind: string;
  shift: number;
  pfn: bigint;
  writable: boolean;
  dirty: boolean;
  verdict: string;
  cause: string;
}

async function runLab(name: LabName): Promise<Record<string, Seen>[]> {
  const id = crypto.randomUUID();
  const steps: Record<string, Seen>[] = [];
  for (let at: LabStep = await service.startLab({ id, name }); at.step !== null; at = await service.nextLab({ id })) {
    expect(at.step).toBe(steps.length + 1);
    steps.push(
      Object.fromEntries(
        at.pages.map(({ label, pid, translation, error, flags, count, cause }) => {
          if (!translation?.row) throw new Error(error);
          const [s] = pageStates(translation.row, [flags ?? 0n], [count ?? 0n], 0n) as [PageState];
          const raw = translation.path.entry[translation.path.last] as bigint;
          return [
            label,
            {
              root: translation.rootPa,
              pid,
              kind: s.note === 'zeroPage' ? 'zeroPage' : s.kind,
              shift: s.shift,
              pfn: s.pfn,
              writable: (raw & 2n) !== 0n,
              dirty: (raw & 0x40n) !== 0n,
              verdict: s.verdict,
              cause,
            },
          ];
        }),
      ),
    );
  }
  expect(steps.length).toBe(LABS[name].steps.length);
  // Each of them is checked by all sources, as always.
  for (const step of steps)
    for (const page of Object.values(step)) expect(['agree', 'agreeByRule', 'notPresent']).toContain(page.verdict);
  return steps;
}
const page = (steps: Record<string, Seen>[], step: number, label = 'page') => steps[step - 1]?.[label] as Seen;

describe('labs', () => {
  test('what is started under the id of one that has just ended is not forgotten', async () => {
    const page = new Service(explorer, { labsProgram: LABS_PROGRAM });
    const { pages } = await page.startLab({ id: 'one', name: 'demand' });
    process.kill(pages[0]?.pid ?? 0, 'SIGSTOP'); // it does not take the step before it is ended
    const late = expect(page.nextLab({ id: 'one' })).rejects.toThrow(/ended early/);
    await page.endLab({ id: 'one' });
    await page.startLab({ id: 'one', name: 'demand' });
    await late;
    await page.nextLab({ id: 'one' });
    page.close();
    await expect.poll(() => spawnSync('pgrep', ['-x', 'labs', '-P', String(process.pid)]).status).toBe(1);
  });

  test.each([1, 2, 3])('cow, run %i', async () => {
    const s = await runLab('cow');
    const first = page(s, 1, 'parent');
    expect(first).toMatchObject({ kind: 'leaf', shift: 12, writable: true, dirty: true });
    for (const who of ['parent', 'child'])
      expect(page(s, 2, who)).toMatchObject({ pfn: first.pfn, writable: false, kind: 'leaf' });
    expect(page(s, 2, 'child').root).not.toBe(first.root);
    expect(page(s, 3, 'parent')).toMatchObject({ pfn: first.pfn, writable: false });
    expect(page(s, 3, 'child')).toMatchObject({ writable: true, dirty: true });
    expect(page(s, 3, 'child').pfn).not.toBe(first.pfn);
    expect(page(s, 4, 'parent').writable).toBe(true);
    expect(page(s, 4, 'child').pfn).toBe(page(s, 3, 'child').pfn);
    expect(page(s, 5, 'parent')).toMatchObject({ pfn: page(s, 4, 'parent').pfn, writable: true });
  });

  test('demand', async () => {
    const s = await runLab('demand');
    expect(page(s, 1).verdict).toBe('notPresent');
    if (READS_MAP_ZERO_PAGE)
      expect(page(s, 2)).toMatchObject({ kind: 'zeroPage', pfn: sources.target.zeroPfn, writable: false });
    else expect(page(s, 2)).toMatchObject({ kind: 'leaf', writable: true });
    expect(page(s, 3)).toMatchObject({ kind: 'leaf', writable: true, dirty: true });
    expect(page(s, 3).pfn).not.toBe(sources.target.zeroPfn);
    expect(page(s, 4).verdict).toBe('notPresent');
    // Each change has its cause, in the words of a watch.
    expect(page(s, 1).cause).toBe('');
    const { kinds } = await explorer.causes().catch(() => ({ kinds: [] }));
    const how = kinds.length ? 'seen' : 'inferred';
    const changes: [at: number, what: string, by: string][] = READS_MAP_ZERO_PAGE
      ? [
          [2, 'the shared zero page was mapped', 'read'],
          [3, 'a frame of its own instead of the zero page', 'write'],
        ]
      : [[2, 'a frame of its own was mapped', how === 'seen' ? 'read' : 'access']];
    for (const [at, what, by] of [...changes, [4, 'the page was unmapped', 'MADV_DONTNEED'] as const]) {
      expect(page(s, at).cause).toMatch(new RegExp(`^${how}: `));
      expect(page(s, at).cause).toContain(what);
      expect(page(s, at).cause).toContain(by);
    }
  });

  test('exec', async () => {
    const s = await runLab('exec');
    expect(page(s, 2).pid).toBe(page(s, 1).pid);
    expect(page(s, 2).root).not.toBe(page(s, 1).root);
  });

  test('threads', async () => {
    const s = await runLab('threads');
    expect(page(s, 1).verdict).toBe('notPresent');
    expect(page(s, 2)).toMatchObject({ root: page(s, 1).root, kind: 'leaf', writable: true });
    expect(page(s, 3, 'child').root).not.toBe(page(s, 1).root);
    expect(page(s, 3, 'child').cause).toBe('');
    expect(page(s, 3, 'child').pfn).toBe(page(s, 2).pfn);
  });

  test('protnone', async () => {
    const s = await runLab('protnone');
    expect(s.map((_, i) => page(s, i + 1).kind)).toEqual(['leaf', 'protNone', 'leaf']);
    expect(new Set(s.map((_, i) => page(s, i + 1).pfn)).size).toBe(1);
    expect(page(s, 2).verdict).toBe('agreeByRule');
  });

  test('huge', async () => {
    const s = await runLab('huge');
    expect(page(s, 1, 'middle')).toMatchObject({ shift: 21, pfn: page(s, 1, 'first').pfn + 256n });
    expect(page(s, 2, 'middle')).toMatchObject({ shift: 12, pfn: page(s, 1, 'middle').pfn, writable: false });
    expect(page(s, 2, 'first')).toMatchObject({ shift: 12, pfn: page(s, 1, 'first').pfn, writable: true });
    const [major = 0, minor = 0] = sources.target.release.split('.').map(Number);
    if (major > 6 || (major === 6 && minor >= 1)) expect(page(s, 3, 'first').shift).toBe(21);
  });

  test('shared', async () => {
    const s = await runLab('shared');
    expect(page(s, 1, 'parent').verdict).toBe('notPresent');
    const { pfn } = page(s, 2, 'parent');
    for (const step of [3, 4])
      for (const who of ['parent', 'child']) expect([step, who, page(s, step, who).pfn]).toEqual([step, who, pfn]);
    expect(page(s, 4, 'child')).toMatchObject({ writable: true, dirty: true });
  });

  test('ended in the middle, no process is left; a lab that is not there is said to be', async () => {
    const at = await service.startLab({ id: 'x', name: 'cow' });
    const next = await service.nextLab({ id: 'x' });
    const pids = new Set([...at.pages, ...next.pages].map((p) => p.pid));
    expect(pids.size).toBe(2);
    expect(await service.endLab({ id: 'x' })).toBe(true);
    await expect.poll(() => [...pids].filter((pid) => isAlive(pid))).toEqual([]);
    await expect(service.nextLab({ id: 'x' })).rejects.toThrow(/is not running/);
    const broken = new Service(explorer, { labsProgram: '/nonexistent/labs' });
    await expect(broken.startLab({ id: 'y', name: 'cow' })).rejects.toThrow(/nonexistent/);
    expect(LAB_NAMES.length).toBe(7);
  });
});

function isAlive(pid: number): boolean {
  try {
    // A zombie has ended; whoever is PID 1 here may be slow to take note.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/**
 * Watches the page of a lab's program. `effects` are those of its changes (test/live/causes.test.ts has the causes), but for changes that come of themselves: the kernel
 * clears A as it ages pages, and the flags of pagemap say who else looks at the frame.
 */
async function watchLab(name: LabName, intervalMs: number) {
  const program = await startLabProgram(name);
  const effects: string[] = [];
  const last = new Map<bigint, PageState>();
  let samples = 0n;
  const { pid, va } = program;
  const job = explorer.watch(pid, 0n, va, va + 1n, intervalMs, (batch) => {
    const states = pageStates(batch.rows, batch.flags, batch.counts, batch.ns);
    for (const { cause } of changesOf(states, last, pid)) {
      const text = cause.effects.join('; ');
      if (!/^(A was|only pagemap’s flags)[^;]*$/.test(text)) effects.push(text);
    }
    for (const state of states) last.set(state.va, state);
    samples = batch.samples;
  });
  await expect.poll(() => samples).toBeGreaterThan(0n);
  return {
    program,
    job,
    effects,
    /** A step of the program, then a sample. */
    step: async () => {
      await program.go();
      const before = samples;
      job.sample();
      await expect.poll(() => samples).toBe(before + 1n);
    },
    end: async () => {
      job.cancel();
      expect(await job.promise).toBe(false);
      program.end();
    },
  };
}

describe('watch', () => {
  test('demand paging: each change', async () => {
    const { program, effects, end } = await watchLab('demand', 10);
    for (const effect of READS_MAP_ZERO_PAGE
      ? ['the shared zero page was mapped', 'a frame of its own instead of the zero page', 'the page was unmapped']
      : ['a frame of its own was mapped', undefined, 'the page was unmapped']) {
      await program.go();
      if (effect) await expect.poll(() => effects.shift()).toBe(effect);
    }
    await end();
    expect(effects).toEqual([]);
  });

  test('fork and copy on write, seen from the parent', async () => {
    const { effects, step, end } = await watchLab('cow', 0);
    for (let i = 0; i < 3; i++) await step();
    await end();
    expect(effects[0]).toBe('made read-only');
    expect(effects.at(-1)).toBe('made writable');
  });

  test('PROT_NONE, a huge page split', async () => {
    const none = await watchLab('protnone', 0);
    for (let i = 0; i < 2; i++) await none.step();
    await none.end();
    expect(none.effects).toEqual([
      'access was taken away: P is clear and the frame number is stored inverted',
      'access is allowed again',
    ]);
    const huge = await watchLab('huge', 0);
    await huge.step();
    await huge.end();
    expect(huge.effects[0]).toBe('the 2M page was split');
  });

  test('to the swap file and back, a sample for each time that it is asked for', async () => {
    const child = spawn('out/fixtures/pager', [], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const [pid, va] = String((await lines.next()).value).split(' ');
    const states: PageState[] = [];
    let samples = 0n;
    const at = BigInt(`0x${va}`);
    const job = explorer.watch(Number(pid), 0n, at, at + 1n, 0, (batch) => {
      samples = batch.samples;
      states.push(...pageStates(batch.rows, batch.flags, batch.counts, batch.ns));
    });
    await expect.poll(() => samples).toBe(1n);
    for (let i = 2n; i <= 4n; i++) {
      child.stdin.write('\n');
      await lines.next();
      expect(samples).toBe(i - 1n); // nobody asked yet
      job.sample();
      await expect.poll(() => samples).toBe(i);
    }
    job.cancel();
    expect(await job.promise).toBe(false);
    child.kill();
    expect(states.map((s) => [s.kind, s.verdict])).toEqual([
      ['none', 'notPresent'],
      ['leaf', 'agree'],
      ['swap', 'swapped'],
      ['leaf', 'agree'],
    ]);
    const effects = states.slice(1).map((to, i) => {
      const [change] = changesOf([to], new Map([[at, states[i] as PageState]]), Number(pid));
      return change?.cause.effects;
    });
    expect(effects).toEqual([['a frame of its own was mapped'], ['swapped out'], ['read back from swap']]);
  });

  test('it ends with the error of who takes its samples', async () => {
    const program = await startLabProgram('demand');
    const { promise } = explorer.watch(program.pid, 0n, program.va, program.va + 1n, 5, () => {
      throw new Error('not taken');
    });
    await expect(promise).rejects.toThrow('not taken');
    program.end();
  });

  test('it ends by itself when the process goes, and says so', async () => {
    const { program, job } = await watchLab('demand', 20);
    program.end();
    expect(await job.promise).toBe(true);
    expect(() => explorer.watch(program.pid, 0n, 0n, 1n << 40n, 20, () => undefined)).toThrow(/can’t be watched/);
    await expect(
      explorer.watch(program.pid, 0n, program.va, program.va + 1n, 20, () => undefined).promise,
    ).rejects.toMatchObject({ code: 'ESRCH' });
  });
});

test('CPUs: one that spins is on one of them, with its root', async () => {
  const all = await explorer.cpus({});
  // Whoever asks is on a CPU; where that is the only one, it sees itself.
  if (all.cpu.length === 1) return expect([...all.pid]).toEqual([process.pid]);
  // As many as there are CPUs: a single one could wait for the CPU that whoever asks is on.
  const spinners = [...all.cpu].map(() => spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
  try {
    let pid = 0;
    await expect
      .poll(async () => {
        const on = (await explorer.cpus({})).pid;
        pid = spinners.find((spinner) => on.includes(spinner.pid as number))?.pid ?? 0;
        return pid;
      })
      .toBeGreaterThan(0);
    const { rootPa } = await explorer.tables({ pid, startTicks: 0n });
    const cpus = await explorer.cpus({});
    const again = cpus.pid.indexOf(pid);
    if (again >= 0) expect([cpus.rootPa[again], cpus.owner[again]]).toEqual([rootPa, pid]);
    expect(cpus.registers).toBe(sources.status.some((s) => s.name === 'kernelWalk' && s.ready));
    if (!cpus.registers) expect([...cpus.cr3].every((word) => word === 0n)).toBe(true);
  } finally {
    for (const spinner of spinners) spinner.kill('SIGKILL');
  }
});

test('the command line watches ranges of several processes, a sample a line', async () => {
  const [one, other] = [await startLabProgram('demand'), await startLabProgram('demand')];
  const cli = spawn(
    process.execPath,
    [
      'out/main/cli.cjs',
      'watch',
      '--step',
      '--json',
      String(one.pid),
      one.va.toString(16),
      `${other.pid}:${other.va.toString(16)}+2`,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const said: Record<string, unknown>[] = [];
  createInterface({ input: cli.stdout }).on('line', (line) => said.push(JSON.parse(line)));
  await expect.poll(() => said.length).toBe(3);
  await one.go();
  cli.stdin.write('\n');
  await expect.poll(() => said.length).toBe(4);
  await other.go();
  cli.stdin.end('\n');
  await new Promise((resolve) => cli.once('exit', resolve));
  const causes = said.filter((s) => 'cause' in s).map((s) => [s.pid, s.cause]);
  expect(causes).toEqual(
    [one, other].map(({ pid }) => [pid, expect.stringMatching(/(the shared zero page|a frame of its own) was mapped/)]),
  );
  expect(said.at(-1)).toMatchObject({ gone: false });
  one.end();
  other.end();
});
