// SPDX-License-Identifier: GPL-2.0-only
// desktop.mjs ELECTRON FOLDER: makes the folder of the desktop's program from Electron's. That is Electron as it is published,
// without what cr3scope does not use, and the bundles in an archive. Electron's own libraries do it: electron-builder brings 180
// packages more for the same steps, and downloads a tool for a tar.gz.
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPackage } from '@electron/asar';
import { setFuses } from './fuses.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The name of the program. */
const DESKTOP = 'cr3scope-desktop';

const say = (text) => process.stderr.write(`cr3scope: ${text}\n`);

/**
 * Whether a file of Electron is of use. The sandbox is made of user namespaces, so there is no setuid program; the window speaks
 * English; and an app of its own is not started.
 */
const isUsed = (path) =>
  !['chrome-sandbox', 'resources/default_app.asar', 'version'].includes(path) &&
  (!path.startsWith('locales/') || path === 'locales/en-US.pak');

/** The bundles and what Electron has to know of them. */
async function writeArchive(to) {
  const folder = mkdtempSync(join(tmpdir(), 'cr3scope-archive-'));
  try {
    const { name, productName, version, desktopName } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const about = { name, productName, version, desktopName, main: 'main/desktop.cjs' };
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(about, null, 2)}\n`);
    for (const path of ['main/desktop.cjs', 'main/preload.cjs', 'renderer'])
      cpSync(join(ROOT, 'out', path), join(folder, path), { recursive: true });
    await createPackage(folder, to);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An Electron for tests may stand in for the one that is released. */
function checkVersion(from) {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/electron/package.json'), 'utf8'));
  const found = readFileSync(join(from, 'version'), 'utf8').trim().replace(/^v/, '');
  if (found !== version)
    say(`this is Electron ${found}, and releases have ${version}: do not publish what is made of it`);
}

async function makeDesktop(electron, to) {
  const from = dirname(electron);
  checkVersion(from);
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, filter: (path) => isUsed(relative(from, path)) });
  renameSync(join(to, basename(electron)), join(to, DESKTOP));
  const lacking = await setFuses(join(to, DESKTOP));
  if (lacking.length) say(`this Electron is older than the fuses ${lacking.join(', ')}: they are left out`);
  await writeArchive(join(to, 'resources/app.asar'));
}

const [electron, folder] = process.argv.slice(2);
await makeDesktop(electron, folder);
