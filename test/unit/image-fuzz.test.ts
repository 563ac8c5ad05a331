// SPDX-License-Identifier: GPL-2.0-only
// Images that were altered at random: lists, trees, tables, BTF and headers that lie. Each is opened and asked for everything:
// no crash, no hang, and what fails says why. CR3SCOPE_FUZZ=100000 tries as many.
import { closeSync, openSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { typeOf } from '../../app/contract/types.ts';
import { Failed } from '../../app/main/sources/failed.ts';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { DATA, DATA_FRAME, KERNEL_PA, linuxMemory, pageStruct, ROOT, USER_PA } from '../linux-image.ts';
import { fileOf, imageFile } from '../memory-image.ts';

const ROUNDS = Number(process.env.CR3SCOPE_FUZZ ?? 50);
const SEED = Number(process.env.CR3SCOPE_SEED ?? 1);

/** Numbers below `n`, the same for each seed (xorshift). */
function numbers(seed: number) {
  let state = seed * 2654435761 + 1;
  return (n: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

/** Where the structures are: altering zeros elsewhere would find nothing. */
const PLACES: [from: number, bytes: number][] = [
  [KERNEL_PA + 0x1000, 0x5000], // the kernel's tables
  [KERNEL_PA + 0x6000, 0x400], // VMCOREINFO
  [KERNEL_PA + 0x30000, 0x1a00], // kallsyms
  [KERNEL_PA + 0x10000, 0x900], // BTF
  [KERNEL_PA + 0x20000, 0x600], // tasks
  [KERNEL_PA + 0x21000, 0xf40], // regions and files
  [USER_PA, 0x7000], // tables of a process
  [pageStruct(USER_PA), 0x800],
];

/** Resolves to the message of a failure, which must say what to do. */
async function ask(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return '';
  } catch (error) {
    const { message, remedy, code } = Failed.from(error);
    expect(remedy, message).not.toContain('Report this as a bug');
    expect(code, message).not.toBe('ERROR');
    return message;
  }
}

test(
  `${ROUNDS} altered images`,
  async () => {
    const memory = linuxMemory();
    const [begin, end] = memory.ranges[0] as [number, number];
    const images = [memory.lime(), memory.elf(), memory.kdump()].map((bytes) => ({ bytes, path: fileOf(bytes) }));
    const pick = numbers(SEED);
    const said = new Set<string>();
    let answered = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const { bytes, path } = images[pick(images.length)] as (typeof images)[number];
      const start = bytes.length - (memory.bytes[0] as Buffer).length;
      const file = openSync(path, 'r+');
      const altered: number[] = [];
      for (let n = 1 + pick(4); n > 0; n--) {
        const [from, length] = PLACES[pick(PLACES.length)] as [number, number];
        // Mostly whole words: pointers to other structures, and extremes.
        const at = (pick(12) === 0 ? pick(start) : start + from - begin + pick(length)) & ~7;
        const other = start + ((PLACES[pick(PLACES.length)] as [number, number])[0] - begin) + (pick(0x100) & ~7);
        const words = [0n, ~0n, 1n, 0x8000000000000000n, BigInt(pick(1 << 30)), bytes.readBigUInt64LE(other)];
        const word = Buffer.from(bytes.subarray(at, at + 8));
        if (pick(3)) word.writeBigUInt64LE(BigInt.asUintN(64, words[pick(words.length)] as bigint));
        else word.writeUInt8(pick(256), pick(8));
        writeSync(file, word, 0, 8, at);
        altered.push(at);
      }
      const message = await ask(async () => {
        const sources = await openSources(ADDON_PATH, imageFile(path, { root: BigInt(ROOT), guessRoots: true }));
        await ask(() => sources.roots());
        await ask(() => sources.cpus());
        await ask(async () => typeOf(await sources.layout('struct task_struct')));
        await ask(() => sources.typeNames('mm', 10));
        const data = BigInt(DATA_FRAME) >> 12n;
        await ask(() => sources.frames(BigUint64Array.of(data, data + 1n, 1n << 39n)));
        await ask(() => sources.owners(data, false));
        await ask(() => sources.memory(BigInt(begin) >> 12n, BigInt(end) >> 12n, 16, 0n, false));
        const list = await sources.processes();
        for (const pid of list.pid.slice(0, 8)) {
          await ask(() => sources.regions(pid));
          await ask(() => sources.rows(pid, 0n, BigUint64Array.of(DATA, DATA + 0x1000n)));
          await ask(() => sources.tables(pid, 0n));
          // A region may reach far: some of it is enough.
          await ask(() => sources.check(pid, 0n, DATA, DATA + 0x200000n, () => undefined).promise);
        }
        answered++;
      });
      if (message) said.add(message.replaceAll(/0x[0-9a-f]+|\d+/g, 'N'));
      for (const at of altered) writeSync(file, bytes, at, 8, at);
      closeSync(file);
    }
    // It is the alterations that were tried, not one refusal of all.
    expect(answered).toBeGreaterThan(ROUNDS / 2);
    expect(said.size).toBeGreaterThan(ROUNDS > 50 ? 3 : 0);
    expect(process.memoryUsage().rss).toBeLessThan(2 ** 31);
  },
  60_000 + ROUNDS * 10_000,
);
