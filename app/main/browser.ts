// SPDX-License-Identifier: GPL-2.0-only
// Opens the link of the web face in the browser of the user who started cr3scope. The link holds a secret, and every user can
// read the arguments of a program. So the browser gets a file that redirects to the link and that only its owner can read. A
// browser never runs as root: it runs as the user who called sudo or pkexec.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fchownSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { inHtml } from '../contract/inert.ts';
import { Failed } from './sources/failed.ts';

interface User {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  readonly home: string;
}

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
  'BROWSER',
];

function userOf(uid: number): User {
  const { stdout } = spawnSync('getent', ['passwd', String(uid)], { encoding: 'utf8' });
  const [name, , , gid, , home] = (stdout ?? '').trim().split(':');
  if (!name || !/^\d+$/.test(gid ?? ''))
    throw new Failed(`there is no user ${uid}`, 'Open the link yourself.', 'ENOENT');
  return { uid, gid: Number(gid), name, home: home || '/' };
}

/** The user of the browser: ours, or if that is root, the one who called sudo or pkexec. */
function invoker(): User {
  if (process.getuid?.() !== 0) {
    const { uid, gid, username, homedir } = userInfo();
    return { uid, gid, name: username, home: homedir };
  }
  const given = process.env.SUDO_UID ?? process.env.PKEXEC_UID ?? '';
  if (!/^[1-9]\d{0,9}$/.test(given))
    throw new Failed(
      'a browser is not started as root, and the user who called sudo or pkexec is not known',
      'Open the link yourself.',
      'EPERM',
    );
  return userOf(Number(given));
}

/** The runtime folder of the user's session, if they have one. */
function runtimeFolder({ uid }: User): string {
  const folder = `/run/user/${uid}`;
  return statSync(folder, { throwIfNoEntry: false })?.uid === uid ? folder : '';
}

function environmentOf(user: User): Record<string, string> {
  const kept = HANDED_ON.flatMap((name) => (process.env[name] ? [[name, process.env[name] as string]] : []));
  const runtime = runtimeFolder(user);
  // sudo passes on neither the Wayland display nor the session bus.
  const screen = runtime && readdirSync(runtime).find((name) => /^wayland-\d+$/.test(name));
  return {
    ...(screen && { WAYLAND_DISPLAY: screen }),
    ...Object.fromEntries(kept),
    ...(runtime && { XDG_RUNTIME_DIR: runtime }),
    ...(runtime && existsSync(`${runtime}/bus`) && { DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtime}/bus` }),
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
  };
}

/** A file that redirects to the link; only the user of the browser can read it. */
function writeRedirect(url: string, { uid, gid }: User): { path: string; remove(): void } {
  const asRoot = process.getuid?.() === 0;
  // As root, in a folder of root's, so that nobody can replace the file while it is written or removed.
  const folder = mkdtempSync(join(asRoot ? '/run' : tmpdir(), 'cr3scope-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const path = join(folder, 'open.html');
    const fd = openSync(path, 'wx', 0o600);
    const target = inHtml(url);
    writeSync(
      fd,
      `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>cr3scope</title><meta http-equiv="refresh" content="0; url=${target}"><a href="${target}">cr3scope</a>\n`,
    );
    if (asRoot) {
      fchownSync(fd, uid, gid);
      chownSync(folder, 0, gid);
      chmodSync(folder, 0o710);
    }
    closeSync(fd);
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
  const user = invoker();
  const { path, remove } = writeRedirect(url, user);
  // libuv drops the supplementary groups with the uid.
  const identity = process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {};
  const env = process.platform === 'win32' ? process.env : environmentOf(user);
  const opener = OPENERS[process.platform] ?? 'xdg-open';
  spawn(opener, [path], { ...identity, cwd: '/', env, detached: true, stdio: 'ignore' })
    .on('error', remove) // no such program here: the link was printed
    .unref();
  return { remove };
}
