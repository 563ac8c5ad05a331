// SPDX-License-Identifier: GPL-2.0-only
// The file of a capture: what happened to it is reported, and what it becomes.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Args, Download, ExportEvent } from '../../app/contract/api.ts';
import { readCapture } from '../../app/main/capture/captured.ts';
import { CaptureReader } from '../../app/main/capture/container.ts';
import { ExportLine } from '../../app/main/capture/formats/line.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import { PartialFile } from '../../app/main/partial.ts';
import { Service } from '../../app/main/service/service.ts';
import type { Sources } from '../../app/main/sources/sources.ts';
import { captureFixture } from '../captured.ts';
import { type Fixture, startFixture } from '../fixture.ts';

let made: Awaited<ReturnType<typeof captureFixture>>;
let folder: string;
let file: string;
let sources: Sources;
let captured: Explorer;
let fixture: Fixture;
let pids: number[];
beforeAll(async () => {
  made = await captureFixture();
  ({ folder, file, sources, captured, fixture, pids } = made);
});
afterAll(() => made.stop());
const cli = (...words: string[]) =>
  spawnSync(process.execPath, ['out/main/cli.cjs', ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });
const json = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/** A file that was fetched from a service, and the folder that it lay in. */
interface Taken {
  readonly path: string;
  readonly folder: string;
}
const OFFERED = {
  path: expect.stringMatching(/^\/export\/[\w-]{32}$/),
  sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  bytes: expect.any(Number),
};

function taken(service: Service, offered: object): Taken | undefined {
  const file = service.take((offered as Download).path);
  if (!file) return undefined;
  const path = `/proc/self/fd/${file.fd}`; // it has no name any more
  return { path, folder: dirname(readlinkSync(path)) };
}

describe('an export for a window', () => {
  const started = async (service: Service, id: string, wanted: Partial<Args<'startExport'>>) => {
    const ended = new Promise<NonNullable<ExportEvent['end']>>((ok) => {
      const stop = service.listen((event, payload) => {
        if (event !== 'export' || !('end' in payload) || payload.id !== id || !payload.end) return;
        stop();
        ok(payload.end as NonNullable<ExportEvent['end']>);
      });
    });
    const [pid = 0] = pids;
    await service.startExport({
      id,
      check: '',
      pid,
      startTicks: 0n,
      format: 'cr3scope',
      frames: 'none',
      notes: [],
      ...wanted,
    });
    return ended;
  };

  test('lies in a file until the next one is asked for, and goes when all is closed', async () => {
    const service = new Service(new Explorer(sources));
    const first = await started(service, 'a', {});
    expect(first).toEqual(OFFERED);
    const second = await started(service, 'b', { format: 'jsonl' });
    expect(second).toEqual(OFFERED);
    expect(taken(service, first)).toBeUndefined();
    const { folder } = taken(service, second) as Taken;
    expect([taken(service, second), readdirSync(folder)]).toEqual([undefined, []]);
    const third = await started(service, 'c', {});
    expect(readdirSync(folder)).toHaveLength(1);
    service.close();
    expect([taken(service, third), existsSync(folder)]).toEqual([undefined, false]);
    await expect(service.call('startExport', {})).rejects.toMatchObject({ code: 'ECANCELED' });
  });

  test('holds the process that was asked for', async () => {
    const service = new Service(new Explorer(sources));
    const { path } = taken(service, await started(service, 'a', {})) as Taken;
    expect(readCapture(path).spaces.map((s) => s.pid)).toEqual([pids[0]]);
    service.close();
  });

  test('of a finished check holds what that found, whatever the process does since', async () => {
    const service = new Service(new Explorer(sources));
    const other = await startFixture('page-kinds', ['out/fixtures']);
    const { pid } = other;
    const checked = new Promise<void>((ok) => {
      service.listen((event, payload) => event === 'check' && (payload as { end: unknown }).end !== null && ok());
    });
    await service.startCheck({ id: 'check', pid, startTicks: 0n, begin: 0n, end: 1n << 63n, bytes: true });
    await checked;
    const { runs, evidence } = await service.checkRows({ id: 'check' });
    await other.stop();
    const { path } = taken(service, await started(service, 'a', { pid, check: 'check', format: 'jsonl' })) as Taken;
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => ExportLine.parse(JSON.parse(line)));
    const process = lines.find((l) => l.type === 'process');
    const pages = lines.filter((l) => l.type === 'pages');
    expect(process).toMatchObject({ pid, outcome: 'complete', dropped: { stretches: 0, evidence: 0 } });
    expect(pages.reduce((n, l) => n + l.pages, 0)).toBe(process?.pages);
    expect(pages.filter((l) => l.verdict !== 'agree').reduce((n, l) => n + l.pages, 0)).toBe(
      Number(runs.pages.reduce((n, p) => n + p, 0n)),
    );
    expect(lines.filter((l) => l.type === 'evidence')).toHaveLength(evidence.length);
    expect(lines.find((l) => l.type === 'bytes')).toMatchObject({ pid, differ: 0 });
    // A capture needs the tables, too: it is made anew, and here of a process that is gone.
    expect(await started(service, 'b', { pid, check: 'check' })).toMatchObject({ error: { code: 'ESRCH' } });
    service.close();
  });

  test('can be stopped, and then leaves nothing', async () => {
    const service = new Service(new Explorer(sources));
    const ended = started(service, 'a', { pid: 0, frames: 'bytes' });
    expect(await service.cancel({ id: 'a' })).toBe(true);
    expect(await ended).toMatchObject({ error: { code: 'ECANCELED' } });
    expect(await started(service, 'b', { pid: 0x7fffffff })).toMatchObject({ error: { code: 'ESRCH' } });
    const { folder } = taken(service, await started(service, 'c', {})) as Taken;
    expect(readdirSync(folder)).toEqual([]);
    service.close();
  });

  test('records the traces and watches that begin after it, until it is ended', async () => {
    const service = new Service(new Explorer(sources), { permitLaunch: async () => undefined });
    const anon = fixture.of('anon4k');
    const watch = async (id: string, offset: bigint) => {
      const sampled = new Promise<void>((ok) => {
        service.listen((event, payload) => event === 'watch' && (payload as { id: string }).id === id && ok());
      });
      const begin = anon.va + offset;
      const end = begin + 0x4000n;
      await service.startWatch({ id, pid: anon.pid, startTicks: 0n, begin, end, intervalMs: 50 });
      await sampled;
    };
    await watch('before', 0n);
    await service.startRecording({ id: 'it' });
    await expect(service.startRecording({ id: 'other' })).rejects.toMatchObject({ code: 'EEXIST' });
    await watch('during', 0x4000n);
    const traced = new Promise<void>((ok) => {
      service.listen((event, payload) => event === 'trace' && (payload as { end: unknown }).end !== null && ok());
    });
    const launch = { arguments: ['true'], pid: 0, directory: '', user: '', environment: [], follow: true };
    await service.startTrace({ id: 'trace', ...launch });
    await traced;
    const recorded = await service.stopRecording({ id: 'it', notes: [] });
    expect(recorded).toEqual({ ...OFFERED, problem: '' });
    await watch('after', 0x8000n);
    await expect(service.stopRecording({ id: 'it', notes: [] })).rejects.toMatchObject({ code: 'ENOENT' });
    const { problem, traced: events, watches } = readCapture((taken(service, recorded) as Taken).path);
    expect([problem, events.at(-1)?.kind]).toEqual([undefined, 'exit']);
    expect(new Set(watches.map((w) => w.begin))).toEqual(new Set([anon.va + 0x4000n]));
    expect(watches[0]).toMatchObject({ pid: anon.pid, batch: { initial: true } });
    service.close();
  });

  test('of a capture is that in another format', async () => {
    const service = new Service(captured);
    const { path } = taken(service, await started(service, 'a', { pid: 0, format: 'csv' })) as Taken;
    const lines = readFileSync(path, 'utf8').split('\n');
    for (const pid of pids) expect(lines.some((line) => line.startsWith(`${pid},`))).toBe(true);
    expect(await started(service, 'b', {})).toMatchObject({ error: { message: 'this is a capture already' } });
    service.close();
  });
});

describe('the file', () => {
  const damaged = (name: string, change: (bytes: Buffer) => Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, change(readFileSync(file)));
    return path;
  };

  test('a flipped byte is found wherever it is, and nothing after it is shown', () => {
    const { length } = readFileSync(file);
    for (const at of [20, 40, 5000, Math.floor(length / 2), length - 1]) {
      const path = damaged('flipped.cr3scope', (bytes) => {
        bytes[at] = (bytes[at] as number) ^ 1;
        return bytes;
      });
      const { status, stdout } = cli('verify', path);
      expect([at, status, stdout]).toEqual([at, 1, expect.stringMatching(/is damaged, at byte|ends early/)]);
      if (at > 40 * 1024) expect(readCapture(path).problem?.code).toBe('EBADMSG');
    }
  });

  test('a file cut short is readable up to its last whole chunk', () => {
    const path = damaged('short.cr3scope', (bytes) => bytes.subarray(0, bytes.length - 100));
    const { problem, spaces, end } = readCapture(path);
    expect([problem?.code, end, spaces.length]).toEqual(['ENODATA', undefined, pids.length]);
    expect(cli('verify', path).status).toBe(1);
    const shown = cli('show', path);
    expect([shown.status, shown.stdout]).toEqual([2, expect.stringMatching(/INCOMPLETE: .* ends early/)]);
    // It is used all the same, and says so each time.
    const regions = cli('regions', '--capture', path, String(pids[0]));
    expect([regions.status, regions.stderr]).toEqual([0, expect.stringMatching(/ends early/)]);
  });

  test('what comes after the end, another version, another file, none at all', () => {
    const more = damaged('more.cr3scope', (bytes) => Buffer.concat([bytes, Buffer.from('more')]));
    expect(cli('verify', more)).toMatchObject({ status: 1, stdout: expect.stringMatching(/continues after its end/) });
    const later = damaged('later.cr3scope', (bytes) => {
      bytes.writeUInt32LE(999, 8);
      return bytes;
    });
    expect(cli('show', later)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/version 999.*newer cr3scope/),
    });
    expect(cli('show', 'package.json')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/is not a cr3scope capture/),
    });
    expect(cli('show', join(folder, 'none'))).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/can’t be opened/),
    });
    expect(cli('show', folder)).toMatchObject({ status: 2, stderr: expect.stringMatching(/is not a regular file/) });
  });

  test('what is not a regular file is neither waited for nor replaced: FIFOs, devices, links', () => {
    const fifo = join(folder, 'fifo.cr3scope');
    execFileSync('mkfifo', [fifo]);
    const link = join(folder, 'link.cr3scope');
    symlinkSync('/dev/null', link);
    const refused = { status: 2, stderr: expect.stringMatching(/is not a regular file/) };
    for (const path of [fifo, '/dev/zero', link]) {
      for (const words of [
        ['show', path],
        ['verify', path],
        ['diff', file, path],
        ['ps', '--capture', path],
      ])
        expect([words, cli(...words)], words.join(' ')).toMatchObject([words, refused]);
      expect(cli('export', path, '-o', join(folder, 'y.csv'))).toMatchObject(refused);
      for (const force of [[], ['--force']]) {
        expect(cli('report', String(pids[0]), '-o', path, '--format', 'cr3scope', ...force)).toMatchObject(refused);
        expect(cli('report', String(pids[0]), '-o', path, '--format', 'csv', ...force)).toMatchObject(refused);
        expect(cli('export', file, '-o', path, '--format', 'jsonl', ...force)).toMatchObject(refused);
      }
    }
    expect([lstatSync(fifo).isFIFO(), lstatSync('/dev/zero').isCharacterDevice()]).toEqual([true, true]);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  test('a file system without hard links takes captures and exports, too, and what is there stays', () => {
    const [image, disk] = [join(folder, 'fat.img'), join(folder, 'fat')];
    writeFileSync(image, '');
    truncateSync(image, 40 << 20);
    mkdirSync(disk);
    execFileSync('/sbin/mkfs.vfat', ['-F', '32', image]);
    // Kernels without FAT, as those of small virtual machines, have it through FUSE.
    if (spawnSync('mount', ['-o', 'loop', image, disk]).status !== 0)
      execFileSync('fusefat', ['-o', 'rw+', image, disk], { stdio: 'ignore' });
    try {
      const path = join(disk, 'x.cr3scope');
      writeFileSync(join(disk, 'a'), '');
      expect(() => linkSync(join(disk, 'a'), path)).toThrow(/EPERM|ENOTSUP|ENOSYS/);
      expect(cli('report', String(pids[0]), '-o', path)).toMatchObject({ status: 0 });
      expect(cli('export', path, '-o', join(disk, 'x.csv'))).toMatchObject({ status: 0 });
      expect(cli('verify', path)).toMatchObject({ status: 0 });
      // Taken while it was written.
      const partial = new PartialFile(join(disk, 'taken'), false);
      partial.write('ours');
      writeFileSync(join(disk, 'taken'), 'theirs');
      expect(() => partial.finish()).toThrow(/file already exists/);
      partial.discard();
      expect(readFileSync(join(disk, 'taken'), 'utf8')).toBe('theirs');
      expect(readdirSync(disk).sort()).toEqual(['a', 'taken', 'x.cr3scope', 'x.csv']);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  test('what is there is not overwritten unless told; what can’t be written is told', () => {
    const path = join(folder, 'there.cr3scope');
    copyFileSync(file, path);
    const before = readFileSync(path);
    const again = cli('report', String(pids[0]), '-o', path);
    expect([again.status, again.stderr]).toEqual([2, expect.stringMatching(/exists.*--force/)]);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(cli('report', String(pids[0]), '-o', path, '--force').status).toBe(0);
    expect(cli('verify', path).status).toBe(0);
    expect(cli('report', '1', '-o', join(folder, 'no/such/x.cr3scope')).status).toBe(2);
    expect(cli('report', '999999999', '-o', join(folder, 'y.cr3scope')).stderr).toMatch(/no process 999999999/);
    expect(cli('report', '-o', join(folder, 'y.cr3scope')).stderr).toMatch(/no process is given/);
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('a full disk leaves what there was room for, and says where', () => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
    try {
      const path = join(disk, 'full.cr3scope');
      const { status, stderr } = cli('report', ...pids.map(String), '--frames', 'bytes', '-o', path);
      expect([status, stderr]).toEqual([2, expect.stringMatching(/no space left[\s\S]*captured until then is in/i)]);
      const [left = ''] = readdirSync(disk);
      expect(left).toMatch(/^full\.cr3scope\.\d+\.part$/);
      const { problem, begin, close } = readCapture(join(disk, left));
      close(); // the disk could not be unmounted
      expect([problem?.code, begin.target.release]).toEqual(['ENODATA', sources.target.release]);
    } finally {
      execFileSync('umount', [disk]);
    }
  });

  test('killed while it writes: a readable beginning', async () => {
    const path = join(folder, 'killed.cr3scope');
    const child = spawn(process.execPath, [
      'out/main/cli.cjs',
      'report',
      ...pids.map(String),
      '--frames',
      'bytes',
      '-o',
      path,
    ]);
    const part = () => readdirSync(folder).find((name) => name.startsWith('killed.cr3scope.'));
    await expect
      .poll(() => (part() ? statSync(join(folder, part() as string)).size : 0), { interval: 1 })
      .toBeGreaterThan(1000);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    const { problem, begin } = readCapture(join(folder, part() as string));
    expect([problem?.code, begin.target.release]).toEqual(['ENODATA', sources.target.release]);
  });

  test('digests keep no byte of memory, and are those of the bytes', async () => {
    const path = join(folder, 'digests.cr3scope');
    expect(cli('report', String(pids[0]), '--frames', 'digests', '-o', path).status).toBe(0);
    const { frames } = readCapture(path);
    const withBytes = readCapture(file).frames;
    let compared = 0;
    for (const [pfn, { chunk, index }] of frames) {
      const other = withBytes.get(pfn);
      if (other?.chunk.status[other.index] !== 0) continue;
      const bytes = other.chunk.data.subarray(other.index * 4096, (other.index + 1) * 4096);
      const same = createHash('sha256')
        .update(bytes)
        .digest()
        .equals(chunk.data.subarray(index * 32, (index + 1) * 32));
      compared += Number(same);
    }
    expect(compared).toBeGreaterThan(frames.size / 2);
  });

  test('it is read without any privilege', () => {
    const { pid, va } = fixture.of('protnone');
    const unprivileged = (...words: string[]) =>
      spawnSync('setpriv', ['--bounding-set=-all', '--inh-caps=-all', process.execPath, 'out/main/cli.cjs', ...words], {
        encoding: 'utf8',
      });
    // Nothing can be checked on the machine that way.
    expect(unprivileged('doctor').status).toBe(2);
    const words = ['walk', String(pid), va.toString(16), '--capture', file];
    const { status, stdout } = unprivileged(...words);
    expect([status, stdout]).toEqual([0, cli(...words).stdout]);
    expect(stdout).toMatch(/PROT_NONE/);
  });

  test('a range: its pages and no others', () => {
    const { pid, va, pages } = fixture.of('anon4k');
    const path = join(folder, 'range.cr3scope');
    const range = `${va.toString(16)}+${pages}`;
    const [reported] = json(cli('report', String(pid), '--range', range, '-o', path, '--json').stdout);
    expect(reported.pages).toBe(pages);
    const [space] = readCapture(path).spaces;
    const stretches = [...(space?.pages.stretches() ?? [])];
    expect([stretches[0]?.va, stretches.reduce((n, s) => n + Number(s.pages), 0)]).toEqual([va, pages]);
    expect(cli('report', String(pid), '--range', 'x', '-o', join(folder, 'y.cr3scope')).stderr).toMatch(
      /not a range of pages/,
    );
  });

  test('what is traced and watched is recorded, and told again', () => {
    const path = join(folder, 'traced.cr3scope');
    const program = ['sh', '-c', 'ls >/dev/null; exit 3'];
    const told = (text: string) => text.split('\n').filter((line) => / {2}\d+ {2}/.test(line));
    const first = cli('trace', '-o', path, ...program);
    const again = cli('trace', '--machine', '--capture', path);
    expect(told(first.stderr).length).toBeGreaterThan(4);
    expect(told(again.stderr)).toEqual(told(first.stderr));
    // The same as a timeline: one slice for each root, none before the one it follows, and each event at its time.
    const timeline = join(folder, 'traced.perfetto');
    expect(cli('export', path, '-o', timeline).status).toBe(0);
    const { traced: events } = readCapture(path);
    const { traceEvents } = JSON.parse(readFileSync(timeline, 'utf8')) as {
      traceEvents: { ph: string; pid: number; name: string; ts: number; dur: number }[];
    };
    const execs = events.filter((e) => e.kind === 'exec');
    const roots = traceEvents.filter((e) => e.ph === 'X');
    for (const { pid, after } of execs)
      expect(roots).toContainEqual(expect.objectContaining({ pid, name: `root 0x${after.toString(16)}` }));
    for (const pid of new Set(roots.map((e) => e.pid))) {
      const own = roots.filter((e) => e.pid === pid);
      for (const [i, { ts, dur }] of own.entries())
        expect([ts >= 0, dur >= 0, Math.abs(ts + dur - (own[i + 1]?.ts ?? ts + dur)) < 1]).toEqual([true, true, true]);
    }
    expect(traceEvents.filter((e) => e.ph === 'i').map((e) => e.name)).toEqual(events.map((e) => e.kind));
    expect(cli('trace', '--attach', '99999999', '-o', join(folder, 'none.cr3scope')).status).toBe(2);
    expect(readdirSync(folder).filter((name) => name.startsWith('none'))).toEqual([]);
    const { pid, va } = fixture.of('anon4k');
    const pages = join(folder, 'watched.cr3scope');
    const words = [String(pid), `${va.toString(16)}+4`, '--json'];
    const states = (text: string) => json(text).filter((line) => line.initial);
    const seen = cli('watch', ...words, '--for', '0', '-o', pages);
    const replayed = cli('watch', ...words, '--capture', pages);
    expect(states(seen.stdout).length).toBe(4);
    expect(states(replayed.stdout)).toEqual(states(seen.stdout));
  });

  test('the command line: a capture of everything, shown, verified and read', () => {
    const path = join(folder, 'all.cr3scope');
    const [reported] = json(cli('report', '--all', '-o', path, '--json').stdout);
    const [shown, ...rest] = json(cli('show', path, '--json').stdout);
    expect(shown).toMatchObject({
      complete: true,
      sha256: reported.sha256,
      pages: reported.pages,
      verdicts: reported.verdicts,
      bytes: statSync(path).size,
    });
    expect(rest.filter((p) => p.verdicts).reduce((n, p) => n + p.pages, 0)).toBe(reported.pages);
    expect(json(cli('verify', path, '--json').stdout)).toMatchObject([{ good: true, sha256: reported.sha256 }]);
    const checked = json(cli('check', '--capture', path, '--all', '--json').stdout).at(-1);
    expect(checked.verdicts).toEqual(reported.verdicts);
    const reader = new CaptureReader(path);
    const kinds = new Set<string>();
    for (let chunk = reader.next(); chunk; chunk = reader.next()) kinds.add(chunk.kind);
    reader.close();
    for (const kind of ['begin', 'cpus', 'process', 'pages', 'tables', 'checked', 'memory', 'end'])
      expect(kinds.has(kind)).toBe(true);
  });
});
