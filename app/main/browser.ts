// SPDX-License-Identifier: GPL-2.0-only
// Opens the link of the web face in the browser of the user. The link holds a secret, and every user can read the arguments of a
// program. So the browser gets a file that redirects to the link and that only its owner can read. A browser never runs as root.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inHtml } from '../contract/inert.ts';
import { Failed } from './sources/failed.ts';

/** What a desktop program needs to find the screen, the browser and the language. Nothing else is passed on. */
const HANDED_ON = [
  'PATH',
  'LANG',
  'LC_ALL',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'XAUTHORITY',
  'XDG_CURRENT_DESKTOP',
  'XDG_SESSION_TYPE',
  'XDG_RUNTIME_DIR',
  'DBUS_SESSION_BUS_ADDRESS',
  'BROWSER',
  'HOME',
  'USER',
  'LOGNAME',
];

/** A file that redirects to the link; only this user can read it. */
function writeRedirect(url: string): { path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'open.html');
    const target = inHtml(url);
    writeFileSync(
      path,
      `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>cr3scope</title><meta http-equiv="refresh" content="0; url=${target}"><a href="${target}">cr3scope</a>\n`,
      { flag: 'wx', mode: 0o600 },
    );
    return { path, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** What opens a file in the default browser. */
const OPENERS: Readonly<Record<string, string>> = { darwin: 'open', win32: 'explorer' };

/** Opens the link. `remove` deletes the file, which is not needed once the link was used. Throws if no browser may be opened. */
export function openBrowser(url: string): { remove(): void } {
  if (process.getuid?.() === 0)
    throw new Failed(
      'a browser is not started as root, and the user who called sudo or pkexec is not known',
      'Open the link yourself.',
      'EPERM',
    );
  const { path, remove } = writeRedirect(url);
  const env =
    process.platform === 'linux'
      ? Object.fromEntries(HANDED_ON.flatMap((name) => (name in process.env ? [[name, process.env[name]]] : [])))
      : process.env;
  const opener = OPENERS[process.platform] ?? 'xdg-open';
  spawn(opener, [path], { cwd: '/', env, detached: true, stdio: 'ignore' })
    .on('error', remove) // no such program here: the link was printed
    .unref();
  return { remove };
}
