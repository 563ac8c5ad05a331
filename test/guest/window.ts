// SPDX-License-Identifier: GPL-2.0-only
// The window on this machine, in Chromium, showing a guest by `cr3scope serve`: three sources side by side.
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium, type Page } from 'playwright-core';
import { BROWSER_FLAGS, SHOTS, settle } from '../e2e/faces.ts';
import type { Kernel } from './kernels.ts';
import { boot, type Machine } from './qemu.ts';
import type { Served } from './serve.ts';

/** A port that is free here. */
const freePort = () =>
  new Promise<number>((ok) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => ok(port));
    });
  });

async function look({ url, pid, cases }: Served, release: string): Promise<void> {
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
    const translation = page.getByRole('region', { name: 'Translation' });
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
  }
}

/** Boots a guest with `serve` in it and looks at it; resolves to what went wrong, "" where nothing did. */
export async function testWindow(kernel: Kernel, module: string, machine: Machine): Promise<string> {
  const port = await freePort();
  let failure = 'the guest never served';
  const { output } = await boot(
    kernel,
    module,
    machine,
    `mkdir -p /mnt/disk && mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt/disk && insmod /run/cr3scope.ko && CR3SCOPE_SWAP_FOLDER=/mnt/disk node_modules/.bin/node test/guest/serve.ts ${port}`,
    {
      forward: port,
      onLine: async (line, guest) => {
        if (!line.startsWith('===window ')) return;
        failure = await look(JSON.parse(line.slice(10)), kernel.release).then(
          () => '',
          (error: Error) => error.stack ?? error.message,
        );
        guest.say('go');
      },
    },
  );
  return failure && `${failure}\n${output}`;
}
