// SPDX-License-Identifier: GPL-2.0-only
// A page with a memory error, by each way to learn how this kernel numbers its swap types, in a guest: its frame is lost.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Fixture, startFixture } from '../fixture.ts';

const CONFIG = process.env.CR3SCOPE_KERNEL_CONFIG as string;
const RELEASE = '$(uname -r)';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await startFixture('hwpoison');
});
afterAll(() => fixture.stop());

/** What cr3scope prints where /boot and BTF are as `mounts` leave them. */
function cr3scope(mounts: string, ...args: string[]) {
  const shell = `mount -t tmpfs none /boot && ${mounts} && exec "$@"`;
  const command = [process.execPath, 'out/main/cli.cjs', ...args];
  return spawnSync('unshare', ['--mount', 'sh', '-ec', shell, 'sh', ...command], { encoding: 'utf8' });
}

const WITH_CONFIG = `cp ${CONFIG} /boot/config-${RELEASE}`;
const BY_BTF = 'true';
const NEITHER = 'mount --bind /dev/null /sys/kernel/btf/vmlinux';

test.each([
  ['the kernel configuration', WITH_CONFIG, 'hwpoison', /numbered by \/boot\/config-/],
  ['BTF', BY_BTF, 'hwpoison', /numbered by BTF \(MAX_SWAPFILES \d+\)/],
  ['neither', NEITHER, 'swapTypeAssumed', /swap types not known/],
])('by %s: no mismatch, and the error where it is known', (_, mounts, note, how) => {
  const { pid, va } = fixture.of('hwpoison');
  expect(cr3scope(mounts, 'doctor').stdout).toMatch(how);
  const { status, stdout } = cr3scope(mounts, 'check', String(pid), '--json');
  const { verdicts, sources } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  expect([status, verdicts.mismatch, sources]).toEqual([0, 0, ['pagemap', 'kernelWalk', 'tableWalk']]);
  const walk = cr3scope(mounts, 'walk', String(pid), va.toString(16), '--json');
  expect(walk.stdout).toContain(`"verdict":"agreeByRule","note":"${note}"`);
});
