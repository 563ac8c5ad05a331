// SPDX-License-Identifier: GPL-2.0-only
// The desktop window started with a cr3scope:// link, as the desktop's handler of such links does; and what it asks.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Face, openDesktop } from './faces.ts';
import { ACCOUNT, accountFolder, electronProgram, installed } from './installed.ts';

const program = electronProgram();

test.skipIf(!program)('opens at the frame that the link names', async () => {
  const face = await openDesktop('cr3scope://frame/100010');
  try {
    const frame = face.page.getByRole('region', { name: 'Frame', exact: true });
    await frame.getByRole('heading', { name: 'Frame 100', exact: true }).waitFor();
    await face.page.getByRole('tab', { name: 'Bytes' }).click();
    await expect.poll(() => face.page.getByRole('region', { name: 'Data inspector' }).innerText()).toContain('+010');
  } finally {
    await face.close();
  }
});

/** Programs of labs that it has started and that run. */
const labs = ({ pid }: Face) => spawnSync('pgrep', ['-x', 'labs', '-P', String(pid)], { encoding: 'utf8' }).stdout;

test.skipIf(!program)('a link shows a lab, and does not start it', async () => {
  const face = await openDesktop('cr3scope://lab/cow');
  try {
    const pane = face.page.getByRole('region', { name: 'Labs', exact: true });
    await pane.getByRole('heading', { name: /Copy on write/ }).waitFor();
    expect(await pane.getByRole('button', { name: 'Next step' }).count()).toBe(0);
    expect(labs(face)).toBe('');
    await pane.getByRole('button', { name: 'Start', exact: true }).click();
    await pane.getByRole('button', { name: 'Next step' }).waitFor();
    expect(labs(face)).not.toBe('');
  } finally {
    await face.close();
  }
});

test.skipIf(!program)('no program is started unless the user agrees in a dialog of the main process', async () => {
  const face = await openDesktop();
  const folder = accountFolder(installed());
  try {
    await face.page.getByRole('tab', { name: 'Trace' }).click();
    const pane = face.page.getByRole('region', { name: 'Trace', exact: true });
    const launch = async (name: string) => {
      await pane.getByLabel('Program and arguments').fill(`touch '${join(folder, name)}'`);
      await pane.getByRole('button', { name: 'Launch' }).click();
    };
    const asked = await face.answer(0);
    await launch('one\u202e two');
    await pane.getByText('the program was not started').waitFor();
    const [question, ...more] = await asked();
    expect(more).toEqual([]);
    expect(question).toMatchObject({ buttons: ['Cancel', 'Start it'], defaultId: 0, cancelId: 0 });
    expect(question?.detail.split('\n')).toEqual([
      `touch '${folder}/one\\u202e two'`,
      '',
      `As user: ${ACCOUNT}`,
      expect.stringMatching(/^In directory: \//),
    ]);
    expect(existsSync(join(folder, 'one\u202e two'))).toBe(false);
    await face.answer(1);
    await launch('two');
    await expect.poll(() => existsSync(join(folder, 'two'))).toBe(true);
  } finally {
    await face.close();
    rmSync(folder, { recursive: true });
  }
});

test.skipIf(!program)('what a page started ends when the page is loaded anew', async () => {
  const face = await openDesktop('cr3scope://lab/cow');
  try {
    await face.page.getByRole('button', { name: 'Start', exact: true }).click();
    await face.page.getByRole('button', { name: 'Next step' }).waitFor();
    expect(labs(face)).not.toBe('');
    await face.load();
    await expect.poll(() => labs(face)).toBe('');
  } finally {
    await face.close();
  }
});
