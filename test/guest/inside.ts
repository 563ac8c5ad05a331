// SPDX-License-Identifier: GPL-2.0-only
// Runs in a guest, by guest.ts: the parts of the test, one after the other.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { checkAll, givePlaces, load, node, part, run, tests } from './parts.ts';

const seconds = Number(process.argv[2] ?? 20);
/** What CI runs: what no other test can show. */
const isShort = process.argv[3] === 'short';

/** What the kernel complains of: an oops, a warning, a lockup, a leak that it noticed. */
function complaints(): string[] {
  const bad = /BUG:|Oops|WARNING:|Call Trace:|general protection|rcu: INFO|hung task|lockup|Bad page|unable to handle/;
  const lines = run('dmesg', [])
    .output.split('\n')
    .filter((line) => bad.test(line));
  // Taint of a warning (512), an oops (128), a bad page (32), a lockup (16384); ours is an unsigned module (4096, 8192).
  const taint = Number(readFileSync('/proc/sys/kernel/tainted', 'utf8'));
  return taint & (512 | 128 | 32 | 16384) ? [...lines, `tainted: ${taint}`] : lines;
}

/** Objects in use of the kernel's caches that a lost reference would keep. */
function slabs(): Record<string, number> {
  const wanted = new Set(['task_struct', 'mm_struct', 'pid', 'vm_area_struct', 'signal_cache', 'files_cache']);
  run('sh', ['-c', 'sync; echo 3 > /proc/sys/vm/drop_caches; sleep 1']);
  // Objects that a CPU keeps at hand count as active until they are given back.
  for (const name of wanted) run('sh', ['-c', `echo 1 > /sys/kernel/slab/${name}/shrink`]);
  return Object.fromEntries(
    readFileSync('/proc/slabinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(/\s+/))
      .filter(([name = '']) => wanted.has(name))
      .map(([name, active]) => [name, Number(active)]),
  );
}

givePlaces();
const loaded = load();
const release = readFileSync('/proc/version', 'utf8').split(' ')[2] ?? '';
part('load', loaded.status === 0, release, loaded.output);

tests('module', 'test/guest/module.test.ts', 'test/live/pages.test.ts', 'test/guest/hwpoison.test.ts');
if (!isShort) {
  // Three sources through the helper, whose filter of system calls must allow those of the module. In CI the window of a guest
  // shows that.
  tests('helper', 'test/live/helper.test.ts');
  // Why pages change: what this kernel tells, which may be more than the host's.
  tests('causes', 'test/live/causes.test.ts');
  tests(
    'live',
    'test/live/owners.test.ts',
    'test/live/memory.test.ts',
    'test/live/time.test.ts',
    'test/live/process-kinds.test.ts',
  );
  tests('churn', 'test/live/churn.test.ts');
  // What three sources said, as evidence; and roots through exec and fork.
  tests('evidence', 'test/live/capture.test.ts', 'test/live/diff.test.ts', 'test/live/trace.test.ts');
}

checkAll('check');

// The host compares what the module says of a spinning process with what QEMU says of the CPU that runs it.
const oracle = spawn(node, ['test/guest/spin.ts'], { stdio: ['pipe', 'inherit', 'inherit'] });
const input = createInterface({ input: process.stdin });
const spun = new Promise<void>((ended) => oracle.once('exit', () => ended()));
const line = new Promise<boolean>((ok) => input.once('line', () => ok(true)));
const answered = await Promise.race([line, spun.then(() => false)]);
input.close();
oracle.stdin?.end();
await spun;
if (!answered) part('oracle', false, 'the spinning process could not be described');

// Random and boundary calls from several threads while processes come and go and the module is loaded and unloaded.
const before = slabs();
const churn = spawn('out/fixtures/churn', [], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
const hostile = run('out/fixtures/hostile', [String(seconds), '/run/cr3scope.ko', '/run/cr3scope-course.ko']);
churn.stdin.end();
await new Promise((done) => churn.once('exit', done));
const after = slabs();
const grown = Object.entries(after).filter(([name, n]) => n > (before[name] ?? 0) * 1.1 + 200);
part(
  'hostile',
  hostile.status === 0 && grown.length === 0,
  `${hostile.output.trim()}; slabs ${grown.length ? 'GREW' : 'level'}`,
  JSON.stringify({ status: hostile.status, before, after }),
);
// No wrong answer after all that.
checkAll('again');
const unloaded = run('sh', ['-c', 'rmmod cr3scope_course && rmmod cr3scope']);
const reloaded = run('insmod', ['/run/cr3scope.ko']);
part(
  'reload',
  unloaded.status === 0 && reloaded.status === 0 && !existsSync('/proc/cr3'),
  'without course mode',
  unloaded.output + reloaded.output,
);

run('rmmod', ['cr3scope']);
run('insmod', ['/run/other.ko']);
const other = run(node, ['out/main/cli.cjs', 'doctor']).output;
part(
  'other-abi',
  /talk to the loaded cr3scope.ko.*\n +sudo rmmod cr3scope/.test(other),
  'is named, with the remedy',
  other,
);
run('rmmod', ['cr3scope']);
run('insmod', ['/run/cr3scope.ko']);

if (existsSync('/sys/kernel/security/lockdown')) {
  tests('lockdown', 'test/guest/lockdown.test.ts');
  run('rmmod', ['cr3scope']);
  const refused = run('insmod', ['/run/cr3scope.ko']);
  const doctor = run(node, ['out/main/cli.cjs', 'doctor']).output;
  part(
    'absence',
    /not permitted|Lockdown/i.test(refused.output) &&
      /missing +kernel walk: .*lockdown=confidentiality loads signed modules only/.test(doctor),
    'lockdown is the reason that is named',
    refused.output + doctor,
  );
}

const complained = complaints();
part(
  'log',
  complained.length === 0,
  complained.length ? 'COMPLAINTS' : 'clean',
  complained.length ? run('dmesg', []).output : '',
);
// Not process.exit(): the console is slow, and what was said must still reach it.
process.stdin.destroy();
