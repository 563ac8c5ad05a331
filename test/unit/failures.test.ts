// SPDX-License-Identifier: GPL-2.0-only
// Failures in the words of the window: no answer of the kernel and no command for a terminal is shown as a reason.
import { expect, test } from 'vitest';
import { NO_ROOT, reasonOf } from '../../app/contract/noRoot.ts';
import { newerProcesses } from '../../app/main/capture/older.ts';
import { inWords, type Life } from '../../app/renderer/lib/failures.ts';

const denied = { message: 'read /proc/1/maps: Permission denied', code: 'EACCES', remedy: 'Run as root.' };
const none = { message: 'find the root of process 2: No such process', code: 'ESRCH', remedy: '`cr3scope ps` lists.' };

test.each<[string, typeof denied, Life, boolean, string, boolean]>([
  ['of another user', denied, 'otherUser', false, 'This is another user’s process', true],
  ['of the machine', denied, 'alive', false, 'This needs privileges', true],
  ['with privileges', denied, 'hidden', true, 'The kernel refuses to show this to cr3scope', false],
  ['of a kernel thread', none, 'kernelThread', true, 'A kernel thread has no address space', false],
  ['of a zombie', none, 'exited', true, 'This process has exited', false],
  ['of one that is gone', none, 'gone', true, 'This process has exited', false],
])('a failure %s', (_, failure, life, privileged, title, wantsPrivileges) => {
  const said = inWords(failure, life, privileged);
  expect(said).toMatchObject({ title, wantsPrivileges, raw: failure.message });
  expect(`${said.title} ${said.text}`).not.toMatch(/Run as root|`|\/proc/);
});

test('a failure with words of its own keeps them', () => {
  const failure = { message: 'the check was cancelled', code: 'ECANCELED', remedy: 'Check again.' };
  expect(inWords(failure, 'alive', true)).toEqual({
    title: 'The check was cancelled',
    text: 'Check again.',
    wantsPrivileges: false,
  });
  const launch = { message: 'this browser may not start programs', code: 'EPERM', remedy: 'Use --launch.' };
  expect(inWords(launch, 'alive', false)).toMatchObject({ text: 'Use --launch.', wantsPrivileges: false });
});

test('a leader that has exited leaves the address space to its threads', () => {
  const leader = { kernelThread: false, state: 'Z' };
  expect(reasonOf({ ...leader, threads: 2 })).toBeUndefined();
  expect(reasonOf({ ...leader, threads: 1 })).toBe('exited');
});

test('a capture that does not say why a root is missing says that', () => {
  const list = {
    pid: Uint32Array.of(2, 3, 4, 5),
    kernelThread: Uint8Array.of(1, 0, 0, 0),
    state: Uint8Array.from('SZSS', (c) => c.charCodeAt(0)),
    threads: Uint32Array.of(1, 1, 1, 1),
    rootPa: BigUint64Array.of(0n, 0n, 0n, 0x1000n),
  };
  const { noRoot } = newerProcesses(list) as { noRoot: Uint8Array };
  expect(Array.from(noRoot, (code) => NO_ROOT.name(code))).toEqual(['kernelThread', 'exited', 'notRecorded', 'known']);
});
