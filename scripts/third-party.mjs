// SPDX-License-Identifier: GPL-2.0-only
// What of others is in the artefacts: npm packages in the bundles, and Debian libraries that the programs are linked with
// statically. Their licences, and the bill of materials.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment, ROOT } from './setup.mjs';

const STATIC = [
  'libbpf-dev',
  'libc6-dev',
  'libcap-dev',
  'libelf-dev',
  'libmsgpack-cxx-dev',
  'libseccomp-dev',
  'libstdc++-*-dev',
  'zlib1g-dev',
];

const readJson = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));

/** The Debian packages of the static libraries, as this machine has them. */
export function staticLibraries() {
  const fields = ['Package', 'Version', 'source:Package', 'source:Version', 'db:Status-Abbrev'];
  const format = `${fields.map((field) => `\${${field}}`).join(' ')}\n`;
  return execFileSync('dpkg-query', ['--show', '--showformat', format, ...STATIC], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , , , status]) => status === 'ii')
    .map(([name, version, source, sourceVersion]) => ({ name, version, source, sourceVersion }));
}

/** The npm packages of which something is in the bundles. */
const bundled = () => readJson('out/bundled.json');

const heading = (title) => `${'='.repeat(80)}\n${title}\n${'='.repeat(80)}\n\n`;

/** The licences of all, one after the other. Throws where a package has none. */
export function licences() {
  const parts = ['What cr3scope contains of others, and the licences of it. cr3scope itself: see COPYING.\n\n'];
  for (const name of bundled()) {
    const folder = join(ROOT, 'node_modules', name);
    const { version, license } = readJson(`node_modules/${name}/package.json`);
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    if (!license && files.length === 0) throw new Error(`node_modules/${name} does not say its licence`);
    parts.push(heading(`${name} ${version}, from npm: ${license}`));
    for (const file of files.sort()) parts.push(`${readFileSync(join(folder, file), 'utf8').trimEnd()}\n\n`);
  }
  for (const { name, version } of staticLibraries()) {
    const file = join('/usr/share/doc', name, 'copyright');
    parts.push(heading(`${name} ${version}, from Debian, linked statically`));
    parts.push(existsSync(file) ? `${readFileSync(file, 'utf8').trimEnd()}\n\n` : `See ${file}.\n\n`);
  }
  return parts.join('');
}

/**
 * The bill of materials, in CycloneDX. npm makes it from the lock file; what is not in the artefacts, but built or tested
 * them, has the scope "excluded". `seconds` is the time of the commit.
 */
export function billOfMaterials(seconds) {
  const said = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], {
    cwd: ROOT,
    env: environment(),
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const bill = JSON.parse(said);
  // The same for each build of a commit, in whatever folder.
  delete bill.serialNumber;
  bill.metadata.timestamp = new Date(seconds * 1000).toISOString();
  bill.metadata.component.name = readJson('package.json').name;
  const inside = new Set(bundled());
  for (const component of bill.components) component.scope = inside.has(component.name) ? 'required' : 'excluded';
  bill.components.push(
    ...staticLibraries().map(({ name, version }) => ({
      'bom-ref': `debian/${name}@${version}`,
      type: 'library',
      name,
      version,
      scope: 'required',
      description: 'linked statically',
      purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=amd64`,
    })),
  );
  return `${JSON.stringify(bill, null, 2)}\n`;
}
