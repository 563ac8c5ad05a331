// SPDX-License-Identifier: GPL-2.0-only
// The list of processes: as a tree, with what each runs, uses and maps, and what comes and goes.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inOneFace, PAGE, type TestWindow } from './window.ts';

/** Where cgroups of both versions are mounted. */
const UNIFIED = '/sys/fs/cgroup/unified';

/** The kernel needs a moment before it calls a cgroup empty. */
function removed(group: string): boolean {
  try {
    rmdirSync(group);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    return false;
  }
  return true;
}

/** A parent with a child, both named by their arguments. */
const MARK = 'list-of-processes';
let parent: ChildProcess;
const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
let child: number;
beforeAll(async () => {
  parent = spawn('sh', ['-c', 'while :; do :; done & echo; wait', MARK], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(parent.stdout as NodeJS.ReadableStream, 'data');
  child = childOf(parent.pid as number);
});
afterAll(() => {
  process.kill(child);
  parent.kill();
});

const list = (window: TestWindow) => window.pane('Processes');
const row = (window: TestWindow, pid: number) =>
  list(window)
    .getByRole('row')
    .filter({ has: window.page.getByRole('gridcell', { name: String(pid), exact: true }) });
const filter = (window: TestWindow, text: string) => list(window).getByLabel('Filter processes').fill(text);

/** Shows a column that is hidden at first. */
async function showColumn(window: TestWindow, name: string): Promise<void> {
  await list(window)
    .getByRole('button', { name: /columns/i })
    .click();
  await window.page.getByRole('menuitemcheckbox', { name }).click();
  await window.page.keyboard.press('Escape');
  await list(window).getByRole('columnheader', { name }).waitFor();
}

inOneFace((window) => {
  test('a tree has children below their parents, which fold them, and stays', async () => {
    await window.start();
    await list(window).getByRole('button', { name: 'Tree' }).click();
    await filter(window, MARK);
    const rows = list(window).getByRole('row');
    const pids = async () =>
      (await rows.evaluateAll((all) => all.map((one) => Number(one.firstElementChild?.textContent)))).filter(Boolean);
    await expect.poll(pids).toEqual(expect.arrayContaining([parent.pid, child]));
    const all = await pids();
    expect(all.indexOf(child)).toBe(all.indexOf(parent.pid as number) + 1);
    // The parent of the parent does not match, and is there: what is below it would have no place.
    expect(all).toContain(process.pid);
    const fold = row(window, parent.pid as number).getByRole('button', { expanded: true });
    await fold.click();
    await expect.poll(pids).not.toContain(child);
    await row(window, parent.pid as number)
      .getByRole('button', { expanded: false })
      .waitFor();
    // By keys, too.
    await row(window, parent.pid as number).click();
    await list(window).getByRole('grid').press('ArrowRight');
    await expect.poll(pids).toContain(child);
    await window.pictures('tree', PAGE);
    await window.page.reload();
    await list(window).getByRole('button', { name: 'Tree', pressed: true }).waitFor();
  });

  test('use of a CPU takes two readings', async () => {
    await window.start();
    await filter(window, String(child));
    // Under PTI there is a column more before it.
    const heads = await list(window).getByRole('columnheader').allInnerTexts();
    const at = heads.findIndex((head) => head.includes('CPU %'));
    const load = row(window, child).getByRole('gridcell').nth(at);
    await expect.poll(async () => Number(await load.innerText())).toBeGreaterThan(0);
    // Of one CPU, of which a process with one thread can't use more.
    expect(Number(await load.innerText())).toBeLessThan(130);
  });

  test('command lines and containers can be shown and searched', async () => {
    const name = `docker-${'c0ffee'.padEnd(64, '0')}.scope`;
    const group = join(existsSync(UNIFIED) ? UNIFIED : '/sys/fs/cgroup', name);
    mkdirSync(group);
    const contained = spawn('sleep', ['4321'], { stdio: 'ignore' });
    try {
      writeFileSync(`${group}/cgroup.procs`, String(contained.pid));
      await window.start();
      await showColumn(window, 'Container, cgroup');
      await showColumn(window, 'Command line');
      await filter(window, 'c0ffee000000');
      const found = row(window, contained.pid as number);
      await found.getByText('docker c0ffee000000').waitFor();
      await found.getByTitle(`/${name}`).waitFor();
      await found.getByText('sleep 4321').waitFor();
      await filter(window, '4321');
      await found.waitFor();
      await window.pictures('containers', PAGE);
    } finally {
      contained.kill();
      await once(contained, 'exit');
      while (!removed(group)) await setTimeout(50);
    }
  });

  test('private and shared frames are by a walk, and say so until there is one', async () => {
    await window.start();
    await showColumn(window, 'Private');
    await showColumn(window, 'Shared');
    await filter(window, String(parent.pid));
    const walk = list(window).getByRole('button', { name: /walked/ });
    // Another test may have had it walked.
    if ((await walk.innerText()).includes('not yet'))
      await row(window, parent.pid as number)
        .getByText('not yet walked')
        .first()
        .waitFor();
    await walk.click();
    await list(window)
      .getByRole('button', { name: /^walked [0-9:]+$/ })
      .waitFor();
    await expect
      .poll(() =>
        row(window, parent.pid as number)
          .getByText(/[0-9.]+ [KM]iB/)
          .count(),
      )
      .toBe(4);
  });

  test('what comes and goes is marked, and the list can be kept as it is', async () => {
    await window.start();
    await filter(window, 'sleep');
    // One refresh, so that there is something to compare with.
    const before = await list(window).getByRole('grid').innerText();
    const first = spawn('sleep', ['1001'], { stdio: 'ignore' });
    const marked = (name: string) => list(window).locator(`.grid-row.${name}`);
    await expect
      .poll(() =>
        marked('new')
          .filter({ hasText: String(first.pid) })
          .count(),
      )
      .toBe(1);
    expect(before).not.toContain(String(first.pid));
    first.kill();
    await once(first, 'exit');
    await expect
      .poll(() =>
        marked('gone')
          .filter({ hasText: String(first.pid) })
          .count(),
      )
      .toBe(1);
    await expect.poll(() => list(window).getByText(String(first.pid)).count()).toBe(0);

    await list(window).getByLabel('follow').uncheck();
    const second = spawn('sleep', ['1002'], { stdio: 'ignore' });
    try {
      // The window knows the process, and the list does not show it until it is asked to.
      const heading = window.page.getByRole('heading', { name: `${second.pid} sleep` });
      await expect
        .poll(async () => {
          await window.go(String(second.pid));
          return heading.count();
        })
        .toBe(1);
      expect(await row(window, second.pid as number).count()).toBe(0);
      await window.page.keyboard.press('F5');
      await row(window, second.pid as number).waitFor();
    } finally {
      second.kill();
    }
  });
});
