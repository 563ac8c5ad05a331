// SPDX-License-Identifier: GPL-2.0-only
// Runs in a guest, by dkms.test.ts: inside.ts ROOT.
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { part, run } from '../guest/parts.ts';
import { version } from './built.ts';

const [root = ''] = process.argv.slice(2);
// As an init makes it; dkms needs it.
symlinkSync('/proc/self/fd', '/dev/fd');
for (const folder of ['proc', 'sys', 'dev', 'run']) run('mount', ['--rbind', `/${folder}`, join(root, folder)]);
process.env.DEBIAN_FRONTEND = 'noninteractive';
const here = (...words: string[]) => run('chroot', [root, ...words]);
const apt = (...words: string[]) => here('apt-get', '-y', '-q', '--no-install-recommends', ...words);
const isLoaded = () => existsSync('/sys/module/cr3scope');

const installed = apt('install', `/tmp/cr3scope_${version}_amd64.deb`, `/tmp/cr3scope-dkms_${version}_all.deb`);
const loaded = isLoaded() ? readFileSync('/sys/module/cr3scope/version', 'utf8').trim() : 'nothing';
part('install', installed.status === 0 && loaded === version, `${loaded} is loaded`, installed.output);

const all = here('cr3scope', 'check', '--all', '--json');
const line = all.output.trimEnd().split('\n').at(-1) ?? '';
const last = all.status === 0 ? JSON.parse(line) : {};
part(
  'check',
  last.verdicts?.mismatch === 0 && last.sources?.length === 3,
  `${last.processes} processes, ${last.pages} pages, ${last.verdicts?.mismatch} mismatches, sources ${last.sources?.join(' + ')}`,
  all.output,
);
const doctor = here('cr3scope', 'doctor');
part('doctor', doctor.output.includes('3 sources: pages can be cross-checked.'), '3 sources', doctor.output);

// Off, until root turns it on.
const wasOff = !existsSync('/proc/cr3');
const settings = join(root, 'etc/modprobe.d/cr3scope-dkms.conf');
writeFileSync(settings, readFileSync(settings, 'utf8').replace('#softdep', 'softdep'));
const again = here('sh', '-c', 'rmmod cr3scope && modprobe cr3scope');
part('course', wasOff && existsSync('/proc/cr3'), 'off, on by modprobe.d', again.output);

const removed = apt('purge', 'cr3scope-dkms');
part('remove', removed.status === 0 && !isLoaded(), 'unloaded', removed.output);
