// SPDX-License-Identifier: GPL-2.0-only
// Patterns over bytes: what they take, and where the fields are, compared with what a C compiler and pahole say.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fieldsOf, fieldValue, PatternError, parseOverlay } from '../../app/contract/overlay.ts';
import type { PagingFacts } from '../../app/contract/paging.ts';
import { basicType, TYPE_KINDS, type Type, typeOf } from '../../app/contract/types.ts';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';

const nothing = async () => undefined;
const open = () => true;
const places = (type: Type) => fieldsOf(type, open, 10_000).filter((f) => !f.hasFields);

/** What a compiler says of the same structure: "path offset bits size" of each member. */
function compiled(declaration: string, members: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'overlay-'));
  try {
    const lines = members.map(
      (m) => `printf("%s %zu %zu\\n", "${m}", offsetof(struct s, ${m}), sizeof(((struct s *)0)->${m}));`,
    );
    writeFileSync(
      join(folder, 's.c'),
      `#include <stddef.h>\n#include <stdint.h>\n#include <stdbool.h>\n#include <stdio.h>\n` +
        `typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;\n` +
        `struct s ${declaration};\nint main(void) { ${lines.join('\n')} printf("%zu\\n", sizeof(struct s)); }\n`,
    );
    execFileSync('clang', ['-o', join(folder, 's'), join(folder, 's.c')]);
    return execFileSync(join(folder, 's'), { encoding: 'utf8' }).trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('patterns', () => {
  test.each([
    '{ u8 a; u32 b; u16 c; u64 d; }',
    '{ char name[5]; u16 x[3]; struct { u8 p; u64 q; } inner[2]; int *link; bool last; }',
    '{ unsigned short a; union { u64 whole; struct { u32 low, high; }; u8 b[8]; } u; long long z; }',
    '{ u8 a; double d; float f; signed char c; unsigned long int n; }',
  ])('%s lies as a compiler lays it out', async (declaration) => {
    const type = await parseOverlay(declaration, nothing);
    const mine = places(type).map((f) => ({ ...f, path: f.path.replace(/<[^>]*>\.?/g, '') }));
    const said = compiled(
      declaration,
      mine.map((f) => f.path),
    );
    expect([...mine.map((f) => `${f.path} ${f.offset} ${f.bytes}`), String(type.bytes)]).toEqual(said);
  });

  test.each([
    '{ u32 a : 3; u32 b : 30; u8 c : 4; u8 d : 6; u64 e : 40; u32 tail; }',
    '{ u8 a; u32 b : 5; u32 : 0; u32 c : 1; u16 d : 9; u16 e : 9; }',
    '{ u64 x : 63; u64 y : 2; u8 z; }',
  ])('the bit fields of %s are where a compiler writes them', async (declaration) => {
    const type = await parseOverlay(declaration, nothing);
    const fields = places(type);
    const folder = mkdtempSync(join(tmpdir(), 'overlay-'));
    try {
      // Each member by itself is filled with ones; what is not zero then is where it lies.
      const each = fields.map(
        (f) => `{ struct s v; memset(&v, 0, sizeof v); v.${f.path} = -1; fwrite(&v, 1, sizeof v, stdout); }`,
      );
      writeFileSync(
        join(folder, 's.c'),
        `#include <stdint.h>\n#include <stdio.h>\n#include <string.h>\n` +
          `typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;\n` +
          `struct s ${declaration};\nint main(void) { ${each.join('\n')} }\n`,
      );
      execFileSync('clang', ['-w', '-o', join(folder, 's'), join(folder, 's.c')]);
      const bytes = execFileSync(join(folder, 's'));
      expect(bytes.length).toBe(type.bytes * fields.length);
      fields.forEach((field, i) => {
        const own = bytes.subarray(i * type.bytes, (i + 1) * type.bytes);
        const bits = field.bits || field.bytes * 8;
        const { text } = fieldValue(field, own.subarray(field.offset, field.offset + field.bytes), {} as PagingFacts);
        expect([field.path, BigInt(text.split(' ')[0] as string)]).toEqual([field.path, (1n << BigInt(bits)) - 1n]);
        let ones = 0;
        for (const byte of own) for (let b = byte; b; b &= b - 1) ones++;
        expect([field.path, ones]).toEqual([field.path, bits]);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('arrays, pointers, text and entries of page tables', async () => {
    expect((await parseOverlay('pte_t[512]', nothing)).bytes).toBe(4096);
    expect(places(await parseOverlay('u16[2][3]', nothing)).map((f) => `${f.path} ${f.offset}`)).toEqual([
      '[0][0] 0',
      '[0][1] 2',
      '[0][2] 4',
      '[1][0] 6',
      '[1][1] 8',
      '[1][2] 10',
    ]);
    const [pointer] = places(await parseOverlay('struct nobody_knows *', nothing));
    expect(
      fieldValue(pointer as never, Uint8Array.of(0, 0x10, 0, 0, 0x80, 0x88, 0xff, 0xff), {} as PagingFacts),
    ).toEqual({
      text: '0xffff888000001000',
      pointer: 0xffff888000001000n,
    });
    const [text] = places(await parseOverlay('char[8]', nothing));
    expect(fieldValue(text as never, new TextEncoder().encode('init\0\0\0\0'), {} as PagingFacts).text).toBe('"init"');
    expect(basicType('int unsigned long')).toMatchObject({ bytes: 8, signed: false });
  });

  test.each([
    ['', 0, /no pattern/],
    ['struct', 6, /name is missing/],
    ['struct page', 0, /no type struct page/],
    ['u64[0]', 4, /count/],
    ['u64[8', 5, /“\]” is missing/],
    ['u64 $', 4, /no meaning/],
    ['u64[8] u32', 7, /too much/],
    ['{ u64 a }', 8, /“;” is missing/],
    ['{ u64; }', 5, /no name/],
    ['{ u8 a : 9; }', 9, /is not as wide/],
    ['{ }', 3, /empty/],
    ['u64[1048576]', 0, /1 MiB/],
    [`${'struct {'.repeat(20)}`, 8 * 13 + 7, /nested too deeply/],
  ])('%j is refused at character %d', async (pattern, at, message) => {
    const error = await parseOverlay(pattern, nothing).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(PatternError);
    const { at: where, message: said, remedy } = error as PatternError;
    expect([where, remedy !== '']).toEqual([at, true]);
    expect(said).toMatch(message);
  });
});

test('types that lie end, and their fields stay inside', () => {
  const [structure, array, integer] = ['structure', 'array', 'integer'].map((k) => TYPE_KINDS.indexOf(k as 'array'));
  // A structure of 8 bytes: a member at its own place that is the structure itself, an array without end of it, a member
  // beyond it, and one of a type that is not there.
  const type = typeOf({
    id: Uint32Array.of(1, 2, 3),
    kind: Uint8Array.of(structure as number, array as number, integer as number),
    bytes: Uint32Array.of(8, 0xffffffff, 8),
    of: Uint32Array.of(0, 1, 0),
    count: Uint32Array.of(0, 0xffffffff, 0),
    encoding: new Uint8Array(3),
    name: ['s', '', 'u64'],
    memberOwner: Uint32Array.of(1, 1, 1, 1, 1),
    memberType: Uint32Array.of(3, 1, 2, 3, 77),
    memberBit: BigUint64Array.of(0n, 0n, 0n, 64n, 0n),
    memberBits: new Uint32Array(5),
    memberName: ['value', 'self', 'all', 'beyond', 'nowhere'],
    valueOwner: new Uint32Array(),
    value: new BigUint64Array(),
    valueName: [],
  }) as Type;
  const fields = fieldsOf(type, open, 5000);
  expect(fields.length).toBeGreaterThan(2);
  expect(fields.map((f) => f.name)).not.toContain('beyond');
  for (const f of fields) expect(f.offset + f.bytes).toBeLessThanOrEqual(8);
});

describe.runIf(existsSync('/sys/kernel/btf/vmlinux'))('types of the running kernel', async () => {
  const sources = await openSources(ADDON_PATH);
  const lookup = async (name: string) => typeOf(await sources.layout(name));

  // pahole reads the same BTF with code of its own.
  const pahole = existsSync('/usr/bin/pahole') ? test : test.skip;
  pahole.each(['page', 'dentry', 'list_head', 'vm_area_struct', 'task_struct', 'file'])(
    'struct %s lies as pahole says',
    async (name) => {
      const type = await parseOverlay(`struct ${name}`, lookup);
      const text = execFileSync('pahole', ['-F', 'btf', '-C', name, '/sys/kernel/btf/vmlinux'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        encoding: 'utf8',
      });
      expect(Number(/\/\* size: (\d+)/.exec(text)?.[1])).toBe(type.bytes);
      // Direct members: one tab, and "name; /* offset size */", a bit field with "offset: bit size".
      const said = [
        ...text.matchAll(
          /^\t\S[^\n]*?(\w+)(?:\[\d+\])*(?:\)\([^)]*\))?(?:\s*:\s*\d+)?(?:\s+__attribute__\S+)?;\s*\/\*\s*(\d+)(?::\s*(\d+))?\s+(\d+)/gm,
        ),
      ];
      expect(said.length).toBeGreaterThan(1);
      const mine = new Map(fieldsOf(type, () => false, 100_000).map((f) => [f.name, f]));
      for (const [, member = '', offset, bit] of said) {
        const field = mine.get(member);
        if (!field) continue; // within an anonymous member
        const first = bit === undefined ? field.offset * 8 : field.offset * 8 + field.bit;
        expect([member, first]).toEqual([member, Number(offset) * 8 + Number(bit ?? 0)]);
      }
    },
  );

  test('names are completed, and a type that is not there is not invented', async () => {
    expect(await sources.typeNames('task_str', 10)).toContain('struct task_struct');
    expect(await lookup('struct nobody_knows')).toBeUndefined();
    await expect(parseOverlay('struct nobody_knows', lookup)).rejects.toThrow(/no type struct nobody_knows/);
  });

  test('a structure has its fields to any depth, and none lies outside', async () => {
    const type = await parseOverlay('struct task_struct', lookup);
    const fields = fieldsOf(type, open, 100_000);
    expect(fields.length).toBeGreaterThan(500);
    for (const f of fields) expect(f.offset + f.bytes).toBeLessThanOrEqual(type.bytes);
    expect(fields.map((f) => f.path)).toContain('comm');
  });
});
