// SPDX-License-Identifier: GPL-2.0-only
import { expect, test } from 'vitest';
import { hostsIn } from '../../app/main/hosts.ts';

test('the hosts of an ssh configuration, without patterns', () => {
  const config = `
Host lab1 lab2 # two
  HostName 10.0.0.1
  User vera
host = "lab3"
Host *.example.org !bastion lab?
Host lab1
Match host lab4
Hostname lab5
Include config.d/*
  Host	lab6
`;
  expect(hostsIn(config.split('\n'))).toEqual(['lab1', 'lab2', 'lab3', 'lab6']);
});
