// SPDX-License-Identifier: GPL-2.0-only
// The window of an ordinary user who has no helper: each view says what is missing and why, and none is a dead end.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowserUnprivileged } from './faces.ts';
import { PAGE, TestWindow } from './window.ts';

/** What the kernel answers, and what belongs into a terminal. */
const RAW = /Permission denied|Operation not permitted|No such process|CAP_\w+|Run as root|`cr3scope|not readable/;

const window = new TestWindow('browser', openBrowserUnprivileged);
beforeAll(() => window.open());
afterAll(() => window.close());

const isPlain = async () => {
  await window.settle();
  expect(await window.page.locator('body').innerText()).not.toMatch(RAW);
};

test('a line across the window says what is missing and what to do', async () => {
  await window.start('cr3scope://cpus');
  const line = window.page.getByRole('alert').first();
  await line.getByText(/^Most sources are missing without privileges\./).waitFor();
  await line.getByText(/Frame numbers, page tables, frames and checks need privileges\..*sudo/).waitFor();
  for (const source of ['pagemap', 'table walk'])
    await window.page.getByRole('button', { name: `Source ${source}: missing` }).waitFor();
});

test('each process says why it has no root', async () => {
  await window.start();
  const list = window.pane('Processes');
  await list.getByText('another user’s process').first().waitFor();
  await list.getByLabel('Filter processes').fill(String(window.face.pid));
  await list.getByText('needs privileges').waitFor();
  await list.getByLabel('Filter processes').fill('2');
  await list.getByLabel('kernel threads').check();
  await list.getByText('kernel thread: no address space').first().waitFor();
  await isPlain();
});

test.each([
  ['Physical memory', /^This needs privileges$/],
  ['CPUs', /^This needs privileges$/],
  ['Trace', /^Nothing is traced$/],
  ['Compare', /^No snapshot is kept$/],
  ['Labs', /^Demand paging$/],
  ['Tables', /^No process is chosen$/],
  ['Watch', /^No process is chosen$/],
] as const)('%s: %s', async (view, text) => {
  await window.start();
  await (await window.show(view)).getByText(text).waitFor();
  await isPlain();
});

test('what is tried in vain says that it needs privileges, and Esc ends that', async () => {
  await window.start();
  const compare = await window.show('Compare');
  await compare.getByRole('button', { name: 'Snapshot of all' }).click();
  await compare.getByText('This needs privileges').waitFor();
  await isPlain();
  await window.page.keyboard.press('Escape');
  await compare.getByText('No snapshot is kept').waitFor();
  const labs = await window.show('Labs');
  await labs.getByText('Demand paging').click();
  await labs.getByText('This needs privileges').first().waitFor();
  await isPlain();
});

test('another user’s process shows why, and nothing to press in vain', async () => {
  await window.start(`cr3scope://process/${process.pid}`);
  const space = window.pane('Address space');
  await space.getByText('This is another user’s process').waitFor();
  for (const name of ['Check again', 'Compare bytes', 'Export…'])
    expect(await space.getByRole('button', { name }).count()).toBe(0);
  await (await window.show('Tables')).getByText('This is another user’s process').waitFor();
  await isPlain();
});

test('an own process shows its regions, which pages are present, and no frame numbers of 0', async () => {
  await window.start(`cr3scope://process/${window.face.pid}`);
  const space = window.pane('Address space');
  await space.getByText(/Nothing can be checked: frame numbers and page tables need privileges/).waitFor();
  await space.getByRole('grid', { name: 'Pages' }).getByText('present', { exact: true }).first().waitFor();
  expect(await space.getByText('0000000', { exact: true }).count()).toBe(0);
  await isPlain();
  await window.pictures('unprivileged', PAGE);
  await window.go('pfn:1a2b');
  await window.frame.getByText('This needs privileges').waitFor();
  await (await window.inspect('Mapped by')).getByText('This needs privileges').waitFor();
  await isPlain();
});
