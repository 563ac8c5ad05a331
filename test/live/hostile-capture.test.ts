// SPDX-License-Identifier: GPL-2.0-only
// Captures from a stranger: whatever their bytes, they are refused or read, and what is read stays data.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pack } from '../../app/contract/msgpack.ts';
import { capturedSources, readCapture } from '../../app/main/capture/captured.ts';
import type { Chunk } from '../../app/main/capture/chunks.ts';
import { CaptureReader } from '../../app/main/capture/container.ts';
import { Recorder } from '../../app/main/capture/record.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { Failed } from '../../app/main/sources/failed.ts';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';

// In memory: a hundred thousand files are written.
const folder = mkdtempSync('/dev/shm/cr3scope-hostile-');
const path = join(folder, 'x.cr3scope');
/** Small, so that many of its captures are read in little time. */
const sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
/** The inflated chunks of a real capture. */
const chunks: Buffer[] = [];
let whole: Buffer;

beforeAll(async () => {
  const explorer = new Explorer(await openSources(ADDON_PATH));
  const recorder = await Recorder.begin(explorer, path, false, { frames: 'digests', bytes: false });
  expect(await recorder.addProcess({ pid: sleeper.pid as number, startTicks: 0n })).not.toBeNull();
  recorder.finish();
  whole = readFileSync(path);
  for (let at = 16; at < whole.length; ) {
    const [stored, length] = [whole.readUInt32LE(at), whole.readUInt32LE(at + 4)];
    const payload = whole.subarray(at + 40, at + 40 + stored);
    chunks.push(stored === length ? payload : inflateSync(payload));
    at += 40 + stored;
  }
});
afterAll(() => {
  sleeper.kill();
  rmSync(folder, { recursive: true });
});

/** A capture of these chunks whose hashes are right: who forges content forges them, too. */
function forge(payloads: readonly Uint8Array[], deflated = false): Buffer {
  const header = whole.subarray(0, 16);
  const parts: Uint8Array[] = [header];
  let chain = createHash('sha256').update(header).digest();
  for (const raw of payloads) {
    const packed = deflated ? deflateSync(raw, { level: 1 }) : raw;
    const payload = packed.length < raw.length ? packed : raw;
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32LE(payload.length, 0);
    lengths.writeUInt32LE(raw.length, 4);
    chain = createHash('sha256').update(chain).update(lengths).update(payload).digest();
    parts.push(lengths, chain, payload);
  }
  return Buffer.concat(parts);
}

// xorshift32: the same mutations in every run.
let seed = 0x2545f491;
function random(below: number): number {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % below;
}
/** Headers of MessagePack that claim much: strings, bytes, extensions, arrays, maps. */
const HEADS = [0xdb, 0xc6, 0xc9, 0xdd, 0xdf];
const CLAIMS = [1 << 16, 1 << 20, (1 << 25) - 1, 0x7fffffff, 0xffffffff];
function mutate(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  for (let n = 1 + random(4); n > 0; n--) {
    const at = random(copy.length);
    const how = random(6);
    if (how === 4)
      // One header within the other, each of which claims much.
      for (let k = at; k + 5 <= copy.length && k < at + 5 * 40; k += 5) {
        copy[k] = HEADS[random(HEADS.length)] as number;
        copy.writeUInt32BE(CLAIMS[random(CLAIMS.length)] as number, k + 1);
      }
    else if (how === 5) copy.fill([0, 0x80, 0x90, 0x91, 0xc0][random(5)] as number, at, at + random(copy.length - at));
    else if (how === 0) copy[at] = random(256);
    else if (how === 1) copy[at] = (copy[at] as number) ^ (1 << random(8));
    else if (how === 2) copy.fill(0xff, at, Math.min(copy.length, at + 8));
    else copy.copy(copy, at, random(copy.length), copy.length);
  }
  return random(20) === 0 ? copy.subarray(0, random(copy.length)) : copy;
}

/** Asks an opened capture for everything that views ask for. All that may happen is an answer, or a Failed. */
async function use(pids: number[]): Promise<number> {
  const contents = readCapture(path);
  const explorer = new Explorer(capturedSources(contents));
  let answers = 0;
  const ask = async (question: () => Promise<unknown>) => {
    try {
      await question();
      answers++;
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
    }
  };
  await ask(() => explorer.target());
  await ask(() => explorer.processes({}));
  await ask(() => explorer.cpus({}));
  await ask(() => explorer.memory({ begin: 0n, end: 1n << 40n, cells: 10, flags: 1n << 12n, again: false }));
  await ask(() => explorer.owners({ pid: 0, pfn: 0x1234n, again: false }));
  for (const pid of pids) {
    const space = { pid, startTicks: 0n };
    await ask(async () => {
      const { begin } = await explorer.regions(space);
      const vas = begin.slice(0, 64);
      await explorer.rows({ ...space, vas });
      await explorer.translate({ ...space, va: vas[0] ?? 0n });
    });
    await ask(() => explorer.tables(space));
    await ask(() => explorer.check(pid, 0n, 0n, 1n << 63n, () => undefined).promise);
  }
  for (const pid of [0, ...pids])
    await ask(async () => {
      const pattern = { bytes: Uint8Array.of(0x7f, 0x45), mask: Uint8Array.of(0xff, 0xff) };
      const job = explorer.search(pid, 0n, 1n << 63n, pattern, 10n, () => undefined);
      // Pages may be as many as it likes to say: nobody has to wait for all of them.
      setImmediate(() => setImmediate(job.cancel));
      await job.promise;
    });
  contents.close();
  return answers;
}

/** CR3SCOPE_FUZZ=1000000 has it last longer. */
const ENOUGH = Number(process.env.CR3SCOPE_FUZZ ?? 5000);
const MOST_MEMORY = 1 << 30;
const descriptors = () => readdirSync('/proc/self/fd').length;

test(`${ENOUGH} captures of random and mutated bytes: refused or read, never a crash, never a wait`, {
  timeout: 120_000 + 10 * ENOUGH,
}, async () => {
  const before = { memory: process.memoryUsage.rss(), descriptors: descriptors() };
  let most = 0;
  let opened = 0;
  let answers = 0;
  let slowest = 0;
  for (let i = 0; i < ENOUGH; i++) {
    // Half of them with right hashes around wrong content: the rest does not get past the first changed chunk.
    const which = random(chunks.length);
    const bytes =
      i % 10 === 0
        ? mutate(whole)
        : i % 10 === 1
          ? Buffer.concat([
              whole.subarray(0, 16 * random(2)),
              Buffer.from(Array.from({ length: 200 }, () => random(256))),
            ])
          : forge(
              chunks.map((c, k) => (k === which ? mutate(c) : c)),
              i % 50 === 3,
            );
    writeFileSync(path, bytes);
    const start = performance.now();
    try {
      const contents = readCapture(path);
      opened++;
      contents.close();
      if (i % 10 === 2) answers += await use([sleeper.pid as number, ...contents.spaces.map((s) => s.pid)]);
    } catch (error) {
      expect(error).toBeInstanceOf(Failed);
    }
    slowest = Math.max(slowest, performance.now() - start);
    if (i % 100 === 0) most = Math.max(most, process.memoryUsage.rss() - before.memory);
  }
  expect(most).toBeLessThan(MOST_MEMORY);
  expect(descriptors()).toBeLessThanOrEqual(before.descriptors + 8); // pipes of the runner come and go
  console.log(`${opened} of ${ENOUGH} opened, ${answers} answers; the slowest took ${slowest.toFixed(0)} ms`);
  expect(opened).toBeGreaterThan(ENOUGH / 10);
  expect(answers).toBeGreaterThan(ENOUGH / 10);
});

test('a chunk that claims to be larger than it may, or inflates to more than it says, is not believed', () => {
  const forged = forge(chunks);
  forged.writeUInt32LE(0xffffffff, 16);
  writeFileSync(path, forged);
  expect(() => readCapture(path)).toThrow(/is damaged/);
  forged.writeUInt32LE(10, 16);
  forged.writeUInt32LE(0xffffffff, 20);
  writeFileSync(path, forged);
  expect(() => readCapture(path)).toThrow(/is damaged/);
});

test('a chunk whose headers claim gigabytes is refused like any other', () => {
  const nested = Buffer.from(Array.from({ length: 20 }, () => [0xdd, 1, 255, 255, 255]).flat());
  writeFileSync(path, forge([nested]));
  // In a process of its own: it ended the program.
  const { status, stdout } = spawnSync(process.execPath, ['out/main/cli.cjs', 'verify', path], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([1, expect.stringMatching(/is malformed, at byte 16 of 156/)]);
});

test('tables that lead in circles, stretches that overlap, and columns of other lengths are refused', () => {
  const read = (chunk: unknown) => {
    writeFileSync(path, forge([chunks[0] as Buffer, pack(chunk)]));
    const reader = new CaptureReader(path);
    reader.next();
    const second = reader.next();
    reader.close();
    return second ?? reader.problem?.message;
  };
  const regions = {
    begin: BigUint64Array.of(0x2000n, 0x1000n),
    end: BigUint64Array.of(0x3000n, 0x2000n),
    offset: new BigUint64Array(2),
    inode: new BigUint64Array(2),
    permissions: ['', ''],
    path: ['', ''],
  };
  const process: Chunk = {
    kind: 'process',
    pid: 1,
    startTicks: 0n,
    name: 'x',
    user: 'y',
    at: new Date().toISOString(),
    regions,
  };
  expect(read(process)).toMatch(/is malformed/);
  expect(read({ ...process, regions: { ...regions, begin: BigUint64Array.of(0x1000n) } })).toMatch(/is malformed/);
  const good = { ...regions, begin: BigUint64Array.of(0x1000n, 0x2000n), end: BigUint64Array.of(0x2000n, 0x3000n) };
  expect(read({ ...process, regions: good })).toMatchObject({ kind: 'process' });
  expect(read({ ...process, regions: good, pid: -1 })).toMatch(/is malformed/);
});
