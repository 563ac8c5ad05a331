// SPDX-License-Identifier: GPL-2.0-only
// Memory images of known content, made here: each format, page tables by a root that is given by hand, and files that lie.
import { describe, expect, test } from 'vitest';
import { NAMED_ROOT_PID } from '../../app/contract/image.ts';
import { FRAME_STATUS } from '../../app/contract/verdicts.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { elfNote, fileOf, HUGE, imageFile, Memory, NX, type Packing, PRESENT, USER, WRITE } from '../memory-image.ts';

const ROOT = 0x101000;
const HIGH = 0x100000000;
const VA = 0x7f0000000000n;

/** Two pages of 4 KiB, one whose frame is nowhere, one of 2 MiB, and a table that is nowhere. */
function memory(): Memory {
  const m = new Memory([
    [0x1000, 0x9f000],
    [0x100000, 0x600000],
    [HIGH, HIGH + 0x4000],
  ]);
  const table = PRESENT | WRITE | USER;
  m.entry(ROOT, 254, 0x102000n | table);
  m.entry(0x102000, 0, 0x103000n | table);
  m.entry(0x103000, 0, 0x104000n | table);
  m.entry(0x103000, 1, 0x400000n | table | HUGE);
  m.entry(0x103000, 2, 0x70000000n | table);
  m.entry(0x104000, 0, 0x200000n | table);
  m.entry(0x104000, 1, BigInt(HIGH + 0x1000) | PRESENT | USER | NX);
  m.entry(0x104000, 2, 0x80000000n | table);
  for (const pa of [0x200000, HIGH + 0x1000, HIGH + 0x3000, 0x400000]) m.fill(pa);
  return m;
}

const root = { root: BigInt(ROOT) };
const raw = () => {
  const { file, ranges } = memory().raw();
  return imageFile(fileOf(file), { ...root, ranges });
};
const FORMATS = {
  raw,
  LiME: () => imageFile(fileOf(memory().lime()), root),
  'ELF vmcore': () => imageFile(fileOf(memory().elf()), root),
  'kdump-compressed': () => imageFile(fileOf(memory().kdump()), root),
};

const open = (image: ReturnType<typeof raw>) => openSources(ADDON_PATH, image);
const statusOf = (code: number | undefined) => FRAME_STATUS.name(code ?? -1);

describe.each(Object.entries(FORMATS))('%s', (name, make) => {
  test('holds the ranges and the bytes', async () => {
    const sources = await open(make());
    const { ramBegin, ramEnd } = sources.target;
    expect(Array.from(ramBegin, (begin, i) => [begin, ramEnd[i]])).toEqual(
      memory().ranges.map(([begin, end]) => [BigInt(begin), BigInt(end)]),
    );
    expect(sources.facts.cpuModel).toContain(name);
    const pfns = [0x200n, 0x100003n, 0x80000n, 0n, 0x100004n, 1n << 39n];
    const { bytes, status } = await sources.frames(BigUint64Array.from(pfns));
    expect(Array.from(status, statusOf)).toEqual(['ok', 'ok', 'notRam', 'notRam', 'notRam', 'notRam']);
    expect(Buffer.from(bytes).readBigUInt64LE(8)).toBe(0x200008n);
    expect(Buffer.from(bytes).readBigUInt64LE(4096 + 0xff8)).toBe(BigInt(HIGH + 0x3ff8));
  });

  test('has one address space by its root', async () => {
    const sources = await open(make());
    expect(Array.from((await sources.processes()).pid)).toEqual([NAMED_ROOT_PID]);
    const walk = async (va: bigint) => (await sources.translate(NAMED_ROOT_PID, 0n, va)).path;
    const small = await walk(VA + 0x1000n);
    expect(small).toMatchObject({ status: 0, last: 1, leaf: { pfn: BigInt(HIGH + 0x1000) >> 12n, shift: 12 } });
    expect(Array.from(small.table).slice(1, 5)).toEqual([0x104000n, 0x103000n, 0x102000n, BigInt(ROOT)]);
    expect(await walk(VA + 0x200000n + 0x5000n)).toMatchObject({ last: 2, leaf: { pfn: 0x400n, shift: 21 } });
    expect(await walk(VA + 0x3000n)).toMatchObject({ status: 0, last: 1, leaf: { kind: 0 } });
    const cut = await walk(VA + 0x400000n);
    expect([statusOf(cut.status), cut.last]).toEqual(['notRam', 2]);
    const tree = await sources.tables(NAMED_ROOT_PID, 0n);
    expect(Array.from(tree.mapped)).toEqual([3n * 0x1000n, 0x200000n, 0n]);
  });

  test('judges no page by one source alone', async () => {
    const sources = await open(make());
    const { row } = await sources.translate(NAMED_ROOT_PID, 0n, VA);
    expect(row && [row.verdict[0], row.note[0]]).toEqual([5, 20]);
  });

  test('is searched', async () => {
    const sources = await open(make());
    const pattern = Buffer.alloc(8);
    pattern.writeBigUInt64LE(BigInt(HIGH + 0x1010));
    const hits: bigint[] = [];
    const found = sources.search(0, 0n, 1n << 52n, pattern, Buffer.alloc(8, 0xff), 10n, (b) => hits.push(...b.pa));
    expect((await found.promise).hits).toBe(1n);
    expect(hits).toEqual([BigInt(HIGH + 0x1010)]);
  });

  test('does not run', async () => {
    const sources = await open(make());
    const watch = sources.watch(NAMED_ROOT_PID, 0n, VA, VA + 0x1000n, 0n, () => undefined);
    await expect(watch.promise).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
    await expect(sources.traceMachine(() => undefined).promise).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
    await expect(sources.causes()).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
    const check = sources.check(NAMED_ROOT_PID, 0n, 0n, 1n << 47n, () => undefined, true);
    await expect(check.promise).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
  });
});

test('memory that an ELF core leaves out is not zeros', async () => {
  const sources = await open(imageFile(fileOf(memory().elf({ kept: 0x2000 })), root));
  const { status } = await sources.frames(BigUint64Array.of(0x100001n, 0x100002n, 0x100004n));
  expect(Array.from(status, statusOf)).toEqual(['ok', 'excluded', 'notRam']);
});

test('overlapping segments of an ELF core are read once', async () => {
  const m = new Memory([
    [0x100000, 0x300000],
    [0x200000, 0x400000],
  ]);
  m.fill(0x3ff000);
  const sources = await open(imageFile(fileOf(m.elf())));
  expect(Array.from(sources.target.ramBegin)).toEqual([0x100000n]);
  expect(Array.from(sources.target.ramEnd)).toEqual([0x400000n]);
});

test.each(['elf', 'kdump'] as const)('QEMU’s note gives the registers: %s', async (format) => {
  const state = Buffer.alloc(440);
  state.writeBigUInt64LE(0x80050033n, 392);
  state.writeBigUInt64LE(BigInt(ROOT), 416);
  const sources = await open(imageFile(fileOf(memory()[format]({ notes: elfNote('QEMU', state) }))));
  const cpus = await sources.cpus();
  expect([Array.from(cpus.cr0), Array.from(cpus.cr3), Array.from(cpus.rootPa)]).toEqual([
    [0x80050033n],
    [BigInt(ROOT)],
    [BigInt(ROOT)],
  ]);
  const { registers, efer } = await new Explorer(sources).cpus({});
  expect([registers, ...efer]).toEqual([true, 0n]);
});

test.for<Packing>(['zlib', 'LZO', 'Snappy', 'Zstandard'])(
  'frames that are packed with %s',
  async (packing, { skip }) => {
    let packed: Buffer;
    try {
      packed = memory().kdump({ packing });
    } catch (error) {
      // `npm test` installs the libraries where it may.
      skip(process.getuid?.() !== 0, String(error));
      throw error;
    }
    const sources = await open(imageFile(fileOf(packed), root));
    const { bytes, status } = await sources.frames(BigUint64Array.of(0x200n, 0x100001n, 0x201n));
    expect(Array.from(status, statusOf)).toEqual(['ok', 'ok', 'ok']);
    const expected = [0x200000, HIGH + 0x1000, 0x201000].map((pa) => memory().at(pa).subarray(0, 4096));
    expect(Buffer.concat(expected).equals(bytes)).toBe(true);
  },
);

test('frames that a kdump-compressed image leaves out are not zeros', async () => {
  const left = new Set([0x200, 0x100001, 0x101, 0x2]);
  const sources = await open(
    imageFile(fileOf(memory().kdump({ packing: 'zlib', holds: (pfn) => !left.has(pfn) })), root),
  );
  const { bytes, status } = await sources.frames(
    BigUint64Array.of(0x1ffn, 0x200n, 0x201n, 0x100001n, 0x100003n, 0xa0n),
  );
  expect(Array.from(status, statusOf)).toEqual(['ok', 'excluded', 'ok', 'excluded', 'ok', 'notRam']);
  expect(Buffer.from(bytes).readBigUInt64LE(4 * 4096)).toBe(BigInt(HIGH + 0x3000));
});

test('frames that are damaged are not zeros', async () => {
  const file = memory().kdump({ packing: 'zlib' });
  const bitmaps = 2 * Math.ceil((HIGH + 0x4000) / 4096 / 8 / 4096) * 4096;
  const descriptor = (n: number) => 2 * 4096 + bitmaps + n * 24;
  file.writeUInt32LE(1 << 20, descriptor(0) + 8); // too long
  file.writeBigUInt64LE(1n << 60n, descriptor(1)); // nowhere
  file.fill(0xff, Number(file.readBigUInt64LE(descriptor(2))), Number(file.readBigUInt64LE(descriptor(2))) + 4);
  file.writeUInt32LE(3, descriptor(3) + 12); // two methods
  const sources = await open(imageFile(fileOf(file), root));
  const { status } = await sources.frames(BigUint64Array.of(1n, 2n, 3n, 4n, 5n));
  expect(Array.from(status, statusOf)).toEqual(['failed', 'failed', 'failed', 'failed', 'ok']);
});

/** As makedumpfile -F writes it: parts with their places, here the last one first. */
function flattened(file: Buffer): Buffer {
  const word = (...values: bigint[]) => {
    const bytes = Buffer.alloc(values.length * 8);
    values.forEach((value, i) => {
      bytes.writeBigInt64BE(value, i * 8);
    });
    return bytes;
  };
  const half = file.length >> 1;
  return Buffer.concat([
    Buffer.concat([Buffer.from('makedumpfile\0\0\0\0'), word(1n, 1n)], 4096),
    ...[half, 0].flatMap((at) => {
      const part = file.subarray(at, at ? undefined : half);
      return [word(BigInt(at), BigInt(part.length)), part];
    }),
    word(-1n, -1n),
  ]);
}

describe('a file that lies is refused in words', () => {
  const elf = memory().elf();
  const kdump = memory().kdump();
  const altered = (file: Buffer, alter: (bytes: Buffer) => void) => {
    const copy = Buffer.from(file);
    alter(copy);
    return imageFile(fileOf(copy));
  };
  test.each<[string, () => ReturnType<typeof imageFile>, RegExp]>([
    ['nothing there', () => imageFile('/nonexistent/image'), /No such file/],
    ['a folder', () => imageFile('/'), /not a file/],
    ['a short text', () => imageFile(fileOf(Buffer.from('hello'))), /not a memory image/],
    ['a flattened dump that is cut off', () => imageFile(fileOf(flattened(elf).subarray(0, 9000))), /ends too early/],
    ['a flattened dump of another version', () => altered(flattened(elf), (b) => b.writeUInt8(2, 31)), /version 1/],
    [
      'a flattened dump with a part that is nowhere',
      () => altered(flattened(elf), (b) => b.writeUInt8(0x7f, 4096)),
      /has no place/,
    ],
    ['ELF cut off', () => imageFile(fileOf(elf.subarray(0, elf.length - 0x2000))), /ends at byte/],
    ['ELF cut in its headers', () => imageFile(fileOf(elf.subarray(0, 100))), /ends too early/],
    ['ELF of another machine', () => altered(elf, (b) => b.writeUInt16LE(3, 18)), /x86-64/],
    ['ELF without segments', () => altered(elf, (b) => b.writeUInt16LE(0, 56)), /headers are wrong/],
    [
      'ELF whose number of headers is nowhere',
      () => altered(elf, (b) => b.writeUInt16LE(0xffff, 56)),
      /headers are wrong/,
    ],
    ['ELF beyond physical memory', () => altered(elf, (b) => b.fill(0xff, 64 + 56 + 25, 64 + 56 + 32)), /no physical/],
    ['ELF with a huge offset', () => altered(elf, (b) => b.fill(0xff, 64 + 56 + 8, 64 + 56 + 16)), /ends at byte/],
    ['ELF with huge notes', () => altered(elf, (b) => b.fill(0xff, 64 + 32, 64 + 40)), /notes are too long/],
    ['kdump cut off', () => imageFile(fileOf(kdump.subarray(0, 0x44100))), /before the descriptors/],
    ['kdump cut in its bitmap', () => imageFile(fileOf(kdump.subarray(0, 0x2800))), /in its bitmap/],
    ['kdump cut in its header', () => imageFile(fileOf(kdump.subarray(0, 0x1010))), /ends too early/],
    ['kdump of larger frames', () => altered(kdump, (b) => b.writeInt32LE(0x10000, 428)), /4096 bytes/],
    [
      'kdump whose bitmap is too short',
      () => altered(kdump, (b) => b.writeBigUInt64LE(1n << 50n, 0x1060)),
      /too short/,
    ],
    ['kdump of too much memory', () => altered(kdump, (b) => b.writeUInt32LE(0xffffffff, 436)), /any machine/],
    ['kdump that holds no memory', () => altered(kdump, (b) => b.fill(0, 0x2000, 0x2000 + 0x21000)), /no memory/],
    ['kdump without room for its header', () => altered(kdump, (b) => b.writeInt32LE(-1, 432)), /header is wrong/],
    ['LiME cut off', () => imageFile(fileOf(memory().lime().subarray(0, 0x2000))), /middle of a range/],
    ['LiME that ends before it begins', () => altered(memory().lime(), (b) => b.writeBigUInt64LE(1n, 16)), /wrong/],
    ['LiME of another version', () => altered(memory().lime(), (b) => b.writeUInt32LE(2, 4)), /version is 2/],
    ['raw with ranges beyond it', () => ({ ...raw(), ranges: BigUint64Array.of(0n, 1n << 40n, 0n) }), /ends at byte/],
    ['a root inside a frame', () => ({ ...raw(), root: 0x1234n }), /as a root/],
  ])('%s', async (_, make, words) => {
    await expect(open(make())).rejects.toThrow(words);
    await expect(open(make())).rejects.toMatchObject({ remedy: expect.stringMatching(/\w/) });
  });
});
