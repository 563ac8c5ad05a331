// SPDX-License-Identifier: GPL-2.0-only
// The window on this machine, in Chromium, connected by ssh to a guest, to which it copies the helper: three sources side by
// side.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Page } from 'playwright-core';
import { BROWSER_FLAGS, SHOTS, settle, startServer } from '../e2e/faces.ts';
import type { Kernel } from './kernels.ts';
import { boot, type Machine } from './qemu.ts';
import type { Reachable } from './sshd.ts';

/** A port that is free here. */
const freePort = () =>
  new Promise<number>((ok) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => ok(port));
    });
  });

/** The way into a guest as root, and the `ssh` that knows it as "guest". */
function openDoor(port: number): { config: string; env: NodeJS.ProcessEnv; close: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-door-'));
  const at = (name: string) => join(folder, name);
  for (const key of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', key, '-f', at(key)]);
  const lines = (name: string, text: string[], mode = 0o600) =>
    writeFileSync(at(name), `${text.join('\n')}\n`, { mode });
  lines('sshd_config', [
    `HostKey ${at('host')}`,
    `AuthorizedKeysFile ${at('user.pub')}`,
    'PermitRootLogin yes',
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
  ]);
  lines('ssh_config', [
    'Host guest',
    '  HostName 127.0.0.1',
    `  Port ${port}`,
    '  User root',
    `  IdentityFile ${at('user')}`,
    '  IdentitiesOnly yes',
    '  StrictHostKeyChecking no', // it is made for this guest
    '  UserKnownHostsFile /dev/null',
  ]);
  lines('ssh', ['#!/bin/sh', `exec /usr/bin/ssh -F ${at('ssh_config')} "$@"`], 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, XDG_CONFIG_HOME: folder };
  return { config: at('sshd_config'), env, close: () => rmSync(folder, { recursive: true, force: true }) };
}

async function look({ pid, cases }: Reachable, env: NodeJS.ProcessEnv, release: string): Promise<void> {
  const { url, child } = await startServer([], env);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: BROWSER_FLAGS,
  });
  let page: Page | undefined;
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    page = await context.newPage();
    page.setDefaultTimeout(120_000); // the guest is emulated
    await page.goto(url);
    await page.getByRole('button', { name: 'Connect to another machine' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Machine' }).fill('guest');
    await dialog.getByRole('button', { name: 'Connect', exact: true }).click();
    await dialog.getByRole('button', { name: 'Copy it and connect' }).click();
    await page.getByRole('button', { name: /^guest · Linux/ }).waitFor();
    for (const source of ['pagemap', 'kernel walk', 'table walk'])
      await page.getByRole('button', { name: `Source ${source}: ready` }).waitFor();
    const address = page.getByLabel('Go to a process, address, frame or entry');
    const go = async (text: string) => {
      await address.fill(text);
      await address.press('Enter');
    };
    await page.getByRole('grid', { name: 'Processes' }).getByText('page-kinds').first().waitFor();
    await go(String(pid));
    await page.getByRole('heading', { name: `${pid} page-kinds` }).waitFor();
    await page.getByText(/pages checked in/).waitFor();
    const mismatches = page.getByRole('group', { name: /Verdicts/ }).getByRole('button', { name: /MISMATCH/ });
    assert.match(await mismatches.innerText(), /\b0$/);
    await page.getByText(release.replace(/^(\d+\.\d+).*/, 'Linux $1')).waitFor();

    const grid = page.getByRole('grid', { name: 'Pages' });
    const translation = page.getByRole('region', { name: 'Walk' });
    for (const name of ['anon4k', 'protnone', 'thp']) {
      const va = cases[name] ?? '';
      await go(va);
      const row = grid.locator('[aria-selected=true][aria-busy=false]');
      await row.filter({ hasText: va }).waitFor();
      const headers = await grid.getByRole('columnheader').allInnerTexts();
      const cells = await row.getByRole('gridcell').allInnerTexts();
      const said = ['pagemap', 'kernel walk', 'table walk'].map((source) => cells[headers.indexOf(source)]);
      assert.match(said[0] ?? '', /^[0-9a-f]{7}$/, `${name}: ${headers} | ${cells}`);
      assert.equal(new Set(said).size, 1, `${name}: ${said}`);
      await translation.getByText('by the same tables and entries').waitFor();
    }
    await go(cases.anon4k ?? '');
    await page.getByRole('region', { name: 'Frame', exact: true }).locator('.hex-line').first().waitFor();
    for (const colorScheme of ['dark', 'light'] as const)
      for (const [width, height] of [
        [1440, 900],
        [1000, 700],
      ] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height });
        await settle(page);
        await page.screenshot({ path: `${SHOTS}/guest-${colorScheme}-${width}.png` });
      }
    const { violations } = await new AxeBuilder({ page }).analyze();
    assert.deepEqual(
      violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => v.id),
      [],
    );
  } catch (error) {
    await page?.screenshot({ path: `${SHOTS}/guest-failure.png` });
    throw error;
  } finally {
    await browser.close();
    child.kill();
  }
}

/** Boots a guest with sshd in it and looks at it; resolves to what went wrong, "" where nothing did. */
export async function testWindow(kernel: Kernel, module: string, machine: Machine): Promise<string> {
  const port = await freePort();
  const door = openDoor(port);
  let failure = 'the guest was never reachable';
  const { output } = await boot(
    kernel,
    module,
    machine,
    `mkdir -p /mnt/disk && mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt/disk && insmod /run/cr3scope.ko && CR3SCOPE_SWAP_FOLDER=/mnt/disk node_modules/.bin/node test/guest/sshd.ts ${port} ${door.config}`,
    {
      forward: port,
      onLine: async (line, guest) => {
        if (!line.startsWith('===window ')) return;
        failure = await look(JSON.parse(line.slice(10)), door.env, kernel.release).then(
          () => '',
          (error: Error) => error.stack ?? error.message,
        );
        guest.say('go');
      },
    },
  );
  door.close();
  return failure && `${failure}\n${output}`;
}
