// SPDX-License-Identifier: GPL-2.0-only
// The module itself, in a guest: who may use it, what it says beside /proc, and the interfaces of course mode.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kernelWord } from '../../app/contract/kernel.ts';
import { compareRoots } from '../../app/contract/table.ts';
import { FRAME_STATUS } from '../../app/contract/verdicts.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { openSources, type Sources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { type Case, type Fixture, startFixture } from '../fixture.ts';

const DEVICES = ['/dev/cr3scope', '/dev/pid_to_cr3', '/dev/virt_to_phys', '/proc/cr3', '/proc/page_reader'];

let sources: Sources;
let fixture: Fixture;
let page: Case; // of known content

beforeAll(async () => {
  sources = await openSources(ADDON_PATH);
  fixture = await startFixture('spin');
  page = fixture.cases[0] as Case;
});
afterAll(() => {
  process.kill(fixture.pid, 'SIGKILL');
});

const cr3scope = (...args: string[]) =>
  spawnSync(process.execPath, ['out/main/cli.cjs', ...args], { encoding: 'utf8' });

describe('who may', () => {
  const opened = (path: string, ...as: string[]) => {
    const code = `open(${JSON.stringify(path)}, 'rb' if 'proc' in ${JSON.stringify(path)} else 'wb', buffering=0)`;
    return spawnSync('setpriv', [...as, 'python3', '-c', code], { encoding: 'utf8' }).stderr;
  };
  test.each(DEVICES)('%s: not another user, not root without CAP_SYS_RAWIO or CAP_SYS_ADMIN', (path) => {
    expect(opened(path)).toBe('');
    expect(opened(path, '--reuid=65534', '--clear-groups')).toContain('PermissionError');
    for (const capability of ['-sys_rawio', '-sys_admin'])
      expect(opened(path, `--bounding-set=${capability}`, `--inh-caps=${capability}`)).toContain('PermissionError');
  });

  test('doctor says so to another user', () => {
    const { stdout } = spawnSync(
      'setpriv',
      ['--reuid=65534', '--clear-groups', process.execPath, 'out/main/cli.cjs', 'doctor'],
      { encoding: 'utf8' },
    );
    expect(stdout).toMatch(/missing +kernel walk: open \/dev\/cr3scope: Permission denied\n +Run as root/);
  });
});

test('three sources are ready, the module is preferred', () => {
  expect(sources.status.map((s) => [s.name, s.ready])).toEqual([
    ['pagemap', true],
    ['kernelWalk', true],
    ['tableWalk', true],
  ]);
  expect(sources.status[2]?.detail).toContain('read by the module');
});

test('roots of all processes of /proc; kernel threads have none of their own', async () => {
  const roots = await sources.roots();
  if (!roots) throw new Error('no roots');
  const listed = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  expect(roots.pid.length).toBeGreaterThan(listed.length - 10);
  const at = roots.pid.indexOf(fixture.pid);
  const start = readFileSync(`/proc/${fixture.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19];
  expect(roots.startTicks[at]).toBe(BigInt(start as string));
  expect(roots.rootPa[at]).toBe((await sources.translate(fixture.pid, 0n, page.va)).rootPa);
  expect(roots.rootPa[roots.pid.indexOf(2)]).toBe(0n);
});

test('a PID that was reused is told by its start time', async () => {
  await expect(sources.translate(fixture.pid, 1n, 0x400000n)).rejects.toMatchObject({ code: 'ESRCH' });
});

test('CPU state: long mode, and the root of what runs there', async () => {
  const cpus = await sources.cpus();
  expect(cpus.cpu.length).toBe(Number(/smp/.test(process.env.CR3SCOPE_GUEST ?? '')) + 1);
  for (let i = 0; i < cpus.cpu.length; i++) {
    expect((cpus.cr0[i] as bigint) & 0x80000001n).toBe(0x80000001n); // PG, PE
    expect((cpus.cr4[i] as bigint) & 0x20n).toBe(0x20n); // PAE
    expect(((cpus.cr4[i] as bigint) >> 12n) & 1n).toBe(sources.target.levels === 5 ? 1n : 0n); // LA57
    expect((cpus.efer[i] as bigint) & 0x500n).toBe(0x500n); // LME, LMA
    expect(cpus.pat[i]).not.toBe(0n);
    expect((cpus.cr3[i] as bigint) & 0x000ffffffffff000n).toBe(cpus.rootPa[i]);
  }
});

test('the kernel half: the direct map by both walks, and a hole', async () => {
  const direct = await sources.translate(fixture.pid, 0n, sources.facts.directMap + 0x200000n);
  const word = kernelWord(direct.kernel?.word ?? 0n);
  expect(word).toMatchObject({ kind: 'page', value: 0x200n });
  expect(direct.path.leaf.pfn + ((0x200000n & ((1n << BigInt(direct.path.leaf.shift)) - 1n)) >> 12n)).toBe(0x200n);
  const hole = await sources.translate(
    fixture.pid,
    0n,
    sources.target.levels === 5 ? 0xff00000000000000n : 0xffff800000000000n,
  );
  expect(kernelWord(hole.kernel?.word ?? 0n).kind).toBe('none');
});

test('outside every region the kernel does not look', async () => {
  const { kernel } = await sources.translate(fixture.pid, 0n, 0x1000n);
  expect(kernelWord(kernel?.word ?? 0n).kind).toBe('noRegion');
});

test('under PTI the two roots: poisoned user slots, hidden kernel slots', async () => {
  const explorer = new Explorer(sources);
  const { rootPa } = await explorer.tables({ pid: fixture.pid, startTicks: 0n });
  const { status, bytes } = await explorer.frames({ pfn: rootPa >> 12n, count: 2 });
  expect(status[0]).toBe(0);
  if (!sources.target.pti) return;
  const slots = compareRoots(bytes.subarray(0, 4096), bytes.subarray(4096), sources.target);
  const relations = (from: number, to: number) =>
    new Set(slots.filter((s) => s.index >= from && s.index < to).map((s) => s.relation));
  expect(relations(0, 256)).toEqual(new Set(['poisoned']));
  expect(relations(256, 512)).toContain('hidden');
  expect(relations(256, 512)).not.toContain('userOnly');
});

test('under PTI the user root leads to the same frame', async () => {
  const t = await sources.translate(fixture.pid, 0n, page.va);
  if (!sources.target.pti) {
    expect(t.userKernel).toBeNull();
    return;
  }
  expect(t.userKernel?.rootPa).toBe(t.rootPa | 0x1000n);
  expect(t.userKernel?.word).toBe(t.kernel?.word);
});

test('devices, holes and the end of memory give a status', async () => {
  const { status } = await sources.frames(BigUint64Array.of(0xfec00n, 0xa0n, 0xf0000n, 1n << 36n, (1n << 40n) - 1n));
  expect(Array.from(status, (s) => FRAME_STATUS.name(s))).toEqual(Array(5).fill('notRam'));
});

test('walk in the terminal tells the kernel walk', () => {
  const va = page.va.toString(16);
  expect(cr3scope('walk', String(fixture.pid), va).stdout).toMatch(
    /kernel walk [0-9a-f]+, by the same tables and entries/,
  );
});

/** A case of calls.py. */
const calls = (name: string) => {
  const { stdout, stderr } = spawnSync('python3', ['test/guest/calls.py', name], { encoding: 'utf8', input: '\n' });
  expect(stderr).toBe('');
  return stdout.trim().split('\n');
};

describe('each call', () => {
  test('takes the capabilities of its caller: not those of who opened the device', () => {
    expect(calls('passed')).toEqual(['EPERM 0']);
  });
  test('takes the capabilities that the caller has now', () => {
    expect(calls('dropped')).toEqual(['EPERM EPERM EPERM EPERM EPERM EPERM 0']);
  });
  test('does a bounded part', () => {
    const [number, most] = (calls('bounded')[0] as string).split(' ').map(Number);
    expect(number).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4096 + 256);
  });
  test('starts again after a signal, where its handler wants that', () => {
    expect(calls('restart')).toEqual(['0']);
  });
});

test('the direct map of a page of memfd_secret is not present, and no swap entry', () => {
  const [own, hidden] = calls('secret');
  if (own === 'ENOSYS') return expect(sources.target.release).toMatch(/^5[.]10/);
  expect(own).toMatch(/^2 /);
  expect(hidden).toMatch(/^12 /);
});

test('all frames of a huge page with a memory error are refused', () => {
  expect(calls('poison')).toEqual(['0 0 0', '3 3 3']);
});

describe('course mode', () => {
  const shell = (script: string) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-ec', script], { encoding: 'utf8' });
    return { status, output: `${stdout}${stderr}` };
  };

  test('where another module has its names it offers the rest, and where it has all, it alone is refused', () => {
    const held = openSync('/dev/cr3scope', 'r');
    const since = shell('dmesg | wc -l').output.trim();
    // The same module under another name (of the same length) stands in for one that teaches with the same interfaces.
    const other = shell(
      'rmmod cr3scope_course; sed s/cr3scope_course/another_courses/g /run/cr3scope-course.ko > /run/another.ko; insmod /run/another.ko',
    );
    expect(other.output).toBe('');
    const refused = shell('insmod /run/cr3scope-course.ko');
    expect(refused.output).toContain('File exists');
    // A name that is a plain file counts as taken, too.
    const partly = shell('rmmod another_courses; touch /dev/virt_to_phys; insmod /run/cr3scope-course.ko');
    expect(partly.output).toBe('');
    expect(readFileSync('/proc/cr3', 'utf8')).toContain('CR3=');
    const restored = shell('rmmod cr3scope_course; rm /dev/virt_to_phys; insmod /run/cr3scope-course.ko');
    expect(restored.output).toBe('');
    const log = shell(`dmesg | tail -n +$((${since} + 1))`).output;
    for (const name of ['/dev/pid_to_cr3', '/proc/cr3', '/proc/page_reader'])
      expect(log.split(`no ${name}: `).length - 1).toBe(1);
    expect(log.split('no /dev/virt_to_phys: ').length - 1).toBe(2);
    expect(log).not.toMatch(/Call Trace|WARNING/);
    closeSync(held);
  });

  test('/proc/cr3', () => {
    const text = readFileSync('/proc/cr3', 'utf8');
    expect(text).toMatch(/^CR3=[0-9A-F]{16}\nCR4=[0-9A-F]{16}\nPAE=1\nPSE=[01]\n$/);
  });

  test('/proc/page_reader reads to the end of the page', async () => {
    const rows = await sources.rows(fixture.pid, 0n, BigUint64Array.of(page.va));
    const fd = openSync('/proc/page_reader', 'r');
    const bytes = Buffer.alloc(8192);
    const pa = (rows.pfn[0] as bigint) << 12n;
    expect(readSync(fd, bytes, 0, 8192, pa + 4000n)).toBe(96);
    expect(bytes.readBigUInt64LE()).toBe(page.va + 4000n);
    expect(() => readSync(fd, bytes, 0, 16, 0xfec00000)).toThrow(/ENXIO/);
    closeSync(fd);
  });

  test('/dev/pid_to_cr3 writes to the kernel log', async () => {
    writeFileSync('/dev/pid_to_cr3', `${fixture.pid}\n`);
    const { rootPa } = await sources.translate(fixture.pid, 0n, 0x400000n);
    expect(spawnSync('dmesg', { encoding: 'utf8' }).stdout).toContain(`PID ${fixture.pid} = CR3 ${rootPa}`);
    expect(() => writeFileSync('/dev/pid_to_cr3', '99999999')).toThrow(/ESRCH/);
    expect(() => writeFileSync('/dev/pid_to_cr3', '2')).toThrow(/ENODATA/); // a kernel thread: no invented CR3
    expect(() => writeFileSync('/dev/pid_to_cr3', 'x')).toThrow(/EINVAL/);
  });

  test('/dev/virt_to_phys', async () => {
    const program = `
import ctypes, fcntl, os, sys
class T(ctypes.Structure):
    _fields_ = [('pid', ctypes.c_int), ('virt', ctypes.c_ulong), ('phys', ctypes.c_ulong), ('pfn', ctypes.c_ulong), ('result', ctypes.c_int)]
request = 3 << 30 | ctypes.sizeof(T) << 16 | ord('p') << 8 | 1
fd = os.open('/dev/virt_to_phys', os.O_RDONLY)
for pid, va in ((${fixture.pid}, ${page.va}), (${fixture.pid}, 4096), (99999999, 0)):
    t = T(pid, va, 7, 7, 7)
    fcntl.ioctl(fd, request, t)
    print(t.phys, t.pfn, t.result)
`;
    const { stdout, stderr } = spawnSync('python3', ['-c', program], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const rows = await sources.rows(fixture.pid, 0n, BigUint64Array.of(page.va));
    const pfn = rows.pfn[0] as bigint;
    expect(stdout.split('\n').slice(0, 3)).toEqual([`${pfn << 12n} ${pfn} 0`, '0 0 -14', '0 0 -3']);
  });
});
