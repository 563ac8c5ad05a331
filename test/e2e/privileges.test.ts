// SPDX-License-Identifier: GPL-2.0-only
// The product as an ordinary user: only the helper has privileges, they are asked for where somebody can answer, and a helper
// that dies takes nothing with it.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { BROWSER_FLAGS, type Face, openBrowser, openDesktop, SHOTS, settle } from './faces.ts';
import { ACCOUNT, accountFolder, electronProgram, installed, installedCli } from './installed.ts';

const HELPER = 'cr3scope-helper';
const field = (pid: number, name: string) =>
  new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

/** Whether a process is as `look` finds it; false if it has exited meanwhile. */
function is(pid: number, look: (pid: number) => boolean): boolean {
  try {
    return look(pid);
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

/** Every process of the product that runs as the account, by what it runs. */
function ofAccount(): { pid: number; program: string }[] {
  const { stdout } = spawnSync('ps', ['-U', ACCOUNT, '-o', 'pid=,comm='], { encoding: 'utf8' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([pid = '', program = '']) => ({ pid: Number(pid), program }))
    .filter((one) => is(one.pid, (pid) => readlinkSync(`/proc/${pid}/exe`).startsWith(`${installed()}/`)));
}

/** The processes whose capabilities count in the user namespace of this machine. */
const privileged = () =>
  ofAccount().filter((one) =>
    is(
      one.pid,
      (pid) =>
        BigInt(`0x${field(pid, 'CapEff')}`) !== 0n &&
        readlinkSync(`/proc/${pid}/ns/user`) === readlinkSync('/proc/self/ns/user'),
    ),
  );

const helperOf = () => ofAccount().find(({ program }) => program === HELPER)?.pid as number;

describe.each([['browser', openBrowser] as const, ...(electronProgram() ? [['electron', openDesktop] as const] : [])])(
  '%s',
  (name, open: () => Promise<Face>) => {
    let face: Face;
    afterAll(() => face.close());

    test('only the helper has capabilities, and they are those of its sources', async () => {
      face = await open();
      await face.page.getByText('helper from root').waitFor();
      expect(privileged().map(({ program }) => program)).toEqual([HELPER]);
      const helper = helperOf();
      // SYS_ADMIN, DAC_READ_SEARCH, SYS_PTRACE, SYS_RAWIO
      expect(field(helper, 'CapEff')).toBe('00000000002a0004');
      expect([field(helper, 'NoNewPrivs'), field(helper, 'Seccomp')]).toEqual(['1', '2']);
      expect(field(face.pid, 'Uid')).toBe(field(helper, 'Uid'));
    });

    if (name === 'electron')
      test('the renderer is in Chromium’s sandbox, as the kernel and Chromium say', async () => {
        const renderers = ofAccount().filter(({ pid }) =>
          readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('--type=renderer'),
        );
        expect(renderers.length).toBeGreaterThan(0);
        for (const { pid } of renderers) {
          expect([field(pid, 'Seccomp'), field(pid, 'NoNewPrivs'), field(pid, 'CapEff')]).toEqual([
            '2',
            '1',
            '0000000000000000',
          ]);
          for (const space of ['user', 'net', 'pid'])
            expect(readlinkSync(`/proc/${pid}/ns/${space}`)).not.toBe(readlinkSync(`/proc/self/ns/${space}`));
          await expect
            .poll(() => face.log())
            .toMatch(new RegExp(`\\[${pid}:.*Activated seccomp-bpf sandbox for process type: renderer\\.`));
        }
      });

    test('a helper that dies is said to have, and what was read stays', async () => {
      const { page } = face;
      const checked = page.getByText(/pages checked in/);
      await checked.waitFor();
      process.kill(helperOf(), 'SIGKILL');
      const again = page.getByRole('button', { name: 'Start the helper again' });
      await again.waitFor();
      expect(await page.getByRole('grid', { name: 'Processes' }).getByRole('row').count()).toBeGreaterThan(5);
      expect(await page.getByText(/^agree/).count()).toBeGreaterThan(0);
      // The one that root had handed over does not come again.
      await again.click();
      await page
        .getByRole('alert')
        .getByText(/The helper (that root started has ended|did not start)/)
        .waitFor();
    });
  },
);

/** The sudoers file of this test; removed after each. */
const SUDOERS = '/etc/sudoers.d/cr3scope-test';
const allow = (tag: '' | 'NOPASSWD:') => writeFileSync(SUDOERS, `${ACCOUNT} ALL=(root) ${tag} ALL\n`, { mode: 0o440 });
afterEach(() => rmSync(SUDOERS, { force: true }));

/** Runs words of the command line as the account in a terminal of its own. What is written goes to that terminal. */
const inTerminal = (...words: string[]) => runInTerminal([...installedCli(installed()), ...words].join(' '));

function runInTerminal(command: string) {
  const child = spawn(
    'setpriv',
    [`--reuid=${ACCOUNT}`, `--regid=${ACCOUNT}`, '--init-groups', 'script', '-qec', command, '/dev/null'],
    { cwd: '/', env: { ...process.env, HOME: accountFolder(installed()) } },
  );
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ended, text: () => text };
}

describe('in a terminal', () => {
  test('privileges come through sudo', async () => {
    allow('NOPASSWD:');
    const { ended, text } = inTerminal('check', String(process.pid), '--json');
    expect(await ended).toBe(0);
    expect(text()).toContain('"mismatch":0');
  });

  test('a user who is refused is told so, and how to go on', async () => {
    allow('');
    const { child, ended, text } = inTerminal('ps');
    let answered = 0;
    child.stdout.on('data', () => {
      for (const asked = text().split('Password for').length - 1; answered < asked; answered++)
        child.stdin.write('not the password\n');
    });
    expect(await ended).toBe(2);
    expect(answered).toBe(3);
    expect(text()).toMatch(/the helper did not start: .*3 incorrect password attempts/);
    expect(text()).toContain('--no-privileges');
  });

  test('--no-privileges asks nobody, and reads what a user may', async () => {
    allow('');
    const { ended, text } = inTerminal('ps', '--no-privileges');
    expect(await ended).toBe(0);
    expect(text()).toContain('another user’s process');
    expect(text()).not.toContain('not readable');
    expect(text()).not.toContain('Password');
  });
});

test('serve under sudo runs as the user, with a helper from root', async () => {
  allow('NOPASSWD:');
  const { child } = runInTerminal(['sudo', ...installedCli(installed()), 'serve', '--json'].join(' '));
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: BROWSER_FLAGS });
  try {
    const line = await new Promise<string>((ok) => createInterface({ input: child.stdout }).once('line', ok));
    const { url, pid } = JSON.parse(line) as { url: string; pid: number };
    const page: Page = await browser.newPage();
    await page.goto(url);
    await page.getByText('helper from root').waitFor();
    await page.getByText(/pages checked in/).waitFor();
    expect(privileged().map(({ program }) => program)).toEqual([HELPER]);
    expect(ofAccount().map((one) => one.pid)).toContain(pid);
    child.kill('SIGTERM');
    await expect.poll(ofAccount).toEqual([]);
  } finally {
    await browser.close();
    child.kill();
  }
});

test('serve of root itself runs as root, and says so', async () => {
  const env = { ...process.env, SUDO_UID: undefined, PKEXEC_UID: undefined };
  const child = spawn(process.execPath, ['out/main/cli.cjs', 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  try {
    await expect.poll(() => text).toContain('The server runs as root');
    expect(field(child.pid as number, 'Uid').split('\t')[0]).toBe('0');
  } finally {
    child.kill();
  }
});

test('a page of serve gets a new helper when the old one has died', async () => {
  allow('NOPASSWD:');
  const { child } = inTerminal('serve', '--json');
  const line = await new Promise<string>((ok) => createInterface({ input: child.stdout }).once('line', ok));
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: BROWSER_FLAGS });
  try {
    const page: Page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto((JSON.parse(line) as { url: string }).url);
    await page.getByText('helper by sudo').waitFor();
    await page.getByText(/pages checked in/).waitFor();
    // The pages on screen are read, those of the region that is chosen after the check.
    await page.getByRole('grid', { name: 'Pages' }).getByRole('row', { selected: true }).waitFor();
    await settle(page);
    const first = helperOf();
    process.kill(first, 'SIGKILL');
    const again = page.getByRole('button', { name: 'Start the helper again' });
    await again.waitFor();
    // The pages that were on screen stay there, and are said to be of an earlier time.
    await page.getByText(/pages · as last read\. The helper has ended/).waitFor();
    expect(await page.getByRole('grid', { name: 'Pages' }).getByRole('row').count()).toBeGreaterThan(5);
    await settle(page);
    await page.screenshot({ path: join(SHOTS, 'helper-ended.png') });
    await again.click();
    const banners = page.getByText(/^(The helper has ended|You are asked)/);
    await expect.poll(() => banners.count()).toBe(0);
    expect(helperOf()).not.toBe(first);
    await page.getByRole('button', { name: 'Check again' }).click();
    await page.getByText(/pages checked in/).waitFor();
  } finally {
    await browser.close();
    child.kill();
  }
});

test('what a user writes is theirs', async () => {
  allow('NOPASSWD:');
  const folder = accountFolder(installed());
  const { ended, text } = inTerminal('report', String(process.pid), '-o', join(folder, 'one.cr3scope'));
  expect(await ended, text()).toBe(0);
  const owner = statSync(folder).uid;
  expect(readdirSync(folder).map((file) => statSync(join(folder, file)).uid)).toEqual([owner]);
});
