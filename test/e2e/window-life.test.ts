// SPDX-License-Identifier: GPL-2.0-only
// Processes that have no address space, or none any more: each view says so. Nothing of the process before stays, nothing can
// be pressed in vain, and the words are those of the window.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inEachFace, PAGE, type TestWindow } from './window.ts';

const RAW = /No such process|Permission denied|`cr3scope|Run as root|open \/proc/;

/** With a child that has exited, and that it never asks about. */
let parent: ChildProcess;
let zombie: number;
beforeAll(async () => {
  parent = spawn('sh', ['-c', 'sleep 0 & exec sleep 1000'], { stdio: 'ignore' });
  const children = () => readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').trim();
  const state = () =>
    readFileSync(`/proc/${children()}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .slice(0, 1);
  while (!children() || state() !== 'Z') await setTimeout(20);
  zombie = Number(children());
});
afterAll(() => parent.kill());

async function isPlain(window: TestWindow): Promise<void> {
  await window.settle();
  expect(await window.page.locator('body').innerText()).not.toMatch(RAW);
}

inEachFace((window) => {
  test.each([
    ['a kernel thread', (): number => 2, 'A kernel thread has no address space'],
    ['a zombie', (): number => zombie, 'This process has exited'],
  ] as const)('%s', async (_, pid, text) => {
    await window.startAt({ pid: parent.pid as number });
    await window.frame.getByText(/^Frame [0-9a-f]+$/).waitFor();
    await window.go(String(pid()));
    const space = window.pane('Address space');
    await space.getByText(text).waitFor();
    expect(await space.locator('.pane-title').getByRole('button').count()).toBe(1); // the link to it
    await window.frame.getByText('No frame is open').waitFor();
    await window.walk.getByText(text).waitFor();
    await isPlain(window);
    const tables = await window.show('Tables');
    await tables.getByText(text).waitFor();
    expect(await tables.getByRole('button', { name: 'Read again' }).count()).toBe(0);
    const watch = await window.show('Watch');
    await watch.getByText(text).waitFor();
    expect(await watch.getByRole('button', { name: 'Watch' }).count()).toBe(0);
    await isPlain(window);
  });

  test('a process that exits keeps what was read of it', async () => {
    const doomed: ChildProcess = spawn('sleep', ['1000'], { stdio: 'ignore' });
    try {
      await window.startAt({ pid: doomed.pid as number });
      await (await window.show('Tables')).getByText('PGD', { exact: true }).first().waitFor();
      doomed.kill();
      await once(doomed, 'exit');
      const tables = window.pane('Tables');
      await tables.getByText(/Its tables are shown as they were last read/).waitFor();
      await tables.getByText('PGD', { exact: true }).first().waitFor();
      expect(await tables.getByRole('button', { name: 'Read again' }).count()).toBe(0);
      await isPlain(window);
      const space = await window.show('Address space');
      await space.getByText(/Its last check finished at/).waitFor();
      await space.getByText(/ pages · as last read\. This process has exited\./).waitFor();
      expect(
        await space.getByRole('grid', { name: 'Pages' }).getByText('agree', { exact: true }).count(),
      ).toBeGreaterThan(3);
      await space.getByRole('button', { name: 'Export…' }).waitFor();
      for (const name of ['Check again', 'Compare bytes'])
        expect(await space.getByRole('button', { name }).count()).toBe(0);
      await window.walk.getByText(/No longer true at .*: the process is gone/).waitFor();
      expect(await window.walk.getByRole('button', { name: 'Read the page again' }).count()).toBe(0);
      await isPlain(window);
      await window.pictures('exited', PAGE);
    } finally {
      doomed.kill();
    }
  });

  test('an error goes when something succeeds', async () => {
    await window.startAt({ pid: parent.pid as number });
    await window.go('cr3scope://process/2147483647');
    const notice = window.page.locator('.notice');
    await notice.getByText('There is no process 2147483647').waitFor();
    // It does not stand where the progress does.
    await window.page
      .locator('.status')
      .getByText(/pages checked in/)
      .waitFor();
    await window.page.getByRole('button', { name: 'Check again' }).click();
    await notice.waitFor({ state: 'detached' });
  });
});
