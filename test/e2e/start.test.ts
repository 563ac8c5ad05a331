// SPDX-License-Identifier: GPL-2.0-only
// Starts of the desktop: what each shows, that a capture asks nobody for privileges, and that this machine asks once.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { _electron } from 'playwright-core';
import { expect, test } from 'vitest';
import { linuxMemory } from '../linux-image.ts';
import { display, SHOTS, settle } from './faces.ts';
import { ACCOUNT, accountFolder, electronProgram, installed } from './installed.ts';

const program = electronProgram();
const CAPTURES = 'test/fixtures/captures';

test.skipIf(!program)('each start shows what it names, in the program that runs already', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-start-'));
  chmodSync(folder, 0o777);
  const at = (name: string) => join(folder, name);
  for (const name of ['whole', 'bytes']) copyFileSync(`${CAPTURES}/v0.3-${name}.cr3scope`, at(`${name}.cr3scope`));
  writeFileSync(at('memory.lime'), linuxMemory().lime());
  // A stand-in for pkexec: it notes that it was called, and refuses as if the dialog was closed.
  mkdirSync(at('bin'));
  const dismissed = 'Error executing command as another user: Request dismissed';
  writeFileSync(at('bin/pkexec'), `#!/bin/sh\necho "$*" >> ${at('asked')}\necho '${dismissed}' >&2\nexit 126\n`, {
    mode: 0o755,
  });
  const asked = () => (existsSync(at('asked')) ? readFileSync(at('asked'), 'utf8').trim().split('\n') : []);

  const electron = join(installed(), 'electron', basename(program as string));
  const identity = [`--reuid=${ACCOUNT}`, `--regid=${ACCOUNT}`, '--init-groups', '--inh-caps=-all'];
  writeFileSync(at('start'), `#!/bin/sh\nexec /usr/bin/setpriv ${identity.join(' ')} ${electron} "$@"\n`, {
    mode: 0o755,
  });
  const screen = await display();
  const own = accountFolder(installed());
  const options = { cwd: folder, env: { PATH: at('bin'), HOME: own, DISPLAY: screen.name } };
  const words = (...wanted: string[]) => ['--disable-gpu', `--user-data-dir=${own}`, installed(), ...wanted];
  const app = await _electron.launch({
    executablePath: at('start'),
    chromiumSandbox: true,
    args: words('whole.cr3scope'),
    ...options,
  });
  const again = async (...wanted: string[]) => {
    const [code] = await once(spawn(at('start'), words(...wanted), { ...options, stdio: 'ignore' }), 'exit');
    expect(code).toBe(0);
  };
  const windows = (count: number) => expect.poll(() => app.windows().length).toBe(count);
  try {
    const first = await app.firstWindow();
    await first.getByText(/^capture of example/).waitFor();
    expect(asked()).toEqual([]);

    // A file manager names it by its URL.
    const another = app.waitForEvent('window');
    await again(`file://${at('bytes.cr3scope')}`);
    await (await another).getByText(/^capture of /).waitFor();
    expect(asked()).toEqual([]);

    const image = app.waitForEvent('window');
    await again('memory.lime');
    await (await image).getByText(/^memory\.lime · Linux /).waitFor();
    expect(asked()).toEqual([]);

    const third = app.waitForEvent('window');
    await again();
    const here = await third;
    await here.getByRole('button', { name: 'Ask for privileges' }).waitFor();
    await settle(here);
    await here.screenshot({ path: join(SHOTS, 'refused.png') });
    expect(asked()).toEqual([expect.stringMatching(/cr3scope-helper$/)]);

    await again('cr3scope://cpus');
    await here.getByRole('tab', { name: 'CPUs', selected: true }).waitFor();
    await windows(4);
    expect(asked()).toHaveLength(1);

    // Its window is closed and wanted again.
    await here.close();
    const last = app.waitForEvent('window');
    await again('cr3scope://lab/cow');
    await (await last).getByRole('heading', { name: /Copy on write/ }).waitFor();
    await windows(4);
  } finally {
    await app.close();
    screen.stop();
    for (const path of [folder, own]) rmSync(path, { recursive: true, force: true });
  }
});
