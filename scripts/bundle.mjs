// SPDX-License-Identifier: GPL-2.0-only
// Bundles main, preload and command line (esbuild) and the renderer (Vite). Targets what Electron 25 has, too.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { build as viteBuild } from 'vite';

// Whatever the environment says: with another value the bundles have React's checks, and the paths of this checkout.
process.env.NODE_ENV = 'production';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

const { metafile } = await build({
  entryPoints: { desktop: 'app/main/desktop.ts', preload: 'app/main/preload.ts', cli: 'app/main/cli.ts' },
  outdir: 'out/main',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node18',
  external: ['electron', 'bufferutil', 'utf-8-validate'],
  define: { CR3SCOPE_VERSION: JSON.stringify(version) },
  sourcemap: 'linked',
  metafile: true,
  logLevel: 'warning',
});
writeFileSync('out/main/cli.cjs', `#!/usr/bin/env node\n${readFileSync('out/main/cli.cjs', 'utf8')}`);
chmodSync('out/main/cli.cjs', 0o755);

const rendered = await viteBuild({ logLevel: 'warn' });

// The npm packages of which something is in the bundles: their licences are shipped, and the bill of materials names them.
const modules = [...Object.keys(metafile.inputs), ...rendered.output.flatMap(({ moduleIds = [] }) => moduleIds)];
const packages = modules.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []);
writeFileSync('out/bundled.json', `${JSON.stringify([...new Set(packages)].sort(), null, 2)}\n`);
