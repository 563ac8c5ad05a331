// SPDX-License-Identifier: GPL-2.0-only
// `npm run package`: what is built becomes Debian packages in dist/, the same bytes each time from one commit.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  createReadStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { findElectron } from './electron.mjs';
import { NODE, ROOT, run, SetupError } from './setup.mjs';
import { writeTarball } from './tarball.mjs';
import { billOfMaterials, licences, staticLibraries } from './third-party.mjs';

const say = (text) => process.stderr.write(`cr3scope: ${text}\n`);

const DIST = join(ROOT, 'dist');
const WORK = join(ROOT, 'out/package');
const METAINFO = 'org.cr3scope.app.metainfo.xml';

const { version, author, homepage } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** The commit that is packaged and its time in seconds, which all files in the packages get. */
function commitHere() {
  try {
    const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
    return {
      commit: git('describe', '--always', '--abbrev=12', '--dirty', '--exclude=*'),
      seconds: Number(git('log', '-1', '--format=%ct')),
    };
  } catch {
    throw new SetupError('packages are built from a commit: run this in a git checkout.');
  }
}

/** Debian's changelog names the version, which dpkg takes from it. What changed is in CHANGELOG.md, which is in the package. */
function changelog({ commit, seconds }) {
  const date = new Date(seconds * 1000).toUTCString().replace('GMT', '+0000');
  return `cr3scope (${version}) unstable; urgency=medium

  * Built from commit ${commit}. CHANGELOG.md says what is new.

 -- ${author}  ${date}
`;
}

const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);

/** Writes a file of packaging/ with what it has between @ filled in. */
function fillIn(from, to, { seconds }) {
  const words = { VERSION: version, DATE: day(seconds), AUTHOR: author, HOMEPAGE: homepage };
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(
    to,
    readFileSync(join(ROOT, 'packaging', from), 'utf8').replaceAll(/@([A-Z]+)@/g, (_, name) => words[name]),
  );
}

/** Writes the man page and the completions into a folder. They say what the commands' definitions say. */
async function writeReference(folder, { seconds }) {
  const program = join(folder, 'write.cjs');
  await build({
    entryPoints: [join(ROOT, 'scripts/reference/write.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    logLevel: 'warning',
  });
  run(NODE, [program, folder, version, day(seconds)]);
}

/** What the licences of others ask for. */
function writeThirdParty(tree, { seconds }) {
  mkdirSync(DIST, { recursive: true });
  writeFileSync(join(DIST, `cr3scope_${version}.cdx.json`), billOfMaterials(seconds));
  writeFileSync(join(tree, 'THIRD-PARTY-LICENCES.txt'), licences());
}

/** A folder that looks like a Debian source package: packaging/debian, and beside it the checkout's own folders. */
function sourceTree(commit) {
  const tree = join(WORK, `cr3scope-${version}`);
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  for (const entry of readdirSync(ROOT, { withFileTypes: true })) {
    const [from, to] = [join(ROOT, entry.name), join(tree, entry.name)];
    if (entry.isDirectory()) symlinkSync(from, to);
    else cpSync(from, to);
  }
  cpSync(join(ROOT, 'packaging/debian'), join(tree, 'debian'), { recursive: true });
  writeFileSync(join(tree, 'debian/changelog'), changelog(commit));
  fillIn('debian/control', join(tree, 'debian/control'), commit);
  fillIn(`desktop/${METAINFO}`, join(tree, 'metainfo', METAINFO), commit);
  return tree;
}

async function sha256(path) {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part);
  return hash.digest('hex');
}

/** In the form that sha256sum -c reads. */
async function writeSums() {
  const names = readdirSync(DIST, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'SHA256SUMS')
    .map(({ name }) => name)
    .sort();
  let sums = '';
  for (const name of names) sums += `${await sha256(join(DIST, name))}  ${name}\n`;
  writeFileSync(join(DIST, 'SHA256SUMS'), sums);
}

/** Makes out/desktop, or says why there is none; then it is an error if `required`. */
function makeDesktop(required) {
  const { program, reason } = findElectron();
  if (program) {
    run(NODE, ['scripts/desktop.mjs', program, 'out/desktop']);
    return true;
  }
  const remedy = 'Set ELECTRON_OVERRIDE_DIST_PATH to an unpacked release of Electron.';
  if (required) throw new SetupError(`cr3scope-desktop can't be built, because ${reason}. ${remedy}`);
  say(`left out: cr3scope-desktop and the tar.gz, because ${reason}. ${remedy}`);
  return false;
}

/**
 * Without `desktop` only what a server needs: Electron's size makes the window's package take most of the time. If it is
 * `required`, it is an error that there is no Electron.
 */
export async function makePackages({ desktop = true, required = false } = {}) {
  process.umask(0o022);
  const commit = commitHere();
  const hasDesktop = desktop && makeDesktop(required);
  rmSync(DIST, { recursive: true, force: true });
  const tree = sourceTree(commit);
  await writeReference(join(tree, 'reference'), commit);
  writeThirdParty(tree, commit);
  const built = new Set(staticLibraries().map(({ source, sourceVersion }) => `${source} (= ${sourceVersion})`));
  const env = {
    ...process.env,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    SOURCE_DATE_EPOCH: String(commit.seconds),
    DEB_BUILD_PROFILES: hasDesktop ? '' : 'pkg.cr3scope.nodesktop',
    STATIC_BUILT_USING: [...built].join(', '),
  };
  run('dpkg-buildpackage', ['--build=binary', '--no-sign'], { cwd: tree, env });
  for (const name of readdirSync(WORK)) if (name.endsWith('.deb')) renameSync(join(WORK, name), join(DIST, name));
  const installed = join(tree, 'debian');
  if (hasDesktop) writeTarball({ installed, version, seconds: commit.seconds, work: WORK, to: DIST });
  rmSync(WORK, { recursive: true });
  await writeSums();
}
