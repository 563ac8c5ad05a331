// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** A program of 32 bits needs no library of 32 bits if it uses none. */
const BITS32 = ['-m32', '-static', '-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fno-pie', '-no-pie'];

/** Compiles the fixture programs into out/fixtures. */
export function compileFixtures(): void {
  mkdirSync('out/fixtures', { recursive: true });
  for (const name of [
    'page-kinds',
    'churn',
    'stripes',
    'spin',
    'hostile',
    'family',
    'pager',
    'changes',
    'mappings',
    'faults',
    'hotplug',
    'sharing',
    'process-kinds',
    'hwpoison',
    'bits32',
    'causes',
    'restless',
  ])
    execFileSync(
      'gcc',
      [
        '-O2',
        '-Wall',
        '-Wextra',
        ...(name === 'bits32' ? BITS32 : ['-pthread']),
        '-o',
        `out/fixtures/${name}`,
        `test/fixtures/${name}.c`,
      ],
      {
        stdio: 'inherit',
      },
    );
}
