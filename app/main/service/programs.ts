// SPDX-License-Identifier: GPL-2.0-only
// What cr3scope consists of and runs in.
import { readFileSync } from 'node:fs';
import type { Result } from '../../contract/api.ts';
import { VERSION } from '../version.ts';

/** MODULE_VERSION of the module that is loaded here. */
function moduleVersion(): string {
  try {
    return readFileSync('/sys/module/cr3scope/version', 'utf8').trim();
  } catch {
    return 'not loaded here';
  }
}

export function programs(): Result<'about'> {
  const { electron, chrome, node } = process.versions;
  return [
    { name: 'cr3scope', version: VERSION },
    { name: 'Kernel module cr3scope.ko', version: moduleVersion() },
    ...(electron ? [{ name: 'Electron', version: electron }] : []),
    ...(chrome ? [{ name: 'Chromium', version: chrome }] : []),
    { name: 'Node.js', version: node },
  ];
}
