// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

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
  ])
    execFileSync(
      'gcc',
      ['-O2', '-Wall', '-Wextra', '-pthread', '-o', `out/fixtures/${name}`, `test/fixtures/${name}.c`],
      {
        stdio: 'inherit',
      },
    );
}
