// SPDX-License-Identifier: GPL-2.0-only
// What much work at once costs: readers, descriptors and memory are limited, and given back.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, test } from 'vitest';
import { capturedSources, readCapture } from '../../app/main/capture/captured.ts';
import { captureProcesses } from '../../app/main/capture/record.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';

const MIB = 1 << 20;
const ALL = 1n << 63n;
let sources: Sources;
beforeAll(async () => {
  sources = await openSources(ADDON_PATH);
});

const descriptors = () => readdirSync('/proc/self/fd').length;
const status = (field: string) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;

/** These sources, and how many hits have come from them. */
function counted(of: Sources): { counting: Sources; hits(): number } {
  let hits = 0;
  const search: Sources['search'] = (pid, begin, end, bytes, mask, limit, onBatch, back) =>
    of.search(
      pid,
      begin,
      end,
      bytes,
      mask,
      limit,
      (batch) => {
        hits += batch.address.length;
        onBatch(batch);
      },
      back,
    );
  return { counting: { ...of, search }, hits: () => hits };
}
const pattern = (...bytes: number[]) => ({
  bytes: Uint8Array.from(bytes),
  mask: new Uint8Array(bytes.length).fill(255),
});

describe('the last hit before an address', () => {
  test('of the commonest byte in all memory: one hit crosses, and no memory is taken for the others', async () => {
    const { counting, hits } = counted(sources);
    const explorer = new Explorer(counting);
    const end = sources.target.ramEnd.at(-1) as bigint;
    await explorer.findNext(pattern(0), end, true).promise;
    writeFileSync('/proc/self/clear_refs', '5'); // the peak is now what is resident
    const before = status('VmRSS');
    expect(await explorer.findNext(pattern(0), end, true).promise).toBeLessThan(end);
    expect(status('VmHWM') - before).toBeLessThan(128 * MIB);
    expect(hits()).toBe(2);
  });

  test('across the border of two frames, and in the window of one', async () => {
    const [, begin = ''] = /([0-9a-f]+)-[0-9a-f]+ : Kernel code/.exec(readFileSync('/proc/iomem', 'utf8')) ?? [];
    const first = BigInt(`0x${begin}`) + (1n << 20n);
    const { bytes } = await sources.frames(BigUint64Array.of(first >> 12n, (first >> 12n) + 1n));
    const border = first + 4096n;
    const explorer = new Explorer(sources);
    const across = pattern(...bytes.subarray(4096 - 12, 4096 + 12));
    expect(await explorer.findNext(across, border - 11n, true).promise).toBe(border - 12n);
    const inside = pattern(...bytes.subarray(4096 + 2000, 4096 + 2032));
    expect(await explorer.findNext(inside, border + 4096n, true).promise).toBeGreaterThanOrEqual(border + 2000n);
    expect(await explorer.findNext(inside, border + 2001n, true).promise).toBe(border + 2000n);
  });

  test('in a capture it is the last of those that are found forwards, alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cr3scope-resources-'));
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    const file = join(folder, 'sleep.cr3scope');
    await expect.poll(() => readFileSync(`/proc/${child.pid}/comm`, 'utf8')).toBe('sleep\n');
    const wanted = [{ pid: child.pid as number, startTicks: 0n }];
    await captureProcesses(new Explorer(sources), file, wanted, { frames: 'bytes' });
    child.kill();
    const { counting, hits } = counted(capturedSources(readCapture(file)));
    const explorer = new Explorer(counting);
    const elf = pattern(0x7f, 0x45, 0x4c, 0x46);
    const forwards: bigint[] = [];
    await explorer.search(0, 0n, ALL, elf, 1000n, (batch) => forwards.push(...batch.pa)).promise;
    expect(forwards.length).toBeGreaterThan(1);
    const before = hits();
    expect(await explorer.findNext(elf, ALL, true).promise).toBe(forwards.at(-1));
    expect(await explorer.findNext(elf, forwards.at(-1) as bigint, true).promise).toBe(forwards.at(-2));
    expect(await explorer.findNext(elf, forwards[0] as bigint, true).promise).toBeNull();
    expect(hits() - before).toBe(2);
    const job = explorer.findNext(elf, ALL, true);
    job.cancel();
    expect(await job.promise).toBeNull();
    rmSync(folder, { recursive: true });
  });
});

describe('much at once', () => {
  const limit = (soft: string) => execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${soft}:`]);

  test('150 checks with 1024 descriptors: some wait and say so, all succeed, and what they took is given back', async () => {
    const explorer = new Explorer(sources);
    // What JavaScript has not collected yet says nothing of readers.
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // A process whose size does not depend on what ran before; large enough for its checks to take a while.
    const program = 'const b = Buffer.alloc(600 << 20, 1); console.log(b.length); setInterval(() => b, 1e6)';
    const sleeper = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(sleeper.stdout, 'data');
    const pid = sleeper.pid as number;
    const check = (onWait?: () => void) =>
      explorer.check(pid, 0n, 0n, ALL, ({ waiting }) => {
        if (waiting) onWait?.();
      });
    await check().promise;
    collect();
    const [before, resident] = [descriptors(), status('VmRSS')];
    const [, soft = ''] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    limit('1024');
    let waited = 0;
    let most = 0;
    const watching = setInterval(() => {
      most = Math.max(most, descriptors());
    }, 5);
    try {
      const count = () => {
        waited++;
      };
      const jobs = Array.from({ length: 150 }, () => check(count));
      for (const { summary } of await Promise.all(jobs.map((job) => job.promise))) expect(summary.outcome).toBe(0);
    } finally {
      clearInterval(watching);
      limit(soft);
      sleeper.kill();
    }
    collect();
    expect(waited).toBeGreaterThan(100);
    expect(most - before).toBeLessThan(400);
    // Four readers are kept for what comes next.
    expect(descriptors() - before).toBeLessThan(40);
    expect(status('VmRSS') - resident).toBeLessThan(300 * MIB);
  });

  test('work that takes several readers and work that takes one end all; what waits can be cancelled', async () => {
    const explorer = new Explorer(sources);
    const rare = pattern(...Array.from({ length: 64 }, (_, i) => (i * 37 + 11) & 255));
    const jobs = Array.from({ length: 60 }, (_, i) =>
      i % 3 === 2
        ? explorer.check(process.pid, 0n, 0n, ALL, () => undefined)
        : explorer.search(i % 3 ? process.pid : 0, 0n, i % 3 ? ALL : 1n << 26n, rare, 10n, () => undefined),
    );
    const last = explorer.check(process.pid, 0n, 0n, ALL, () => undefined);
    last.cancel();
    await expect(last.promise).rejects.toMatchObject({ code: 'ECANCELED' });
    // Calls that are over soon do not queue behind them.
    expect((await explorer.translate({ pid: process.pid, startTicks: 0n, va: 0n })).rootPa).not.toBe(0n);
    await Promise.all(jobs.map((job): Promise<unknown> => job.promise));
  });

  test('watches read when they sample only: 40 of them take no readers', async () => {
    const explorer = new Explorer(sources);
    const [, begin = ''] = /^([0-9a-f]+)-/.exec(readFileSync('/proc/self/maps', 'utf8')) ?? [];
    const va = BigInt(`0x${begin}`);
    const before = descriptors();
    const seen = new Set<number>();
    const jobs = Array.from({ length: 40 }, (_, i) =>
      explorer.watch(process.pid, 0n, va, va + 4096n, 1000, () => {
        seen.add(i);
      }),
    );
    await expect.poll(() => seen.size).toBe(40);
    expect(descriptors() - before).toBeLessThan(40 * 3);
    for (const job of jobs) job.cancel();
    for (const job of jobs) expect(await job.promise).toBe(false);
  });
});
