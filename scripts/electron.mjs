// SPDX-License-Identifier: GPL-2.0-only
// Electron: the program of the window.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { asOwner, environment, NODE, ROOT } from './setup.mjs';

/** Electron's program, or the reason why there is none. Downloads it the first time. */
export function findElectron() {
  // In a child, so that the download's own messages do not reach the terminal.
  const { stdout } = spawnSync(NODE, ['-p', "require('electron')"], {
    cwd: ROOT,
    encoding: 'utf8',
    env: environment(),
    ...asOwner(),
  });
  const program = stdout?.trim().split('\n').at(-1);
  if (program && existsSync(program)) return { program };
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  return { reason: override ? `there is no Electron in ${override}` : "Electron's program could not be downloaded" };
}
