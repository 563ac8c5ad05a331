// SPDX-License-Identifier: GPL-2.0-only
// In a guest whose kernel has AppArmor: the profile of the window's package. Ubuntu 24.04 forbids user namespaces to programs
// without a profile by a setting that only its own kernels have. Here a profile of the user's session forbids the same.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { version } from '../built.ts';
import { picture } from '../in-guest.ts';
import { Root } from '../root.ts';
import { expectSandbox, openWindow } from '../window.ts';

const root = new Root(process.env.CR3SCOPE_ROOT as string);
const PROFILES = '/sys/kernel/security/apparmor/profiles';
const UBUNTU = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns';
const DEBIAN = '/proc/sys/kernel/unprivileged_userns_clone';
const PROFILE = '/etc/apparmor.d/cr3scope-desktop';

/** Everything but user namespaces; programs with a profile of their own get that. */
const SESSION = `abi <abi/4.0>,
profile session {
  capability, network, mount, umount, remount, pivot_root, signal, ptrace, unix, dbus, mqueue, io_uring, change_profile,
  /{,**} rwlkm,
  /** pix,
}
`;
const fail = async () => expect.fail('there is a window');
const inSession = ['aa-exec', '-p', 'session', '--'];
const asUser = ['setpriv', '--reuid=games', '--regid=games', '--clear-groups'];

test('apt installs it, and its profile is loaded', () => {
  root.apt('install', `/tmp/cr3scope_${version}_amd64.deb`, `/tmp/cr3scope-desktop_${version}_amd64.deb`);
  expect(readFileSync(PROFILES, 'utf8')).toContain('cr3scope-desktop (unconfined)\n');
});

test('the session may not make user namespaces', () => {
  writeFileSync(join(root.folder, 'tmp/session'), SESSION);
  root.must('apparmor_parser', '--replace', '--skip-cache', '/tmp/session');
  expect(readFileSync(PROFILES, 'utf8')).toContain('session (enforce)\n');
  expect(root.run(...asUser, 'unshare', '--user', 'true').status).toBe(0);
  const { status, stderr } = root.run(...inSession, ...asUser, 'unshare', '--user', 'true');
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/unshare failed: (Permission denied|Operation not permitted)/),
  ]);
  // If this fails, the kernel has Ubuntu's setting: turn it on here instead of the session's profile.
  expect(existsSync(UBUNTU)).toBe(false);
});

test('an ordinary user opens a capture in that session, with the sandbox on', async () => {
  const look = async (page: Page) => {
    const main = expectSandbox();
    expect(readFileSync(`/proc/${main}/attr/current`, 'utf8')).toBe('cr3scope-desktop (unconfined)\n');
    console.log(picture('apparmor', await page.screenshot()));
  };
  await openWindow(root, look, { through: inSession });
});

test('without the profile, Chromium refuses to start there', async () => {
  root.must('apparmor_parser', '--remove', PROFILE);
  await expect(openWindow(root, fail, { through: inSession })).rejects.toThrow(/sandbox|Permission denied/i);
});

test('where Debian’s setting forbids user namespaces, it says so', async () => {
  writeFileSync(DEBIAN, '0');
  await expect(openWindow(root, fail)).rejects.toThrow(`cr3scope: ${DEBIAN} is 0, so Chromium`);
});
