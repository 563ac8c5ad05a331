// SPDX-License-Identifier: GPL-2.0-only
// A very small Linux in memory: VMCOREINFO, kallsyms, BTF, page tables, tasks, regions in a maple tree, and struct page of
// what is mapped. Its structures have members at places of their own, so that only its BTF leads to them.
import { HUGE, Memory, NX, PRESENT, USER, WRITE } from './memory-image.ts';

const TABLE = PRESENT | WRITE | USER;
/** The kernel's text and data: one page of 2 MiB. */
export const KERNEL = 0xffffffff81000000n;
export const KERNEL_PA = 0x2000000;
export const VMEMMAP = 0xffffea0000000000n;
const VMEMMAP_PA = 0x2200000;
export const USER_PA = 0x2400000;
const PHYS_BASE = BigInt(KERNEL_PA) - (KERNEL - 0xffffffff80000000n);
/** Where the struct page of a frame is. */
export const pageStruct = (frame: number) => VMEMMAP_PA + (frame >> 12) * 64;
export const RELEASE = '6.1.0-test';

/** Pages of process 1. */
export const CODE = 0x400000n;
export const DATA = 0x7f0000000000n;
export const ROOT = USER_PA;
export const PTES = USER_PA + 0x6000;
export const CODE_FRAME = USER_PA + 0x10000;
export const DATA_FRAME = USER_PA + 0x11000;
export const FREE_FRAME = USER_PA + 0x100000;

type Kind = 'u64' | 'u32' | 'char' | [kind: 'u64' | 'char', count: number];
type Struct = { bytes: number; members: Record<string, [offset: number, kind: Kind]> };

const u64s = <Name extends string>(...names: Name[]) => ({
  bytes: names.length * 8,
  members: Object.fromEntries(names.map((name, i) => [name, [i * 8, 'u64']])) as Record<Name, [number, Kind]>,
});

export const STRUCTS = {
  task_struct: {
    bytes: 512,
    members: {
      tasks: [16, 'u64'],
      pid: [32, 'u32'],
      tgid: [36, 'u32'],
      mm: [40, 'u64'],
      active_mm: [48, 'u64'],
      start_boottime: [56, 'u64'],
      real_parent: [64, 'u64'],
      group_leader: [72, 'u64'],
      signal: [80, 'u64'],
      thread_node: [88, 'u64'],
      flags: [104, 'u32'],
      __state: [108, 'u32'],
      exit_state: [112, 'u32'],
      on_cpu: [116, 'u32'],
      cpu: [120, 'u32'],
      real_cred: [128, 'u64'],
      comm: [136, ['char', 16]],
    },
  },
  signal_struct: { bytes: 64, members: { nr_threads: [8, 'u32'], thread_head: [16, 'u64'] } },
  cred: { bytes: 16, members: { uid: [4, 'u32'] } },
  mm_struct: {
    bytes: 128,
    members: {
      pgd: [8, 'u64'],
      mm_mt: [16, ['u64', 2]],
      pgtables_bytes: [32, 'u64'],
      rss_stat: [40, ['u64', 4]],
      start_brk: [72, 'u64'],
      brk: [80, 'u64'],
      start_stack: [88, 'u64'],
    },
  },
  maple_tree: { bytes: 16, members: { ma_root: [8, 'u64'] } },
  maple_range_64: {
    bytes: 256,
    members: { pivot: [8, ['u64', 15]], slot: [128, ['u64', 16]], meta: [248, ['char', 2]] },
  },
  maple_arange_64: {
    bytes: 256,
    members: { pivot: [8, ['u64', 9]], slot: [80, ['u64', 10]], meta: [240, ['char', 2]] },
  },
  vm_area_struct: u64s(
    'vm_start',
    'vm_end',
    'vm_flags',
    'vm_file',
    'vm_pgoff',
    'vm_private_data',
    'vm_ops',
    'anon_vma_chain',
    'pad',
  ),
  anon_vma_chain: u64s('vma', 'anon_vma', 'same_vma', 'pad'),
  file: u64s('f_path', 'pad', 'f_inode', 'f_mode', 'f_mapping'),
  path: u64s('mnt', 'dentry'),
  dentry: u64s('d_parent', 'd_hash', 'pprev', 'd_name', 'pad', 'd_inode'),
  qstr: u64s('len', 'name'),
  mount: u64s('mnt_parent', 'mnt_mountpoint', 'mnt'),
  vfsmount: u64s('mnt_root'),
  inode: u64s('i_ino', 'i_sb'),
  super_block: u64s('s_magic', 's_dev'),
  page: {
    bytes: 64,
    members: {
      flags: [0, 'u64'],
      compound_head: [8, 'u64'],
      mapping: [24, 'u64'],
      index: [32, 'u64'],
      private: [40, 'u64'],
      _mapcount: [48, 'u32'],
      _refcount: [52, 'u32'],
    },
  },
} as const satisfies Record<string, Struct>;

/** Not as any kernel numbers them. */
const PAGE_FLAGS = { PG_lru: 9, PG_swapbacked: 11, PG_reserved: 2 };

/** BTF of these structures (Documentation/bpf/btf.rst). */
export function btf(): Buffer {
  const strings: string[] = [''];
  let stringBytes = 1;
  const name = (text: string) => {
    const at = stringBytes;
    strings.push(text);
    stringBytes += text.length + 1;
    return at;
  };
  const types: Buffer[] = [];
  const add = (...words: number[]) => {
    const bytes = Buffer.alloc(words.length * 4);
    words.forEach((word, i) => {
      bytes.writeUInt32LE(word >>> 0, i * 4);
    });
    return types.push(bytes);
  };
  const int = (text: string, bytes: number) => add(name(text), 1 << 24, bytes, bytes * 8);
  const ids = { u64: int('u64', 8), u32: int('u32', 4), char: int('char', 1) };
  const arrays = new Map<string, number>();
  const idOf = (kind: Kind): number => {
    if (typeof kind === 'string') return ids[kind];
    const key = kind.join();
    const known = arrays.get(key) ?? add(0, 3 << 24, 0, ids[kind[0]], ids.u32, kind[1]);
    arrays.set(key, known);
    return known;
  };
  for (const [structure, { bytes, members }] of Object.entries(STRUCTS as Record<string, Struct>)) {
    const list = Object.entries(members).flatMap(([member, [offset, kind]]) => [name(member), idOf(kind), offset * 8]);
    add(name(structure), (4 << 24) | (list.length / 3), bytes, ...list);
  }
  const flags = Object.entries(PAGE_FLAGS).flatMap(([flag, bit]) => [name(flag), bit]);
  add(name('pageflags'), (6 << 24) | (flags.length / 2), 4, ...flags);
  add(name('maple_type'), (6 << 24) | 2, 4, name('maple_leaf_64'), 1, name('maple_range_64'), 2);
  const head = Buffer.alloc(24);
  head.writeUInt16LE(0xeb9f, 0);
  head.writeUInt8(1, 2);
  const body = Buffer.concat(types);
  [24, 0, body.length, body.length, stringBytes].forEach((word, i) => {
    head.writeUInt32LE(word, 4 + i * 4);
  });
  return Buffer.concat([head, body, Buffer.from(strings.map((text) => `${text}\0`).join(''), 'latin1')]);
}

/** The tables of kallsyms (scripts/kallsyms.c): in this order they are found by their tokens, too. */
function kallsyms(symbols: readonly [name: string, address: bigint][]) {
  const aligned = (...parts: Buffer[]) => {
    const bytes = Buffer.concat(parts);
    return Buffer.concat([bytes], (bytes.length + 7) & ~7);
  };
  const words = (bytes: 2 | 4, ...values: number[]) => {
    const list = Buffer.alloc(values.length * bytes);
    values.forEach((value, i) => {
      list.writeUIntLE(value >>> 0, i * bytes, bytes);
    });
    return list;
  };
  const base = KERNEL - 0x1000n;
  const baseWord = Buffer.alloc(8);
  baseWord.writeBigUInt64LE(base);
  // A character that names have is a token of its own.
  const tokens = Array.from({ length: 256 }, (_, i) =>
    /\w/.test(String.fromCharCode(i)) ? String.fromCharCode(i) : '$$',
  );
  const places = tokens.map((_, i) => tokens.slice(0, i).join('-').length + Math.min(i, 1));
  const names = symbols.map(([name]) => Buffer.from(`${String.fromCharCode(name.length + 1)}T${name}`, 'latin1'));
  const parts = {
    offsets: aligned(words(4, ...symbols.map(([, address]) => Number(base - 1n - address)))),
    relative_base: baseWord,
    num_syms: aligned(words(4, symbols.length)),
    names: aligned(...names),
    markers: aligned(words(4, 0, Buffer.concat(names.slice(0, 256)).length)),
    token_table: aligned(Buffer.from(tokens.map((token) => `${token}\0`).join(''), 'latin1')),
    token_index: words(2, ...places),
  };
  let end = 0;
  const offsets = Object.fromEntries(
    Object.entries(parts).map(([name, { length }]) => {
      end += length;
      return [name, end - length];
    }),
  );
  return { bytes: Buffer.concat(Object.values(parts)), offsets };
}

/** The memory. */
export function linuxMemory(release = RELEASE): Memory {
  const m = new Memory([[KERNEL_PA, KERNEL_PA + 0x600000]]);
  const kernel = (offset: number) => KERNEL + BigInt(offset);
  const at = (offset: number) => m.at(KERNEL_PA + offset);
  const word = (offset: number, value: bigint) => void at(offset).writeBigUInt64LE(BigInt.asUintN(64, value));
  const field = <S extends keyof typeof STRUCTS>(
    structure: S,
    offset: number,
    values: Partial<Record<keyof (typeof STRUCTS)[S]['members'], bigint | string>>,
  ) => {
    for (const [member, value] of Object.entries(values) as [string, bigint | string][]) {
      const [place, kind] = (STRUCTS[structure] as Struct).members[member] as [number, Kind];
      if (typeof value === 'string') at(offset + place).write(`${value}\0`);
      else if (kind === 'u32') at(offset + place).writeUInt32LE(Number(value));
      else word(offset + place, value);
    }
  };

  // The kernel's own tables: text and data, and the array of struct page.
  const pgd = KERNEL_PA + 0x1000;
  m.entry(pgd, 511, BigInt(KERNEL_PA + 0x2000) | TABLE);
  m.entry(KERNEL_PA + 0x2000, 510, BigInt(KERNEL_PA + 0x3000) | TABLE);
  m.entry(KERNEL_PA + 0x3000, 8, BigInt(KERNEL_PA) | PRESENT | WRITE | HUGE);
  m.entry(pgd, 468, BigInt(KERNEL_PA + 0x4000) | TABLE);
  m.entry(KERNEL_PA + 0x4000, 0, BigInt(KERNEL_PA + 0x5000) | TABLE);
  m.entry(KERNEL_PA + 0x5000, 0, BigInt(VMEMMAP_PA) | PRESENT | WRITE | HUGE);

  const KALLSYMS = 0x30000;
  const BTF_AT = 0x10000;
  const types = btf();
  types.copy(at(BTF_AT));
  const VARIABLES = { vmemmap_base: 0x7800, zero_pfn: 0x7808 };
  word(VARIABLES.vmemmap_base, VMEMMAP);
  word(VARIABLES.zero_pfn, BigInt(USER_PA + 0x1f000) >> 12n);
  const symbols: [string, bigint][] = [
    ['_stext', KERNEL],
    ['__start_BTF', kernel(BTF_AT)],
    ['__stop_BTF', kernel(BTF_AT + types.length)],
    ['init_task', kernel(0x20000)],
    ['vmemmap_base', kernel(VARIABLES.vmemmap_base)],
    ['zero_pfn', kernel(VARIABLES.zero_pfn)],
  ];
  // More than lie between two markers.
  for (let i = 0; i < 300; i++) symbols.push([`other_${i}`, kernel(i)]);
  const tables = kallsyms(symbols);
  tables.bytes.copy(at(KALLSYMS));
  const named = Object.entries(tables.offsets).map(
    ([name, offset]) => `SYMBOL(kallsyms_${name})=${kernel(KALLSYMS + offset).toString(16)}`,
  );
  at(0x6000).write(
    [
      `OSRELEASE=${release}`,
      `SYMBOL(swapper_pg_dir)=${kernel(0x1000).toString(16)}`,
      `SYMBOL(_stext)=${KERNEL.toString(16)}`,
      `NUMBER(phys_base)=${PHYS_BASE}`,
      'NUMBER(pgtable_l5_enabled)=0',
      ...(release >= '6.0' ? named : []),
      '',
    ].join('\n'),
  );

  // swapper, init, and a kernel thread.
  const tasks = [0x20000, 0x20200, 0x20400];
  const signals = [0x21000, 0x21040, 0x21080];
  const [MM, NODE, VMAS, CHAIN, FILE, MOUNT, DENTRIES, INODE, SUPER, NAMES] = [
    0x21100, 0x21400, 0x21800, 0x21a00, 0x21b00, 0x21b80, 0x21c00, 0x21e00, 0x21e40, 0x21f00,
  ] as const;
  const TASKS = STRUCTS.task_struct.members.tasks[0];
  tasks.forEach((task, i) => {
    const signal = signals[i] as number;
    const [next, before] = [tasks[(i + 1) % 3] as number, tasks[(i + 2) % 3] as number];
    field('task_struct', task, {
      tasks: kernel(next + TASKS),
      pid: BigInt(i),
      tgid: BigInt(i),
      comm: ['swapper/0', 'init', 'kthreadd'][i] as string,
      real_parent: kernel(tasks[0] as number),
      group_leader: kernel(task),
      signal: kernel(signal),
      start_boottime: BigInt(i) * 70_000_000n,
      flags: i === 2 ? 0x200000n : 0n,
      __state: 1n,
      real_cred: kernel(0x210c0),
      thread_node: kernel(signal + 16),
      mm: i === 1 ? kernel(MM) : 0n,
      active_mm: i === 1 ? kernel(MM) : 0n,
    });
    word(task + TASKS + 8, kernel(before + TASKS));
    field('signal_struct', signal, {
      nr_threads: 1n,
      thread_head: kernel(task + STRUCTS.task_struct.members.thread_node[0]),
    });
  });
  field('cred', 0x210c0, { uid: 33n });

  // The address space of init: its file, and anonymous memory. Its root is in the direct map, here the user frames.
  m.entry(pgd, 273, BigInt(KERNEL_PA + 0x9000) | TABLE);
  m.entry(KERNEL_PA + 0x9000, 0, BigInt(KERNEL_PA + 0xb000) | TABLE);
  m.entry(KERNEL_PA + 0xb000, USER_PA >> 21, BigInt(USER_PA) | PRESENT | WRITE | HUGE);
  const direct = 0xffff888000000000n;
  field('mm_struct', MM, {
    pgd: direct + BigInt(ROOT),
    pgtables_bytes: 24576n,
    start_brk: 0x500000n,
    brk: 0x500000n,
    start_stack: 0x7ffd00000000n,
  });
  word(MM + STRUCTS.mm_struct.members.mm_mt[0] + 8, kernel(NODE) | (1n << 3n) | 2n);
  const regions = [
    { begin: CODE, end: CODE + 0x2000n, flags: 0x75n, file: kernel(FILE), offset: 0n },
    { begin: DATA, end: DATA + 0x3000n, flags: 0x100073n, file: 0n, offset: DATA >> 12n },
  ];
  // Slots: a hole, the code, a hole, the data, a hole.
  const pivots = [CODE - 1n, CODE + 0x2000n - 1n, DATA - 1n, DATA + 0x3000n - 1n];
  pivots.forEach((pivot, i) => {
    word(NODE + 8 + i * 8, pivot);
  });
  at(NODE + 248).writeUInt8(4);
  regions.forEach((region, i) => {
    const vma = VMAS + i * 0x80;
    word(NODE + 128 + (2 * i + 1) * 8, kernel(vma));
    field('vm_area_struct', vma, {
      vm_start: region.begin,
      vm_end: region.end,
      vm_flags: region.flags,
      vm_file: region.file,
      vm_pgoff: region.offset,
    });
    const head = vma + STRUCTS.vm_area_struct.members.anon_vma_chain[0];
    word(head, i === 1 ? kernel(CHAIN + 16) : kernel(head));
    if (i === 1)
      field('anon_vma_chain', CHAIN, { vma: kernel(vma), anon_vma: kernel(0x22000), same_vma: kernel(head) });
  });
  // /usr/bin/init
  field('file', FILE, {
    f_path: kernel(MOUNT + 16),
    pad: kernel(DENTRIES + 0x80),
    f_inode: kernel(INODE),
    f_mapping: kernel(0x22100),
  });
  field('mount', MOUNT, { mnt_parent: kernel(MOUNT), mnt_mountpoint: kernel(DENTRIES), mnt: kernel(DENTRIES) });
  ['/', 'usr', 'init'].forEach((text, i) => {
    at(NAMES + i * 16).write(`${text}\0`);
    field('dentry', DENTRIES + i * 0x40, {
      d_parent: kernel(DENTRIES + Math.max(0, i - 1) * 0x40),
      pprev: 1n,
      pad: kernel(NAMES + i * 16),
      d_inode: kernel(INODE),
    });
  });
  field('inode', INODE, { i_ino: 77n, i_sb: kernel(SUPER) });
  field('super_block', SUPER, { s_dev: 0x800001n });

  const low = (va: bigint, shift: bigint) => Number((va >> shift) & 511n);
  let table = USER_PA + 0x1000;
  for (const va of [CODE, DATA]) {
    let above = ROOT;
    for (const shift of [39n, 30n, 21n]) {
      const next = shift === 21n && va === DATA ? PTES : table;
      m.entry(above, low(va, shift), BigInt(next) | TABLE);
      above = next;
      if (next === table) table += 0x1000;
    }
    if (va === CODE) m.entry(above, low(va, 12n), BigInt(CODE_FRAME) | PRESENT | USER);
  }
  m.entry(PTES, low(DATA, 12n), BigInt(DATA_FRAME) | TABLE | NX);
  m.entry(PTES, low(DATA, 12n) + 1, BigInt(USER_PA + 0x1f000) | PRESENT | USER | NX);
  for (const frame of [CODE_FRAME, DATA_FRAME]) m.fill(frame);

  const { flags, mapping, index, private: order, _mapcount } = STRUCTS.page.members;
  for (const [begin, end] of m.ranges)
    for (let frame = begin; frame < end; frame += 4096) m.at(pageStruct(frame) + _mapcount[0]).writeInt32LE(-1);
  const page = (frame: number, owner: bigint, place: bigint, flag: bigint) => {
    const at = m.at(pageStruct(frame));
    at.writeBigUInt64LE(flag, flags[0]);
    at.writeBigUInt64LE(owner, mapping[0]);
    at.writeBigUInt64LE(place, index[0]);
    at.writeInt32LE(0, _mapcount[0]);
  };
  const { PG_lru, PG_swapbacked, PG_reserved } = PAGE_FLAGS;
  page(CODE_FRAME, kernel(0x22100), 0n, 1n << BigInt(PG_lru));
  page(DATA_FRAME, kernel(0x22000) | 1n, DATA >> 12n, (1n << BigInt(PG_lru)) | (1n << BigInt(PG_swapbacked)));
  m.at(pageStruct(KERNEL_PA)).writeBigUInt64LE(1n << BigInt(PG_reserved), flags[0]);
  // A free block of four frames: PG_buddy is a cleared bit of the type (include/linux/page-flags.h, 6.1).
  m.at(pageStruct(FREE_FRAME) + _mapcount[0]).writeUInt32LE(~0x80 >>> 0);
  m.at(pageStruct(FREE_FRAME) + order[0]).writeBigUInt64LE(2n);
  return m;
}
