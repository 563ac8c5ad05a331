// SPDX-License-Identifier: GPL-2.0-only
// What the list of processes says beyond what it reads: containers, use of a CPU, and the tree.
import { expect, test } from 'vitest';
import { NOT_KNOWN } from '../../app/contract/api.ts';
import { cgroupName } from '../../app/contract/cgroup.ts';
import { cpuPercent } from '../../app/contract/load.ts';
import { asTree } from '../../app/contract/processTree.ts';

const ID = '3f2a9c01b7de'.padEnd(64, '0');

test.each([
  [`/system.slice/docker-${ID}.scope`, 'docker 3f2a9c01b7de'],
  [`/docker/${ID}`, 'docker 3f2a9c01b7de'],
  [`/machine.slice/libpod-${ID}.scope/container`, 'podman 3f2a9c01b7de'],
  [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`, 'podman 3f2a9c01b7de'],
  [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-${ID}.scope`,
    'containerd 3f2a9c01b7de',
  ],
  [`/kubepods/besteffort/pod1/${ID}`, 'containerd 3f2a9c01b7de'],
  [`/kubepods.slice/crio-${ID}.scope`, 'cri-o 3f2a9c01b7de'],
  ['/lxc.payload.web/system.slice/ssh.service', 'lxc web'],
  ['/lxc/web', 'lxc web'],
  ['/machine.slice/machine-my\\x2dvm.scope/payload', 'machine my-vm'],
  ['/machine.slice/systemd-nspawn@deb.service/payload', 'machine deb'],
  ['/system.slice/ssh.service', 'ssh.service'],
  ['/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service'],
  [
    '/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome\\x2dsettings.service',
    'app-org.gnome-settings.service',
  ],
  ['/user.slice/user-1000.slice/session-3.scope', 'session-3.scope'],
  ['/docker/short', '/docker/short'],
  ['/my/own/group', '/my/own/group'],
  ['/', '/'],
  ['', ''],
])('%s is %s', (path, name) => {
  expect(cgroupName(path)).toBe(name);
});

test('a share of a CPU takes two readings', () => {
  const at = (ticks: bigint, ns: bigint) => ({ ticks, ns });
  expect(cpuPercent(undefined, at(5n, 10n))).toBeUndefined();
  expect(cpuPercent(at(NOT_KNOWN, 1n), at(5n, 10n))).toBeUndefined();
  expect(cpuPercent(at(5n, 10n), at(5n, 10n))).toBeUndefined();
  expect(cpuPercent(at(100n, 0n), at(150n, 2_000_000_000n))).toBe(25);
  expect(cpuPercent(at(100n, 0n), at(500n, 2_000_000_000n))).toBe(200);
});

test('a tree has children after their parents, and siblings as they were sorted', () => {
  const rows = [
    { pid: 30, ppid: 20 },
    { pid: 21, ppid: 10 },
    { pid: 20, ppid: 10 },
    { pid: 10, ppid: 1 },
  ];
  expect(asTree(rows).map(({ row, depth, children }) => [row.pid, depth, children])).toEqual([
    [10, 0, 2],
    [21, 1, 0],
    [20, 1, 1],
    [30, 2, 0],
  ]);
});

test('a circle of parents still shows every process once', () => {
  const rows = [
    { pid: 2, ppid: 3 },
    { pid: 3, ppid: 2 },
    { pid: 4, ppid: 4 },
  ];
  expect(
    asTree(rows)
      .map(({ row }) => row.pid)
      .sort(),
  ).toEqual([2, 3, 4]);
});
