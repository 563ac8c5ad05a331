// SPDX-License-Identifier: GPL-2.0-only
// Tests of packages that need a kernel of Debian: in guest/, run in QEMU with a root that was prepared here.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { SHOTS } from '../e2e/faces.ts';
import type { Kernel } from '../guest/kernels.ts';
import { boot, variant } from '../guest/qemu.ts';
import type { Root } from './root.ts';

/** A guest can write none of this machine's files, so it prints its pictures in such a line. */
export const picture = (name: string, bytes: Buffer) => `===picture ${name} ${bytes.toString('base64')}`;

/** Runs guest/NAME.test.ts in a guest with this kernel; the root and `settings` are in its environment. */
export async function testInGuest(
  root: Root,
  kernel: Kernel,
  name: string,
  settings: Record<string, string> = {},
): Promise<void> {
  const set = Object.entries({ CR3SCOPE_ROOT: root.folder, ...settings }).map(([key, value]) => `${key}=${value}`);
  // As an init makes it; dkms needs it.
  const link = 'ln -s /proc/self/fd /dev/fd';
  const run = 'CI=1 node_modules/.bin/node node_modules/vitest/vitest.mjs run --project packages --reporter=verbose';
  const command = `${link}; ${set.join(' ')} ${run} test/packages/guest/${name}.test.ts`;
  const said: string[] = [];
  const { output, code } = await boot(kernel, undefined, variant('smp'), command, {
    timeoutMs: 55 * 60_000,
    onLine(line) {
      const [, name, bytes = ''] = /^===picture (\S+) (\S+)$/.exec(line) ?? [];
      if (name) writeFileSync(join(SHOTS, `package-${name}.png`), Buffer.from(bytes, 'base64'));
      else said.push(line);
    },
  });
  console.log(said.join('\n'));
  // What QEMU itself says comes in `output` only.
  expect(code, output.slice(-1000)).toBe(0);
  expect(output).toMatch(/Tests {2}\d+ passed \(/);
}
