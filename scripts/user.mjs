// SPDX-License-Identifier: GPL-2.0-only
// Programs of an ordinary user that root starts for them, with a helper that stays root's.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A user by a field of /etc/passwd (0: name, 2: UID); undefined if there is none. */
export function findUser(field, value) {
  const [name, , uid, gid, , home] =
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .find((fields) => fields[field] === value) ?? [];
  return name === undefined ? undefined : { name, uid: Number(uid), gid: Number(gid), home };
}

/** Whoever called sudo, with an environment of their own made from `environment`; undefined where nobody else did. */
export function invoker(environment) {
  const { SUDO_UID = '0', SUDO_GID } = process.env;
  if (process.getuid() !== 0 || SUDO_UID === '0') return undefined;
  const { name = SUDO_UID, gid = SUDO_GID, home = '/' } = findUser(2, SUDO_UID) ?? {};
  const env = { ...environment, HOME: home, USER: name, LOGNAME: name };
  // npm and others have set these to root's folders.
  for (const key of Object.keys(env))
    if (/^(XDG_\w+|SUDO_\w+|npm_config_(cache|userconfig|globalconfig|logs_dir|init_module))$/.test(key))
      delete env[key];
  return { uid: Number(SUDO_UID), gid: Number(SUDO_GID ?? gid), env };
}

/** The environment of a window of that user: sudo keeps neither their session bus nor a Wayland display. */
export function windowEnvironment({ uid, env }) {
  const runtime = `/run/user/${uid}`;
  const cookies = join(env.HOME, '.Xauthority');
  const own = { ...env };
  if (own.DISPLAY && !own.XAUTHORITY && existsSync(cookies)) own.XAUTHORITY = cookies;
  if (!existsSync(runtime) || statSync(runtime).uid !== uid) return own;
  const screen = readdirSync(runtime).find((name) => /^wayland-\d+$/.test(name));
  if (screen) own.WAYLAND_DISPLAY ??= screen;
  if (existsSync(`${runtime}/bus`)) own.DBUS_SESSION_BUS_ADDRESS = `unix:path=${runtime}/bus`;
  return { ...own, XDG_RUNTIME_DIR: runtime };
}

/**
 * Starts a program as that user, with these standard streams. Only the program `helper`, which it is handed the other end of,
 * stays root's.
 */
export function spawnAs({ uid, gid, env }, helper, [program, ...args], { stdio = 'inherit', ...options } = {}) {
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--inh-caps=-all'];
  const child = spawn('setpriv', [...identity, program, ...args], {
    ...options,
    stdio: [...(Array.isArray(stdio) ? stdio : [stdio, stdio, stdio]), 'pipe'],
    env: { ...env, CR3SCOPE_HELPER_FD: '3' },
  });
  const socket = child.stdio[3];
  spawn(helper, [], { stdio: [socket, socket, 'inherit'], env: { SUDO_UID: String(uid) } }).on('error', (error) =>
    process.stderr.write(`cr3scope: the helper does not start: ${error.message}\n`),
  );
  socket.destroy();
  return child;
}
