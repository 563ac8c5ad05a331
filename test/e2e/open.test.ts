// SPDX-License-Identifier: GPL-2.0-only
// `serve --open`: no other user learns the link, and no browser runs as root.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWithSudo } from './faces.ts';
import { installed, installedCli } from './installed.ts';
import { openPage, tokenOf } from './web.ts';

const id = (flag: string) => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout);
const uid = id('-u');
const gid = id('-g');
/** The file in which the stand-in for the browser, or the program that is started, records what it sees. */
let folder: string;
let bin: string;
const told = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cr3scope-open-'));
  chmodSync(folder, 0o777);
  bin = join(folder, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh
id -u > ${told('uid')}; id -G > ${told('groups')}; env > ${told('environment')}; cat "$1" > ${told('html')}
grep CapEff /proc/self/status > ${told('capabilities')}
tr '\\0' '\\n' < /proc/$$/cmdline > ${told('part')}; mv ${told('part')} ${told('arguments')}
`;
  writeFileSync(join(bin, 'xdg-open'), script, { mode: 0o755 });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** As whom a process runs, and with which capabilities. */
function ofServer(pid: number) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const [, user, capabilities] = /^Uid:\t(\d+)[\s\S]*^CapEff:\t(\w+)/m.exec(status) ?? [];
  return { uid: Number(user), capabilities: BigInt(`0x${capabilities}`) };
}

/** Starts `serve --open` as sudo would, with that stand-in. */
const start = (environment: NodeJS.ProcessEnv) =>
  startWithSudo(installedCli(installed()), ['--open'], {
    ...process.env,
    PATH: `${bin}:${process.env.PATH}`,
    SECRET_OF_ROOT: 'x',
    DISPLAY: ':7',
    SUDO_UID: undefined,
    PKEXEC_UID: undefined,
    ...environment,
  });

test.each(['SUDO_UID', 'PKEXEC_UID'])(
  'the browser runs as the user of %s and gets a file that only they can read',
  async (name) => {
    const { url, port, pid, child } = await start({ [name]: String(uid) });
    try {
      await expect.poll(() => existsSync(told('arguments'))).toBe(true);
      const read = (of: string) => readFileSync(told(of), 'utf8').trim();
      expect([read('uid'), read('groups'), read('capabilities')]).toEqual([
        String(uid),
        String(gid),
        expect.stringMatching(/\t0{16}$/),
      ]);
      expect(ofServer(pid)).toEqual({ uid, capabilities: 0n });
      const words = read('arguments').split('\n');
      const file = words.at(-1) as string;
      expect(file).toMatch(/^\/tmp\/cr3scope-\w+\/open\.html$/);
      expect(words.join(' ')).not.toContain(tokenOf(url));
      expect(read('html')).toContain(`url=${url}"`);
      const { uid: owner, gid: group, mode } = statSync(file);
      expect([owner, group, mode & 0o777]).toEqual([uid, gid, 0o600]);
      const around = statSync(dirname(file));
      expect([around.uid, around.gid, around.mode & 0o777]).toEqual([uid, gid, 0o700]);
      const environment = read('environment').split('\n');
      expect(environment).toContain('DISPLAY=:7');
      expect(environment.filter((entry) => /^(SECRET|SUDO|PKEXEC)/.test(entry))).toEqual([]);
      expect(environment).toContain('USER=nobody');
      // It goes as soon as the link was used.
      const page = await openPage(port, { token: tokenOf(url) });
      await expect.poll(() => existsSync(dirname(file))).toBe(false);
      page.ws.close();
    } finally {
      child.kill('SIGTERM');
      rmSync(told('arguments'), { force: true });
    }
  },
);

test('the file goes with the server, too', async () => {
  const { child } = await start({ SUDO_UID: String(uid) });
  await expect.poll(() => existsSync(told('arguments'))).toBe(true);
  const file = readFileSync(told('arguments'), 'utf8').trim().split('\n').at(-1) as string;
  expect(existsSync(file)).toBe(true);
  const ended = new Promise((ok) => child.once('exit', ok));
  child.kill('SIGTERM');
  await ended;
  expect(existsSync(dirname(file))).toBe(false);
  rmSync(told('arguments'));
});

test.each([{}, { SUDO_UID: '0' }, { SUDO_UID: 'x' }])('no browser runs as root: %o', async (environment) => {
  const { child, pid, complaint } = await start(environment);
  expect(ofServer(pid).uid).toBe(0);
  expect(await complaint).toMatch(/^cr3scope: no browser was opened: a browser is not started as root/);
  const ended = new Promise((ok) => child.once('exit', ok));
  child.kill('SIGTERM');
  await ended;
  expect(existsSync(told('arguments'))).toBe(false);
});
