// SPDX-License-Identifier: GPL-2.0-only
// Why pages change: each scenario of test/fixtures/causes.c, and the cause that is named. It must be seen where this kernel
// can tell, and elsewhere inferred, with the right one among those that fit.
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cause, takeSample } from '../../app/contract/causes.ts';
import { kernelVersion } from '../../app/contract/paging.ts';
import type { PageState } from '../../app/contract/watch.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { READS_MAP_ZERO_PAGE, startLabProgram } from '../lab.ts';

interface Expected {
  /** What became of it. */
  effect: RegExp;
  /** What did it: to be seen, and among the causes that are inferred. */
  seen: RegExp;
  inferred?: RegExp;
  /** The processor does it without the kernel, so that nobody can see it. */
  byItself?: true;
  /** The kernel does it to pages of its own choice, which tracepoints do not tell. */
  somewhere?: true;
  /** From this version of Linux on the page is changed for certain. */
  since?: number;
  /** Which of the watched pages it is about; the first. */
  page?: number;
}

const ZERO = /zero page/;
const OWN = /a frame of its own/;
const READ = READS_MAP_ZERO_PAGE ? ZERO : OWN;
const GONE = /unmapped/;
const AGAIN = /frame of its own|another frame/;

const SCENARIOS: Record<string, Expected | Expected[]> = {
  'first read': { effect: READ, seen: /^read fault by thread/, inferred: /^a read|first access/ },
  'first write': { effect: OWN, seen: /^write fault by thread/, inferred: /first access/ },
  'write to the zero page': { effect: OWN, seen: /^write fault by thread/, inferred: /^a write/ },
  fork: { effect: /made read-only/, seen: /^fork by thread/, inferred: /^fork/ },
  'copy on write, parent': { effect: AGAIN, seen: /^write fault by thread/, inferred: /^copy on write/ },
  'copy on write, child': { effect: AGAIN, seen: /^write fault by thread/, inferred: /^copy on write/ },
  'mprotect to read-only': { effect: /read-only/, seen: /^mprotect\(PROT_READ\) by/, inferred: /^mprotect/ },
  'mprotect to writable': {
    effect: /made writable/,
    seen: /^mprotect\(PROT_READ \| PROT_WRITE\) by/,
    inferred: /^mprotect/,
    since: 0x601, // older ones may leave it to the next write
  },
  'mprotect to PROT_NONE': { effect: /access was taken/, seen: /^mprotect\(PROT_NONE\) by/, inferred: /^mprotect/ },
  'mprotect back from PROT_NONE': { effect: /allowed again/, seen: /^mprotect\(PROT_READ/, inferred: /^mprotect/ },
  munmap: [0, 3].map((page) => ({ effect: GONE, seen: /^munmap by thread/, inferred: /^munmap/, page })),
  'mmap over it': { effect: GONE, seen: /^mmap by thread/, inferred: /^mmap/ },
  MADV_DONTNEED: { effect: GONE, seen: /^madvise\(MADV_DONTNEED\) by/, inferred: /^MADV_DONTNEED/, page: 3 },
  'MADV_DONTNEED of the zero page': { effect: GONE, seen: /^madvise\(MADV_DONTNEED\) by/, inferred: /^MADV_DONTNEED/ },
  'MADV_DONTNEED and a write': {
    effect: /another frame/,
    seen: /^madvise\(MADV_DONTNEED\) by|^write fault by/,
    inferred: /unmapping and a new access/,
  },
  MADV_FREE: { effect: /D was cleared/, seen: /^madvise\(MADV_FREE\) by/, inferred: /^MADV_FREE/ },
  'write after MADV_FREE': { effect: /D was set/, seen: /^/, inferred: /^a write/, byItself: true },
  'MADV_FREE and reclaim': { effect: GONE, seen: /^madvise\(MADV_PAGEOUT\) by/, inferred: /reclaim/ },
  MADV_PAGEOUT: { effect: /swapped out/, seen: /^madvise\(MADV_PAGEOUT\) by/, inferred: /MADV_PAGEOUT/ },
  'swap in': { effect: /read back from swap/, seen: /^read fault by/, inferred: /^an access/ },
  'reclaim for want of memory': {
    effect: /swapped out/,
    seen: /^reclaim by/,
    inferred: /reclaim/,
    somewhere: true,
  },
  swapoff: { effect: /read back from swap/, seen: /^swapoff by/, inferred: /swapoff/, somewhere: true },
  MADV_COLD: { effect: /A was cleared/, seen: /^madvise\(MADV_COLD\) by/, inferred: /MADV_COLD/ },
  'MADV_COLLAPSE of touched pages': {
    effect: /became one 2M page/,
    seen: /^madvise\(MADV_COLLAPSE\) by/,
    inferred: /MADV_COLLAPSE/,
    page: 7,
  },
  'MADV_COLLAPSE over untouched pages': {
    effect: /a 2M page of its own/,
    seen: /^madvise\(MADV_COLLAPSE\) by/,
    inferred: /MADV_COLLAPSE/,
    page: 5,
  },
  'collapse by khugepaged': {
    effect: /became one 2M page/,
    seen: /^collapse into a huge page by khugepaged/,
    inferred: /khugepaged/,
    somewhere: true,
    page: 7,
  },
  'first touch of a huge page': {
    effect: /a 2M page of its own/,
    seen: /^write fault by/,
    inferred: /first access/,
    page: 3,
  },
  'huge page split by mprotect': [0, 5].map((page) => ({
    effect: /2M page was split/,
    seen: /^mprotect\(PROT_READ\) by|^split of the huge page by/,
    inferred: /mprotect/,
    page,
  })),
  'huge page split by munmap': {
    effect: /2M page was split/,
    seen: /^munmap by|^split of the huge page by/,
    inferred: /munmap/,
  },
  mremap: [
    { effect: GONE, seen: /^mremap to [0-9a-f]+ by thread/, inferred: /mremap/ },
    { effect: OWN, seen: /^mremap from [0-9a-f]+ by thread/, inferred: /mremap/, page: 8 },
  ],
  'read of a file': [
    { effect: /a file or of shared memory/, seen: /^read fault by|^fault on a page near/, inferred: /an access/ },
    {
      effect: /a file or of shared memory/,
      seen: /^fault on a page near it by/,
      inferred: /near it/,
      page: 1,
    },
  ],
  'first write to a shared file': { effect: /made writable/, seen: /^write fault by/, inferred: /^a write/ },
  'copy of a private file page': { effect: AGAIN, seen: /^write fault by/, inferred: /^copy on write/ },
  msync: { effect: /made read-only/, seen: /^msync by/, inferred: /msync/ },
  fsync: { effect: /made read-only/, seen: /^fsync by/, inferred: /fsync/ },
  'truncation of a shared file': {
    effect: GONE,
    seen: /^ftruncate by/,
    inferred: /truncat/,
  },
  'truncation under a private copy': { effect: GONE, seen: /^ftruncate by/, inferred: /truncat/ },
  compaction: { effect: /another frame/, seen: /^migration for compaction by/, inferred: /compaction/, page: -1 },
  move_pages: {
    effect: /another frame/,
    seen: /^move_pages by|move_pages or migrate_pages by/,
    inferred: /move_pages/,
  },
  'NUMA hint': {
    effect: /access was taken/,
    seen: /^NUMA balancing set a hint by thread/,
    inferred: /a NUMA hint/,
  },
  'access after a NUMA hint': {
    effect: /allowed again|another frame/,
    seen: /^read fault by|^migration for NUMA balancing by/,
    inferred: /NUMA/,
  },
  'KSM merge': [
    {
      effect: /another frame|made read-only|equal pages/,
      seen: /equal page \(KSM\) by ksmd|equal ones share \(KSM\) by ksmd/,
      inferred: /KSM/,
    },
    {
      effect: /another frame|made read-only|equal pages/,
      seen: /equal page \(KSM\) by ksmd|equal ones share \(KSM\) by ksmd/,
      inferred: /KSM/,
      page: 1,
    },
  ],
  'KSM unmerge': {
    effect: AGAIN,
    seen: /^madvise\(MADV_UNMERGEABLE\) by|own in the kernel|^a request for a copy|^write fault/,
    inferred: /end of merging|unmapping and a new access/,
    page: -1,
  },
  UFFDIO_COPY: { effect: OWN, seen: /^UFFDIO_COPY by/, inferred: /userfaultfd/ },
  UFFDIO_ZEROPAGE: { effect: ZERO, seen: /^UFFDIO_ZEROPAGE by/, inferred: /UFFDIO_ZEROPAGE/ },
  UFFDIO_MOVE: [
    { effect: GONE, seen: /^UFFDIO_MOVE by/, inferred: /UFFDIO_MOVE/ },
    { effect: OWN, seen: /^UFFDIO_MOVE by/, inferred: /UFFDIO_MOVE/, page: 8 },
  ],
  UFFDIO_WRITEPROTECT: {
    effect: /write-protected by userfaultfd/,
    seen: /^UFFDIO_WRITEPROTECT by|^write protection by userfaultfd by/,
    inferred: /UFFDIO_WRITEPROTECT/,
  },
  'UFFDIO_WRITEPROTECT lifted': {
    effect: /was lifted/,
    seen: /^UFFDIO_WRITEPROTECT by|^end of write protection by userfaultfd by/,
    inferred: /UFFDIO_WRITEPROTECT/,
  },
  'clear_refs of A': { effect: /A was cleared/, seen: /^clear_refs \(1\) by thread/, inferred: /clear_refs/ },
  'clear_refs of soft-dirty': {
    effect: /soft-dirty was cleared/,
    seen: /^clear_refs \(4\) by/,
    inferred: /clear_refs/,
  },
  'access after clear_refs': { effect: /A was set/, seen: /^/, inferred: /^an access/, byItself: true },
  'process_madvise by another process': {
    effect: /A was cleared/,
    seen: /^process_madvise\(MADV_COLD\) by process \d+ \(causes\)/,
    inferred: /MADV_COLD/,
  },
  'write by another process': {
    effect: OWN,
    seen: /^write fault in process_vm_writev by process \d+ \(causes\)/,
    inferred: /first access/,
  },
  'hugetlb first touch': { effect: /2M/, seen: /^write fault by/, inferred: /access/, page: 2 },
  'hugetlb copy on write': { effect: AGAIN, seen: /^write fault by/, inferred: /copy on write/ },
  'first write to the heap': { effect: OWN, seen: /^write fault by/, inferred: /first access/ },
  'brk that shrinks the heap': { effect: GONE, seen: /^brk by thread/, inferred: /brk/ },
  'stack growth': { effect: OWN, seen: /^write fault by/, inferred: /first access/ },
  MADV_POPULATE_READ: { effect: READ, seen: /^madvise\(MADV_POPULATE_READ\) by/, inferred: /POPULATE_READ|populating/ },
  MADV_POPULATE_WRITE: { effect: OWN, seen: /^madvise\(MADV_POPULATE_WRITE\) by/, inferred: /populating/ },
  mlock: { effect: OWN, seen: /^mlock by/, inferred: /populating/ },
  MADV_GUARD_INSTALL: { effect: /a marker came/, seen: /^madvise\(MADV_GUARD_INSTALL\) by/, inferred: /GUARD_INSTALL/ },
  MADV_GUARD_REMOVE: {
    effect: /marker was removed/,
    seen: /^madvise\(MADV_GUARD_REMOVE\) by/,
    inferred: /GUARD_REMOVE/,
  },
};

/** The kind of cause, as doctor names it, that each is about; the others are page faults. */
const KINDS: Partial<Record<string, string>> = {
  fork: 'fork',
  'mprotect to read-only': 'mprotect',
  'mprotect to writable': 'mprotect',
  'mprotect to PROT_NONE': 'mprotect',
  'mprotect back from PROT_NONE': 'mprotect',
  munmap: 'munmap, discarding, truncation',
  'mmap over it': 'munmap, discarding, truncation',
  MADV_DONTNEED: 'munmap, discarding, truncation',
  'MADV_DONTNEED of the zero page': 'munmap, discarding, truncation',
  'MADV_DONTNEED and a write': 'munmap, discarding, truncation',
  MADV_FREE: 'MADV_FREE',
  'MADV_FREE and reclaim': 'reclaim',
  MADV_PAGEOUT: 'reclaim',
  'reclaim for want of memory': 'reclaim',
  swapoff: 'swapoff',
  MADV_COLD: 'MADV_COLD, MADV_PAGEOUT',
  'MADV_COLLAPSE of touched pages': 'collapse into huge pages',
  'MADV_COLLAPSE over untouched pages': 'collapse into huge pages',
  'collapse by khugepaged': 'collapse into huge pages',
  'huge page split by mprotect': 'splitting of huge pages',
  'huge page split by munmap': 'splitting of huge pages',
  mremap: 'mremap',
  'read of a file': 'pages mapped around a fault',
  msync: 'write-back to files',
  fsync: 'write-back to files',
  'truncation of a shared file': 'munmap, discarding, truncation',
  'truncation under a private copy': 'munmap, discarding, truncation',
  compaction: 'migration',
  move_pages: 'migration',
  'NUMA hint': 'NUMA hints',
  'KSM merge': 'KSM',
  'KSM unmerge': 'KSM',
  UFFDIO_COPY: 'userfaultfd',
  UFFDIO_ZEROPAGE: 'userfaultfd',
  UFFDIO_MOVE: 'userfaultfd',
  UFFDIO_WRITEPROTECT: 'userfaultfd',
  'UFFDIO_WRITEPROTECT lifted': 'userfaultfd',
  'clear_refs of A': 'clear_refs',
  'clear_refs of soft-dirty': 'clear_refs',
  'process_madvise by another process': 'MADV_COLD, MADV_PAGEOUT',
  'brk that shrinks the heap': 'munmap, discarding, truncation',
  MADV_GUARD_INSTALL: 'guard regions',
  MADV_GUARD_REMOVE: 'guard regions',
};

let explorer: Explorer;
let version: number;
let functions: boolean;
/** How well each kind of cause can be seen here. */
let abilities: ReadonlyMap<string, string>;
let fixture: ChildProcessByStdio<Writable, Readable, null>;
let answers: AsyncIterator<string>;
const table: string[] = [];

const start = () => {
  fixture = spawn('out/fixtures/causes', [], { stdio: ['pipe', 'pipe', 'inherit'] });
  answers = createInterface({ input: fixture.stdout })[Symbol.asyncIterator]();
};
async function ask(line: string): Promise<string[]> {
  fixture.stdin.write(`${line}\n`);
  const { value } = await answers.next();
  if (typeof value !== 'string') throw new Error(`the fixture ended at "${line}"`);
  return value.split(' ');
}

beforeAll(async () => {
  const sources = await openSources(ADDON_PATH);
  explorer = new Explorer(sources);
  version = kernelVersion(sources.target.release);
  // Old kernels report nothing.
  const nothing = { kinds: [], functionsRefusal: 'bpf is too old' };
  const { kinds, functionsRefusal } = await explorer.causes().catch(() => nothing);
  functions = functionsRefusal === '';
  abilities = new Map(kinds.map(({ kind, how }) => [kind, how]));
  start();
});
afterAll(() => {
  fixture.stdin.end();
  console.log(`${functions ? 'programs at functions' : 'programs at tracepoints'}\n${table.join('\n')}`);
});

/**
 * The cause of each watched page that changes when the scenario acts, and how many records were lost; a reason where this
 * machine can't do it.
 */
async function observeOnce(name: string): Promise<{ causes: Map<number, Cause>; lost: bigint } | string> {
  const [answer, ...rest] = await ask(name);
  if (answer !== 'ready') return rest.join(' ');
  const [pid, begin, pages] = [Number(rest[0]), BigInt(`0x${rest[1]}`), Number(rest[2])];
  const last = new Map<bigint, PageState>();
  const causes = new Map<number, Cause>();
  let samples = 0n;
  let lost = 0n;
  const job = explorer.watch(pid, 0n, begin, begin + BigInt(pages) * 4096n, 0, (batch) => {
    for (const { to, cause } of takeSample(batch, last, pid).changes)
      causes.set(Number((to.va - begin) / 4096n), cause);
    lost = batch.lost;
    samples = batch.samples;
  });
  await expect.poll(() => samples).toBe(1n);
  const [done, ...why] = await ask('go');
  if (done === 'done') {
    job.sample();
    await expect.poll(() => samples).toBe(2n);
  }
  job.cancel();
  await job.promise;
  return done === 'done' ? { causes, lost } : why.join(' ');
}

/** Without a loss: a kernel whose programs can be preempted may leave one out, and then anything may have been missed. */
async function observe(name: string): Promise<Map<number, Cause> | string> {
  for (let tries = 0; tries < 10; tries++) {
    const observed = await observeOnce(name);
    if (typeof observed === 'string') return observed;
    if (observed.lost === 0n) return observed.causes;
  }
  throw new Error('records were lost every time');
}

test.each(Object.entries(SCENARIOS))('%s', async (name, expected) => {
  const causes = await observe(name);
  if (typeof causes === 'string') {
    table.push(`${name.padEnd(36)} skipped   ${causes}`);
    return;
  }
  for (const { effect, seen, inferred = seen, byItself, somewhere, since = 0, page = 0 } of [expected].flat()) {
    if (version < since && causes.size === 0) {
      table.push(`${name.padEnd(36)} skipped   this kernel does not change the page`);
      continue;
    }
    // Which of many pages it will be is not known.
    const one = page >= 0 ? causes.get(page) : [...causes.values()].find((c) => c.effects.some((e) => effect.test(e)));
    table.push(`${name.padEnd(36)} ${(one?.how ?? 'none').padEnd(9)} ${one?.text}`);
    expect(one?.effects.join('; '), name).toMatch(effect);
    const ability = abilities.get(KINDS[name] ?? 'page faults') ?? 'inferred';
    // What this kernel does not tell may follow from something else that was seen.
    const untold = byItself || (somewhere && ability === 'partly');
    const hows = ability === 'inferred' ? ['inferred', 'seen'] : [untold ? 'inferred' : 'seen'];
    expect(hows, `${name}: ${one?.text}`).toContain(one?.how);
    expect(one?.causes.join('\n')).toMatch(new RegExp((one?.how === 'seen' ? seen : inferred).source, 'm'));
    // Nothing that was seen is about something else.
    for (const cause of causes.values())
      if (cause.how === 'seen')
        expect([expected].flat().some((e) => cause.causes.every((text) => e.seen.test(text)))).toBe(true);
  }
});

test('programs at functions see every kind of cause that the kernel has', () => {
  // Other compilers than Debian's may have made a function a part of others.
  if (!functions || process.env.CR3SCOPE_GUEST === undefined) return;
  const unseen = [...abilities].filter(([, how]) => how !== 'seen').map(([kind]) => kind);
  expect(unseen).toEqual(version < 0x60d ? ['guard regions'] : []);
});

test('exec ends the watch', async () => {
  const [, pid, begin] = await ask('exec');
  const va = BigInt(`0x${begin}`);
  let samples = 0n;
  const job = explorer.watch(Number(pid), 0n, va, va + 1n, 5, (batch) => {
    samples = batch.samples;
  });
  await expect.poll(() => samples).toBeGreaterThan(0n);
  fixture.stdin.write('go\n');
  expect(await job.promise).toBe(true);
});

/** Watches the page of a lab and takes a step; how the cause of its change is known. */
async function watchStep() {
  const program = await startLabProgram('demand');
  const { pid, va } = program;
  const last = new Map<bigint, PageState>();
  const hows: string[] = [];
  let samples = 0n;
  let refusal = '';
  const job = explorer.watch(pid, 0n, va, va + 1n, 0, (batch) => {
    hows.push(...takeSample(batch, last, pid).changes.map(({ cause }) => cause.how));
    samples = batch.samples;
    refusal = batch.refusal;
  });
  await expect.poll(() => samples).toBe(1n);
  return {
    refusal,
    step: async () => {
      await program.go();
      const before = samples;
      job.sample();
      await expect.poll(() => samples).toBe(before + 1n);
      return hows.at(-1);
    },
    end: async () => {
      job.cancel();
      await job.promise;
      program.end();
    },
  };
}

test('eight processes have their causes seen at once; for more it is said that none is, until one ends', async () => {
  if (!abilities.size) return expect((await watchStep()).refusal).not.toBe('');
  const all = [];
  for (let i = 0; i < 9; i++) all.push(await watchStep());
  const [first, ...others] = all;
  expect(all.map(({ refusal }) => refusal !== '')).toEqual(all.map((_, i) => i === 8));
  for (const [i, { step }] of all.entries()) expect([i, await step()]).toEqual([i, i < 8 ? 'seen' : 'inferred']);
  await first?.end();
  const next = await watchStep();
  expect(await next.step()).toBe('seen');
  for (const { end } of [...others, next]) await end();
});

test('a recording keeps what was seen, and its exports say so', async () => {
  const program = await startLabProgram('demand');
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-causes-'));
  const capture = join(folder, 'watch.cr3scope');
  const cli = spawn(
    process.execPath,
    ['out/main/cli.cjs', 'watch', '--step', '--json', String(program.pid), program.va.toString(16), '-o', capture],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const said: { cause?: string; how?: string; causes?: string[] }[] = [];
  createInterface({ input: cli.stdout }).on('line', (line) => said.push(JSON.parse(line)));
  await expect.poll(() => said.length).toBe(1);
  await program.go();
  cli.stdin.end('\n');
  await new Promise((resolve) => cli.once('exit', resolve));
  const [change] = said.filter((line) => line.cause !== undefined);
  if (abilities.size)
    expect(change).toMatchObject({
      how: 'seen',
      cause: expect.stringMatching(
        /^seen: read fault by thread \d+, .* → (the shared zero page|a frame of its own) was mapped$/,
      ),
      causes: [expect.stringMatching(/^read fault/)],
    });
  const lines = join(folder, 'watch.jsonl');
  execFileSync(process.execPath, ['out/main/cli.cjs', 'export', capture, '-o', lines]);
  const exported = readFileSync(lines, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((line) => line.type === 'watch');
  expect(exported.map(({ cause, how }) => [cause, how])).toEqual([
    [null, null],
    [change?.cause, change?.how],
  ]);
  rmSync(folder, { recursive: true });
  program.end();
});
