// SPDX-License-Identifier: GPL-2.0-only
// Another machine in the window: the dialog that connects, what it says of failures, and a connection that is cut.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { connections } from '../../app/main/connections.ts';
import { Explorer } from '../../app/main/explorer/explorer.ts';
import type { Machine } from '../../app/main/machine.ts';
import { Service } from '../../app/main/service/service.ts';
import { Failed } from '../../app/main/sources/failed.ts';
import { absentSources } from '../../app/main/sources/sources.ts';
import { type Fixture, startFixture } from '../fixture.ts';
import { openBrowserAsRoot, openDesktopAsRoot, shot } from './faces.ts';
import { electronProgram } from './installed.ts';
import { startOwnServer } from './own-server.ts';
import { INSTALLED, MAY_ALL, type OtherMachine, startOtherMachine } from './sshd.ts';
import { DIALOG, PAGE, TestWindow } from './window.ts';

const home = mkdtempSync(join(tmpdir(), 'cr3scope-home-'));
let machine: OtherMachine;
let fixture: Fixture;
const before = { ...process.env };

beforeAll(async () => {
  machine = await startOtherMachine();
  fixture = await startFixture('stripes');
  mkdirSync(join(home, '.ssh'));
  writeFileSync(join(home, '.ssh/config'), 'Host lab relayed\n  User vera\nHost *.example.org\nHost stranger\n');
  // The faces start with this environment.
  Object.assign(process.env, machine.env, { HOME: home, XDG_CONFIG_HOME: join(home, 'config') });
});
afterAll(async () => {
  process.env = before;
  await fixture?.stop();
  await machine?.close();
  rmSync(home, { recursive: true });
});
beforeEach(() => {
  machine.install('cr3scope', INSTALLED);
  machine.permit(MAY_ALL);
});

const connectButton = (page: Page) => page.getByRole('button', { name: 'Connect to another machine' });
const dialogOf = (page: Page) => page.getByRole('dialog');

/** Fills the dialog and sends it. */
async function connect(page: Page, host: string): Promise<void> {
  await connectButton(page).click();
  await dialogOf(page).getByRole('textbox', { name: 'Machine' }).fill(host);
  await dialogOf(page).getByRole('button', { name: 'Connect', exact: true }).click();
}

/** The other machine is shown. */
async function shows(page: Page, host: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(`^${host} · Linux`) }).waitFor();
  // It opens at the view that was left, which may have no list of processes.
  await page.getByRole('tab', { name: 'Address space' }).click();
  await page.getByRole('grid', { name: 'Processes' }).getByRole('row').nth(1).waitFor();
  expect(await page.title()).toMatch(new RegExp(`(^| — )${host} — cr3scope$`));
}

test('a page goes to another machine and back', async () => {
  const window = new TestWindow('browser', () => openBrowserAsRoot('--port', '0'));
  await window.open();
  const { page } = window;
  try {
    await window.startAtCpus();
    await connectButton(page).click();
    const known = window.dialog.getByRole('list', { name: 'Known machines' });
    await expect.poll(() => known.getByRole('button').allInnerTexts()).toEqual(['lab', 'relayed', 'stranger']);
    await known.getByRole('button', { name: 'stranger' }).click();
    await window.dialog.getByRole('button', { name: 'Connect', exact: true }).click();
    await window.dialog.getByText(/the host key of stranger is not known, or was refused. Connect once with/).waitFor();
    await window.closeDialog();

    machine.permit();
    await connect(page, 'lab');
    await window.dialog.getByText(/there are no privileges on lab: .* NOPASSWD: /).waitFor();
    await window.pictures('connect-refused', DIALOG);
    await window.dialog.getByRole('button', { name: 'Connect without privileges' }).click();
    await shows(page, 'lab');
    await page.getByText('helper by ssh, without privileges').waitFor();

    await page.goBack();
    await page.getByRole('button', { name: /^this machine · Linux/ }).waitFor();

    machine.permit(MAY_ALL);
    machine.remove('cr3scope');
    await connect(page, 'lab');
    await window.dialog.getByText(/not installed on lab. Copy its helper .* there\?$/).waitFor();
    await window.picture('connect-copy');
    await window.dialog.getByRole('button', { name: 'Copy it and connect' }).click();
    await shows(page, 'lab');
    expect(readFileSync(join(home, 'config/cr3scope/hosts'), 'utf8')).toBe('lab\n');
    await window.go(String(fixture.pid));
    await window.checked(fixture.pid);
    await window.pictures('connected', PAGE);
    expect(window.face.complaints).toEqual([]);
  } finally {
    await window.close();
  }
});

test('labs and programs are not started for a page that shows another machine', async () => {
  const window = new TestWindow('browser', () => openBrowserAsRoot('--host', 'lab', '--launch'));
  await window.open();
  const { page } = window;
  try {
    await page.getByRole('button', { name: /^lab · Linux/ }).waitFor();
    await window.startAtCpus();
    await window.go('cr3scope://lab/cow');
    await window.pane('Labs').getByRole('button', { name: /Start/ }).click();
    await page
      .getByText(/labs can be started only on the machine that cr3scope runs on, not on lab/i)
      .first()
      .waitFor();
  } finally {
    await window.close();
  }
});

test('a connection that is cut is told, what was read stays, and it can be made again', async () => {
  const window = new TestWindow('browser', () => openBrowserAsRoot('--host', 'relayed'));
  await window.open();
  const { page } = window;
  try {
    await window.start(`cr3scope://process/${fixture.pid}`);
    await window.checked(fixture.pid);
    machine.relay.cut();
    const banner = page.getByRole('alert').filter({ hasText: /^The connection to relayed was lost/ });
    await banner.waitFor();
    await window.picture('cut');
    await page.getByRole('grid', { name: 'Processes' }).getByRole('row').nth(1).waitFor();
    await page.getByRole('button', { name: 'Connect again' }).click();
    await banner.waitFor({ state: 'detached' });
    await window.go(String(process.pid));
    await window.checked(process.pid);
  } finally {
    await window.close();
  }
});

test('a window without a machine connects to one', async () => {
  // As on a desktop that is no Linux.
  const reason = new Failed('this machine runs darwin, and cr3scope reads Linux', 'Give another machine.', 'ENOTSUP');
  let other: Machine | undefined;
  const toOthers = connections((machine) => {
    other = machine;
  });
  const server = await startOwnServer((name) =>
    name
      ? other && new Service(other.explorer, { machine: other, connections: toOthers })
      : new Service(new Explorer(absentSources(reason)), { connections: toOthers }),
  );
  const { page } = server;
  try {
    await page.goto(server.url);
    await page.getByText('No machine').waitFor();
    await page.getByText(/^This machine runs darwin/).waitFor();
    await page.screenshot({ path: shot('browser-no-machine') });
    await page.getByRole('button', { name: 'Open…' }).click();
    await dialogOf(page).getByLabel(/^Path/).waitFor();
    await page.keyboard.press('Escape');
    await dialogOf(page).waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Connect…' }).click();
    await dialogOf(page).getByRole('textbox', { name: 'Machine' }).fill('lab');
    await dialogOf(page).getByRole('button', { name: 'Connect', exact: true }).click();
    await shows(page, 'lab');
  } finally {
    await server.close();
  }
});

test.skipIf(!electronProgram())('the desktop asks once for each machine, and opens another window', async () => {
  const face = await openDesktopAsRoot();
  try {
    await face.page.getByRole('grid', { name: 'Processes' }).getByRole('row').nth(1).waitFor();
    const connectAgain = async () => {
      const next = face.page.context().waitForEvent('page');
      await connect(face.page, 'lab');
      await shows(await next, 'lab');
    };
    const closeDialog = () => dialogOf(face.page).getByRole('button', { name: 'Cancel' }).click();
    // A machine that was never connected, and one whose name would be an option of ssh.
    rmSync(join(home, 'config'), { recursive: true, force: true });
    const asked = await face.answer(0);
    await connect(face.page, '-oProxyCommand=x');
    await dialogOf(face.page)
      .getByText(/is not a machine/)
      .waitFor();
    expect(await asked()).toEqual([]);
    await closeDialog();
    await connect(face.page, 'lab');
    await dialogOf(face.page).getByText('lab was not connected').waitFor();
    expect(await asked()).toMatchObject([
      { message: 'Connect to lab?', buttons: ['Cancel', 'Connect'], defaultId: 0, cancelId: 0 },
    ]);
    await closeDialog();

    const agreed = await face.answer(1);
    await connectAgain();
    expect(await agreed()).toHaveLength(1);
    await connectAgain();
    expect(await agreed()).toHaveLength(1);
    await face.page.getByRole('button', { name: /^this machine · Linux/ }).waitFor();
  } finally {
    await face.close();
  }
});
