// SPDX-License-Identifier: GPL-2.0-only
// Captures of what is large, and files that claim to be: the first are written and read, the second cost no more than
// their bytes justify.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pack } from '../../app/contract/msgpack.ts';
import { halfOf } from '../../app/contract/paging.ts';
import { capturedSources, openCapture, readCapture } from '../../app/main/capture/captured.ts';
import { CaptureWriter } from '../../app/main/capture/container.ts';
import { Recorder } from '../../app/main/capture/record.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';

const MAPPINGS = 100_000;
const MOST = '/proc/sys/vm/max_map_count';
const OLD = 'test/fixtures/captures/v0.3-whole.cr3scope';
const folder = mkdtempSync(join(tmpdir(), 'cr3scope-limits-'));
const file = join(folder, 'large.cr3scope');
const path = join(folder, 'x.cr3scope');
const most = readFileSync(MOST, 'utf8');
const programs: ChildProcess[] = [];
afterAll(() => {
  for (const program of programs) program.kill('SIGKILL');
  writeFileSync(MOST, most);
  rmSync(folder, { recursive: true });
});

const cli = (...words: string[]) =>
  spawnSync(process.execPath, ['out/main/cli.cjs', ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });

/** The most memory that a command had, in MiB. */
function mebibytes(...words: string[]): number {
  const command = [process.execPath, 'out/main/cli.cjs', ...words];
  const { stdout } = spawnSync('python3', ['-c', RUSAGE, ...command], { encoding: 'utf8' });
  return Number(stdout) / 1024;
}
const RUSAGE = `import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)`;

describe('a machine that has much', () => {
  let many: ChildProcess;
  let long: ChildProcess;
  beforeAll(async () => {
    // As newer distributions have it.
    writeFileSync(MOST, '1048576');
    const deep = join(folder, ...['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(200)));
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, 'file'), new Uint8Array(4096));
    const start = async (...words: string[]) => {
      const program = spawn('out/fixtures/mappings', words, { stdio: ['ignore', 'pipe', 'inherit'] });
      programs.push(program);
      await new Promise<void>((resolve, reject) => {
        program.stdout?.once('data', () => resolve());
        program.once('exit', () => reject(new Error('it ended before it was ready')));
      });
      return program;
    };
    many = await start(String(MAPPINGS));
    long = await start('65000', join(deep, 'file'));
  });

  test(`${MAPPINGS} mappings, and paths of a thousand characters, are captured and come back`, {
    timeout: 300_000,
  }, async () => {
    const pids = [many.pid as number, long.pid as number];
    const written = cli('report', ...pids.map(String), '-o', file);
    expect([written.status, written.stderr]).toEqual([0, '']);
    expect(cli('verify', file)).toMatchObject({ status: 0 });
    const contents = readCapture(file);
    expect(contents.problem).toBeUndefined();
    for (const [i, pid] of pids.entries()) {
      const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n');
      const { regions, fullSummary, pages } = contents.spaces[i] ?? expect.fail('a space is missing');
      expect(regions.begin.length).toBeGreaterThan(65_000);
      expect(regions.begin.length).toBe(maps.length);
      for (const [k, begin] of regions.begin.entries())
        if (
          !maps[k]?.startsWith(
            `${begin.toString(16).padStart(8, '0')}-${regions.end[k]?.toString(16).padStart(8, '0')} `,
          )
        )
          expect.fail(`${maps[k]} is ${begin.toString(16)}`);
      expect(regions.path.at(100)?.length ?? 0).toBe(pid === long.pid ? join(folder, 'file').length + 5 * 201 : 0);
      const summary = fullSummary();
      // [vsyscall] lies in the kernel half, which is not checked.
      expect(summary?.regionBegin).toEqual(regions.begin.filter((begin) => halfOf(begin) === 'user'));
      let stretches = 0n;
      for (const stretch of pages.stretches()) stretches += stretch.pages;
      expect(stretches).toBe(summary?.pages);
    }
    const shown = cli('regions', String(many.pid), '--capture', file);
    expect([shown.status, shown.stderr]).toEqual([0, '']);
    expect(shown.stdout.split('\n').length).toBeGreaterThan(MAPPINGS);
    contents.close();
  });

  test('more arguments than a thousand, and one as long as Linux takes', async () => {
    const explorer = new Explorer(await openSources(ADDON_PATH));
    const before = process.argv;
    process.argv = [...before.slice(0, 2), ...Array.from({ length: 2000 }, String), 'x'.repeat(131_071)];
    try {
      const recorder = await Recorder.begin(explorer, path, true, { frames: 'none', bytes: false });
      recorder.finish();
      expect(cli('verify', path)).toMatchObject({ status: 0 });
      expect(readCapture(path).begin.arguments).toEqual(process.argv.slice(2));
    } finally {
      process.argv = before;
    }
  });
});

test('captures of cr3scope 0.3 open, and tell what they told', async () => {
  for (const name of ['whole', 'bytes']) {
    const { problem, spaces, end, begin, frames, close } = readCapture(`test/fixtures/captures/v0.3-${name}.cr3scope`);
    expect([problem, spaces.length, begin.target.version, end?.processes]).toEqual([undefined, 1, '0.3.0', 1]);
    const [space] = spaces;
    const told = space?.fullSummary()?.regionBegin ?? [];
    expect(told.length).toBe(name === 'bytes' ? 1 : space?.regions.begin.length);
    for (const begin of told) expect(space?.regions.begin).toContain(begin);
    let bytes = 0;
    for (const [pfn, { chunk, index }] of frames) {
      expect(chunk.pfn[index]).toBe(pfn);
      bytes += chunk.contents === 'bytes' ? 4096 : 0;
    }
    expect([frames.size, bytes]).toEqual(name === 'bytes' ? [2, 8192] : [375, 0]);
    close();
  }
  const explorer = new Explorer(capturedSources(await openCapture(OLD)));
  const { pid = 0 } = readCapture(OLD).spaces[0] ?? {};
  const { path: walk, row } = await explorer.translate({ pid, startTicks: 0n, va: 0x55ec78569000n });
  expect([walk.last, row?.pfn[0]]).toEqual([1, 0x1c1d7dn]);
  expect((await explorer.tables({ pid, startTicks: 0n })).level.length).toBe(12);
});

test('what a reader would refuse is not written', () => {
  const writer = new CaptureWriter(path, true);
  const wrong = { kind: 'skipped', pid: -1, startTicks: 0n, name: '', code: '', message: '' } as const;
  expect(() => writer.append(wrong)).toThrow(/can’t hold this: skipped\.pid/);
  expect(() => writer.append({ kind: 'pages', packed: new Uint8Array(1 << 27) })).toThrow(
    /pages: \d+ bytes, of at most/,
  );
  writer.discard();
});

describe('a file that claims much', () => {
  /** A chunk, and how often it comes; `stored` as it is, or deflated. */
  type Part = { readonly value: unknown; readonly times?: number; readonly stored?: boolean };
  /** A capture that begins as a real one, with right hashes. */
  function forge(parts: readonly Part[]): void {
    const whole = readFileSync(OLD);
    const end = 16 + 40 + whole.readUInt32LE(16);
    const pieces: Uint8Array[] = [whole.subarray(0, end)];
    let chain: Uint8Array = whole.subarray(24, 56);
    for (const { value, times = 1, stored = false } of parts) {
      const raw = pack(value);
      const payload = stored ? raw : deflateSync(raw, { level: 9 });
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32LE(payload.length, 0);
      lengths.writeUInt32LE(raw.length, 4);
      for (let n = 0; n < times; n++) {
        chain = createHash('sha256').update(chain).update(lengths).update(payload).digest();
        pieces.push(lengths, chain, payload);
      }
    }
    writeFileSync(path, Buffer.concat(pieces));
  }
  const space = {
    kind: 'process',
    pid: 6,
    startTicks: 1n,
    name: 'x',
    user: 'y',
    at: new Date().toISOString(),
    regions: {
      begin: BigUint64Array.of(0x1000n),
      end: BigUint64Array.of(0x2000n),
      offset: new BigUint64Array(1),
      inode: new BigUint64Array(1),
      permissions: ['r--p'],
      path: [''],
    },
  };
  /** Stretches of one page, one after the other. */
  const stretches = (n: number) => {
    const raw = Buffer.alloc(4 + n * 44);
    raw.writeUInt32LE(n);
    return { kind: 'pages', packed: new Uint8Array(deflateSync(raw)) };
  };
  const summary = () => {
    const { spaces, close } = readCapture(OLD);
    const of = spaces[0]?.fullSummary();
    close();
    return { kind: 'checked', summary: of };
  };
  const said = (...words: string[]) => {
    const { stdout, stderr } = cli(...words);
    return stdout + stderr;
  };

  test('frames of zeros stay in the file', { timeout: 300_000 }, () => {
    const pfn = new BigUint64Array(256);
    const columns = { status: new Uint8Array(256), role: new Uint8Array(256), flags: pfn, count: pfn, cgroup: pfn };
    const frames = { kind: 'frames', contents: 'bytes', pfn, ...columns, cgroups: [], data: new Uint8Array(256 << 12) };
    forge([{ value: frames, times: 1000 }]);
    expect(statSync(path).size).toBeLessThan(8 << 20);
    expect(mebibytes('show', path)).toBeLessThan(700);
    // Many in one chunk are not what cr3scope writes.
    const more = 16_000;
    const columnsOf = (n: number) => ({
      pfn: new BigUint64Array(n),
      flags: new BigUint64Array(n),
      count: new BigUint64Array(n),
    });
    const all = { ...frames, ...columnsOf(more), status: new Uint8Array(more), role: new Uint8Array(more) };
    forge([{ value: { ...all, cgroup: new BigUint64Array(more), data: new Uint8Array(more << 12) }, times: 10 }]);
    expect(said('show', path)).toMatch(/is malformed/);
  });

  test('stretches without end are refused, or gone through while others have their turn', async () => {
    // Deflated twice, twelve million of them took nine kilobytes.
    forge([{ value: space }, { value: stretches(1 << 20), times: 12 }]);
    expect(readCapture(path).problem?.message).toMatch(/is malformed/);
    forge([{ value: space }, { value: stretches(1 << 20), times: 16, stored: true }]);
    const { problem, close } = readCapture(path);
    expect([problem?.code, problem?.message]).toEqual(['E2BIG', expect.stringMatching(/holds more than its size/)]);
    close();

    forge([{ value: space }, { value: stretches(1 << 19), times: 8, stored: true }, { value: summary() }]);
    const explorer = new Explorer(capturedSources(await openCapture(path)));
    const job = explorer.check(6, 0n, 0n, 1n << 63n, () => undefined);
    setImmediate(() => setImmediate(job.cancel));
    await expect(job.promise).rejects.toMatchObject({ code: 'ECANCELED' });
    let turns = 0;
    let asking = true;
    const count = () => {
      turns++;
      if (asking) setImmediate(count);
    };
    setImmediate(count);
    await explorer.owners({ pid: 0, pfn: 5n, again: false });
    asking = false;
    expect(turns).toBeGreaterThan(100);
  });

  test('400 000 events in one chunk, and in many', async () => {
    const event = { ns: 1n, kind: 'exec', pid: 6, child: 0, before: 0n, after: 0n, code: 0, name: '' };
    const events = (n: number) => ({ kind: 'trace', events: Array.from({ length: n }, () => event) });
    forge([{ value: events(200_000), times: 2 }]);
    const { traced, close } = readCapture(path);
    expect(traced.length).toBe(400_000);
    close();
    let told = 0;
    const explorer = new Explorer(capturedSources(readCapture(path)));
    await explorer.sources.traceMachine((batch) => {
      told += batch.length;
    }).promise;
    expect(told).toBe(400_000);
    forge([{ value: events(200_000), times: 6 }]);
    expect(readCapture(path).problem?.code).toBe('E2BIG');
  });

  test('what inflates a thousand times is read up to what its bytes justify', { timeout: 300_000 }, () => {
    const bomb = { kind: 'watch', pid: 6, startTicks: 0n, begin: 0n, end: 0n };
    const n = 700_000;
    const u64s = () => new BigUint64Array(n);
    const u8s = () => new Uint8Array(n);
    const words = { va: u64s(), pagemap: u64s(), kernel: u64s(), entry: u64s(), pfn: u64s() };
    const bytes = { level: u8s(), shift: u8s(), kind: u8s(), status: u8s(), verdict: u8s(), note: u8s() };
    const batch = { ns: 0n, samples: 0n, initial: true, rows: { ...words, ...bytes }, flags: u64s(), counts: u64s() };
    forge([{ value: { ...bomb, batch }, times: 20 }]);
    expect(statSync(path).size).toBeLessThan(8 << 20);
    expect(readCapture(path).problem?.code).toBe('E2BIG');
    expect(mebibytes('show', path)).toBeLessThan(1200);
  });
});
