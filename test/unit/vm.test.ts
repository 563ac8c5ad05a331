// SPDX-License-Identifier: GPL-2.0-only
// Virtual machines: what is read from QEMU's command line and monitor, and a guest whose memory is a file and changes. A real
// guest is in test/guest/image.ts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { VERDICT } from '../../app/contract/verdicts.ts';
import { partsOf, placeOf, registersOf, vmOf } from '../../app/main/sources/qemu.ts';
import { openSources } from '../../app/main/sources/sources.ts';
import { ADDON_PATH } from '../addon.ts';
import { CODE_FRAME, DATA, DATA_FRAME, KERNEL_PA, linuxMemory, PTES, ROOT } from '../linux-image.ts';
import { fileOf, imageFile, NX, PRESENT, USER } from '../memory-image.ts';

test('a command line says name, memory, monitor and where the memory is', () => {
  const line =
    'qemu-system-x86_64 -name guest=web,debug-threads=on -m size=2G,slots=2 -qmp unix:run/qmp,server=on,wait=off';
  expect(vmOf(7, line.split(' '), '/srv')).toEqual({
    pid: 7,
    name: 'web',
    memoryBytes: 2n << 30n,
    monitors: ['/srv/run/qmp'],
    shared: false,
  });
  // As libvirt does it.
  const libvirt = [
    'qemu-kvm',
    ...['-m', '4096', '-chardev', 'socket,id=m,path=/run/a,,b.sock,server=on', '-mon', 'chardev=m,id=x,mode=control'],
    ...['-object', '{"qom-type":"memory-backend-memfd","id":"ram","share":true}'],
  ];
  expect(vmOf(8, libvirt, '/')).toMatchObject({
    name: 'qemu-8',
    memoryBytes: 4n << 30n,
    monitors: ['/run/a,b.sock'],
    shared: true,
  });
  expect(vmOf(9, ['qemu-system-x86_64'], '/')).toMatchObject({ memoryBytes: null, monitors: [], shared: false });
});

const LAYOUT = `FlatView #0
 AS "I/O", root: io
 Root memory region: io
  0000000000000000-0000000000000007 (prio 0, i/o): dma-chan

FlatView #1
 AS "memory", root: system
 AS "cpu-memory-0", root: system
 Root memory region: system
  0000000000000000-000000000009ffff (prio 0, ram): pc.ram
  00000000000a0000-00000000000affff (prio 1, ram): vga.vram
  00000000000c0000-00000000000cafff (prio 0, rom): pc.ram @00000000000c0000
  0000000000100000-00000000bfffffff (prio 0, ram): pc.ram @0000000000100000 KVM
  00000000fec00000-00000000fec00fff (prio 0, i/o): ioapic
  0000000100000000-000000013fffffff (prio 0, ram): pc.ram @00000000c0000000 KVM
`;

test('QEMU says where memory is, above the hole below 4 GiB, too', () => {
  expect(partsOf(LAYOUT, new Set(['pc.ram']))).toEqual([
    { pa: 0n, bytes: 0xa0000n, name: 'pc.ram' },
    { pa: 0xc0000n, bytes: 0xb000n, name: 'pc.ram' },
    { pa: 0x100000n, bytes: 0xbff00000n, name: 'pc.ram' },
    { pa: 1n << 32n, bytes: 1n << 30n, name: 'pc.ram' },
  ]);
  expect(partsOf(LAYOUT, new Set(['other']))).toEqual([]);
});

test('memory is in a file only where QEMU shares that', () => {
  const map = { begin: 0x1000n, end: 0x9000n, offset: 0x40000n, path: '/no/file', inode: '5' };
  expect(placeOf(7, [{ ...map, shared: true }], 0x3000n, 0x2000n)).toEqual({
    path: '/proc/7/map_files/1000-9000',
    offset: 0x42000n,
  });
  for (const other of [{ shared: false }, { shared: true, end: 0x4000n }])
    expect(placeOf(7, [{ ...map, ...other }], 0x3000n, 0x2000n)).toEqual({ path: '', offset: 0x3000n });
});

test('registers of each CPU', () => {
  const cpu = (n: number) => `CPU#${n}\nRAX=0\nCR0=80050033 CR2=0 CR3=${n}a000 CR4=6f0\nEFER=d01\n`;
  expect(registersOf(cpu(0) + cpu(1))).toEqual([
    0x80050033n,
    0xa000n,
    0x6f0n,
    0xd01n,
    0x80050033n,
    0x1a000n,
    0x6f0n,
    0xd01n,
  ]);
});

test('memory that changes is read anew, and a difference that goes away is no mismatch', async () => {
  const memory = linuxMemory();
  const { file, ranges } = memory.raw();
  const path = fileOf(file);
  const parts = Array.from({ length: ranges.length / 3 }, () => path);
  const vm = (frozen: boolean) =>
    openSources(
      ADDON_PATH,
      imageFile('', {
        vm: {
          pid: process.pid,
          frozen,
          paths: parts,
          parts: ranges,
          registers: BigUint64Array.of(1n, BigInt(ROOT), 0n, 0n),
        },
      }),
    );
  const sources = await vm(false);
  expect(sources.facts.image?.findings.join()).toContain('runs');
  expect([...(await sources.cpus()).rootPa]).toEqual([BigInt(ROOT)]);
  const fd = openSync(path, 'r+');
  const write = (pa: number, bytes: Buffer) => void writeSync(fd, bytes, 0, bytes.length, pa - KERNEL_PA);
  write(KERNEL_PA + 0x20200 + 136, Buffer.from('other\0'));
  expect((await sources.processes()).name).toEqual(['other', 'kthreadd']);
  const verdictOf = async (of: typeof sources) =>
    VERDICT.name((await of.rows(1, 0n, BigUint64Array.of(DATA))).verdict[0] as number);
  expect(await verdictOf(sources)).toBe('agree');
  const entry = Buffer.alloc(8);
  entry.writeBigUInt64LE(BigInt(CODE_FRAME) | PRESENT | USER | NX);
  write(PTES, entry);
  expect(await verdictOf(sources)).toBe('mismatch');
  entry.writeBigUInt64LE(BigInt(DATA_FRAME) | PRESENT | USER | NX);
  write(PTES, entry);
  expect(await verdictOf(sources)).toBe('agree');
});

/** A monitor that answers as QEMU does, and what it was asked. */
async function monitor(running: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-monitor-'));
  const asked: string[] = [];
  let runs = running;
  const server = createServer((socket) => {
    socket.write('{"QMP": {"version": {}, "capabilities": []}}\n');
    socket.on('error', () => undefined);
    createInterface({ input: socket }).on('line', (line) => {
      const { execute } = JSON.parse(line);
      asked.push(execute);
      if (execute === 'stop' || execute === 'cont') {
        runs = execute === 'cont';
        socket.write('{"event": "STOP", "timestamp": {}}\n');
      }
      socket.write(`${JSON.stringify({ return: execute === 'query-status' ? { running: runs } : {} })}\n`);
    });
  });
  const path = join(folder, 'qmp');
  await new Promise<void>((ok) => server.listen(path, () => ok()));
  const close = () => {
    server.close();
    rmSync(folder, { recursive: true });
  };
  return { path, asked, close, runs: () => runs };
}

const asks = (path: string) => {
  const program = `import('${resolve('app/main/sources/monitor.ts')}').then(({ runMonitor }) => runMonitor(process.argv[1], (answer) => console.log(JSON.stringify(answer)))).then((code) => process.exit(code))`;
  const child = spawn(process.execPath, ['-e', program, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse(String((await lines.next()).value));
  return {
    child,
    next,
    ask: (question: string) => {
      child.stdin.write(`${JSON.stringify({ ask: question })}\n`);
      return next();
    },
  };
};

test('a machine that was stopped is continued when the input ends, and other questions are refused', async () => {
  const qemu = await monitor(true);
  const { child, next, ask } = asks(qemu.path);
  expect(await next()).toEqual({ ok: null });
  expect(await ask('quit')).toMatchObject({ error: { message: 'there is no question quit' } });
  await ask('stop');
  expect(qemu.runs()).toBe(false);
  child.stdin.destroy();
  await once(child, 'exit');
  expect(qemu.runs()).toBe(true);
  expect(qemu.asked).toEqual(['qmp_capabilities', 'query-status', 'stop', 'cont']);
  qemu.close();
});

test('a monitor whose asker was gone at once ends', async () => {
  const qemu = await monitor(true);
  const { child } = asks(qemu.path);
  child.stdin.end();
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
  qemu.close();
});

test('a machine that did not run is left alone', async () => {
  const qemu = await monitor(false);
  const { child, next, ask } = asks(qemu.path);
  await next();
  await ask('stop');
  child.stdin.end();
  await once(child, 'exit');
  expect(qemu.asked).toEqual(['qmp_capabilities', 'query-status']);
  qemu.close();
});
