// SPDX-License-Identifier: GPL-2.0-only
// Programs of an ordinary user that root starts for them, with a helper that stays root's. JavaScript, because `npm start` and
// `npm install` need it before anything is built.
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

/**
 * Whoever called sudo or pkexec, with an environment of their own made from `environment`; undefined if this is not root, or
 * root itself called.
 */
export function invoker(environment) {
  const { SUDO_UID, SUDO_GID, PKEXEC_UID } = process.env;
  const uid = SUDO_UID ?? PKEXEC_UID ?? '';
  if (process.platform !== 'linux' || process.getuid() !== 0 || !/^[1-9]\d{0,9}$/.test(uid)) return undefined;
  const { name = uid, gid = SUDO_GID ?? uid, home = '/' } = findUser(2, uid) ?? {};
  const env = { ...environment, HOME: home, USER: name, LOGNAME: name };
  // npm and others have set these to root's folders.
  for (const key of Object.keys(env))
    if (
      /^(TMPDIR|XDG_\w+|SUDO_\w+|PKEXEC_UID|npm_config_(cache|userconfig|globalconfig|logs_dir|init_module))$/.test(key)
    )
      delete env[key];
  return { uid: Number(uid), gid: Number(SUDO_GID ?? gid), env };
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
 * stays root's; there may be none.
 */
export function spawnAs({ uid, gid, env }, helper, [program, ...args], { stdio = 'inherit', ...options } = {}) {
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--inh-caps=-all'];
  const streams = Array.isArray(stdio) ? stdio : [stdio, stdio, stdio];
  const child = spawn('setpriv', [...identity, program, ...args], {
    ...options,
    ...(helper ? { stdio: [...streams, 'pipe'], env: { ...env, CR3SCOPE_HELPER_FD: '3' } } : { stdio: streams, env }),
  });
  if (!helper) return child;
  const socket = child.stdio[3];
  spawn(helper, [], { stdio: [socket, socket, 'inherit'], env: { SUDO_UID: String(uid) } }).on('error', (error) =>
    process.stderr.write(`cr3scope: the helper does not start: ${error.message}\n`),
  );
  socket.destroy();
  return child;
}
