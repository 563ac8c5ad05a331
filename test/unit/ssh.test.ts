// SPDX-License-Identifier: GPL-2.0-only
// What goes to ssh, and what its complaints are taken for. test/e2e/remote.test.ts has the rest with an sshd.
import { expect, test } from 'vitest';
import { Failed } from '../../app/main/sources/failed.ts';
import { parseHost, sshCommand, sshFailed } from '../../app/main/sources/ssh.ts';

test.each([
  'lab1',
  'vera@lab1',
  'lab-1.example.org',
  'root@127.0.0.1',
  'vera@[fe80::1]',
  'ssh://vera@lab1:2222',
  'a.b+c@x',
])('%s is a machine', (host) => expect(parseHost(host)).toBe(host));

test.each([
  '',
  '-oProxyCommand=touch /tmp/x',
  'vera@-oProxyCommand=id',
  '-l@lab',
  'lab;id',
  'lab id',
  '$(id)',
  '`id`',
  "lab'",
  'x%h',
  'lab\nid',
  'a@b@c',
  'x'.repeat(300),
])('%j is not a machine', (host) => expect(() => parseHost(host)).toThrow(/ is not a machine$/));

test('the machine and the command come after all options', () => {
  const command = sshCommand('vera@lab1', 'true');
  expect(command.slice(-3)).toEqual(['--', 'vera@lab1', 'true']);
});

test.each([
  ['ssh: connect to host 10.0.0.1 port 22: Connection timed out', 'lab did not answer'],
  ['Connection timed out during banner exchange', 'lab did not answer'],
  ['ssh: connect to host lab port 22: No route to host', 'lab did not answer'],
  ['sh: 1: exec: ssh: not found', 'there is no ssh on this machine'],
  ['spawn ssh ENOENT', 'there is no ssh on this machine'],
])('%s', (said, message) => {
  const failed = sshFailed('lab', said);
  expect(failed).toBeInstanceOf(Failed);
  expect(failed?.message).toBe(message);
  expect(failed?.remedy).not.toBe('');
});

test('what is not known is left to its own words', () => {
  expect(sshFailed('lab', 'kex_exchange_identification: read: Connection reset by peer')).toBeUndefined();
});
