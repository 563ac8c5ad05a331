// SPDX-License-Identifier: GPL-2.0-only
// Runs in a guest whose kernel has checkers built in, by guest.ts: all that the module does, and that nothing in the
// kernel's log complains. Last comes a module with deliberate bugs: where a checker does not report its own, the run
// proves nothing and fails.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { alsoFailOn, givePlaces, load, part, run, tests } from './parts.ts';

const [seconds = '20', flavour = '', canary = ''] = process.argv.slice(2);
const MODULES = ['/run/cr3scope.ko', '/run/cr3scope-course.ko'];

/** How each checker begins. */
const COMPLAINT =
  /KASAN:|KCSAN:|UBSAN:|BUG:|BUG at|WARNING:|INFO: |ODEBUG:|Oops|general protection|list_\w+ corruption|Bad page|usercopy:/;

/** What the kernel has logged since the last time. */
const readLog = () => run('dmesg', ['--read-clear']).output;

/** Races of the kernel itself, which it has: by their title. */
const otherRaces = new Set<string>();

/**
 * Whether the module has a part in a race: it is on the stack of one of the two accesses. If the same calls of it are on
 * both, an interrupt came while it called the kernel, and races with what that does to the task (capable(), __might_fault()).
 */
function isOurs(report: string): boolean {
  const stacks = report.split(/^.* to 0x[0-9a-f]+ of \d+ bytes by .*$/m).slice(1);
  const ours = stacks.map((stack) =>
    stack
      .split('\n')
      .filter((line) => line.includes('[cr3scope'))
      .map((line) => line.replace(/^\[[^\]]*\]/, '').trim())
      .join(),
  );
  const accesses = stacks.map((stack) => stack.trimStart().split('\n')[0] ?? '');
  if (accesses.some((line) => line.includes('[cr3scope'))) return true;
  return ours.some(Boolean) && (ours.length < 2 || new Set(ours).size > 1);
}

/** A log without reports of races that the module has no part in. */
function withoutOtherRaces(log: string): string {
  const rule = /^.*={60,}\n/m;
  return log
    .split(rule)
    .filter((report) => {
      const title = /BUG: KCSAN: (.*)/.exec(report)?.[1];
      // And nothing else was said in between.
      const other = title !== undefined && !isOurs(report) && !COMPLAINT.test(report.replace(/BUG: KCSAN: .*/, ''));
      if (other) otherRaces.add(title);
      return !other;
    })
    .join('\n');
}

const complaints = () => {
  const log = withoutOtherRaces(readLog());
  return COMPLAINT.test(log) ? log : '';
};

/** Waits until something is so; false where it is not for two minutes. */
async function until(isSo: () => boolean): Promise<boolean> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; ) {
    if (isSo()) return true;
    await wait(100);
  }
  return false;
}

function set(file: string, value: string | number): void {
  writeFileSync(file, `${value}\n`);
}

// What the kernel says of itself while it boots.
alsoFailOn(complaints);
part('boot', true, readFileSync('/proc/version', 'utf8').split(' ')[2] ?? '');

const DEBUG = '/sys/kernel/debug';
set('/proc/sys/vm/nr_hugepages', 16);
if (flavour === 'kcsan') set(`${DEBUG}/kcsan`, 'on');
set(`${DEBUG}/kmemleak`, 'scan');
set(`${DEBUG}/kmemleak`, 'clear'); // what boot has lost
givePlaces();
const loaded = load();
part('load', loaded.status === 0, '', loaded.output);

tests('tests', 'test/guest/module.test.ts', 'test/live/pages.test.ts');

// Two processes that share a page table of huge pages.
const sharing = run('out/fixtures/sharing', [seconds]);
part('sharing', sharing.status === 0, sharing.output.trim(), String(sharing.status));

await hotplug();

// Random and boundary calls from several threads while processes come and go and the module is loaded and unloaded.
const churn = spawn('out/fixtures/churn', [], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
const hostile = run('out/fixtures/hostile', [seconds, ...MODULES]);
churn.stdin.end();
await new Promise((done) => churn.once('exit', done));
part('hostile', hostile.status === 0, hostile.output.trim(), String(hostile.status));

// Each allocation and each copy fails once.
for (const kind of ['failslab', 'fail_page_alloc', 'fail_usercopy']) {
  const folder = `${DEBUG}/${kind}`;
  set(`${folder}/verbose`, 0);
  // Also where the allocation could wait.
  for (const setting of ['ignore-gfp-wait', 'ignore-gfp-highmem'])
    if (existsSync(`${folder}/${setting}`)) set(`${folder}/${setting}`, 'N');
  if (existsSync(`${folder}/min-order`)) set(`${folder}/min-order`, 0);
}
const faults = run('out/fixtures/faults', MODULES);
part('faults', faults.status === 0, faults.output.trim(), String(faults.status));

const unloaded = run('rmmod', ['cr3scope_course', 'cr3scope']);
part('unload', unloaded.status === 0 && !existsSync('/sys/module/cr3scope'), '', unloaded.output);
if (flavour === 'kcsan') part('races', true, `of the kernel itself: ${[...otherRaces].join(', ') || 'none'}`);

await sing();
// Not process.exit(): the console is slow, and what was said must still reach it.
process.stdin.destroy();

/** Memory that the host plugs in goes offline, online and away while its frames are read. */
async function hotplug(): Promise<void> {
  const MEMORY = '/sys/devices/system/memory';
  const blocks = () => readdirSync(MEMORY).filter((name) => /^memory\d+$/.test(name));
  const own = blocks();
  const added = () =>
    blocks()
      .filter((name) => !own.includes(name))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const isOnline = (name: string) => readFileSync(`${MEMORY}/${name}/state`, 'utf8') === 'online\n';
  const tell = (what: 'add' | 'remove') => console.log(`===memory ${what}`);
  const plug = () => {
    tell('add');
    return until(() => added().length === 2 && added().every(isOnline));
  };
  const unplug = () => {
    tell('remove');
    return until(() => added().length === 0);
  };

  if (!(await plug())) return part('hotplug', false, 'no memory came', blocks().join(' '));
  const frames = Number.parseInt(readFileSync(`${MEMORY}/block_size_bytes`, 'utf8'), 16) / 4096;
  const [first = ''] = added();
  const begin = Number(first.slice('memory'.length)) * frames;
  const child = spawn('out/fixtures/hotplug', [String(begin), String(added().length * frames)]);
  let output = '';
  const lines = createInterface({ input: child.stdout });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  /** Whether all frames are so. */
  const is = async (what: 'online' | 'offline' | 'absent') => {
    child.stdin.write(`${what}\n`);
    const answer = new Promise<string>((told) => lines.once('line', told));
    const line = await Promise.race([answer, ended.then(() => 'ended')]);
    if (line !== 'ok') output += `${what}: ${line}\n`;
    return line === 'ok';
  };
  /** Where the kernel refuses, its word. */
  const turn = (state: 'offline' | 'online_movable') => {
    try {
      for (const name of added()) set(`${MEMORY}/${name}/state`, state);
      return true;
    } catch (error) {
      output += `${error}\n`;
      return false;
    }
  };
  let good = await is('online');
  for (let round = 0; good && round < 3; round++) {
    good &&= turn('offline') && (await is('offline'));
    good &&= turn('online_movable') && (await is('online'));
  }
  for (let round = 0; good && round < 3; round++) {
    good &&= (await unplug()) && (await is('absent'));
    good &&= (await plug()) && (await is('online'));
  }
  lines.on('line', (line) => {
    output += line;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end();
  const status = await ended;
  part('hotplug', good && status === 0, output, String(status));
}

/** The deliberate bugs. Their order matters: after a cycle of locks, or a report of KASAN, lockdep is off. */
async function sing(): Promise<void> {
  alsoFailOn(() => '');
  const all: Record<string, RegExp> = {
    rcu: /WARNING: suspicious RCU usage/,
    'atomic-sleep': /BUG: sleeping function called from invalid context/,
    'active-object': /ODEBUG: free active .*timer_list/,
    list: /list_del corruption/,
    shift: /UBSAN: shift-out-of-bounds/,
    bounds: /UBSAN: array-index-out-of-bounds/,
    'free-page': /canary: a page that is free reads -14/,
    // Not right after `atomic-sleep`: the kernel makes this report once a second (__might_resched()).
    ...(flavour === 'rt' ? { 'irqs-off': /BUG: sleeping function called from invalid context/ } : {}),
    'lock-order': /WARNING: possible circular locking dependency detected/,
    ...(flavour === 'kcsan' ? { race: /BUG: KCSAN: data-race in .*count/ } : {}),
    ...(flavour === 'sanitizer'
      ? {
          'use-after-free': /BUG: KASAN: slab-use-after-free/,
          'slab-bounds': /BUG: KASAN: slab-out-of-bounds/,
          'stack-bounds': /BUG: KASAN: stack-out-of-bounds/,
          'vmalloc-bounds': /BUG: KASAN: vmalloc-out-of-bounds/,
        }
      : {}),
    usercopy: /usercopy: Kernel memory exposure attempt/,
    'map-twice': /RIP: .*page_table_check_set/,
  };
  const { status, output } = run('insmod', [canary]);
  if (status !== 0) return part('canary', false, 'is not loaded: the run proves nothing', output);
  const commit = (bug: string) => run('sh', ['-c', `echo ${bug} > /proc/canary`]);

  // The canary's leak is more recent than any of the module: once it is reported, all others would be, too. A stale pointer on
  // some stack can keep one from being reported, so it leaks until one is.
  let leaks: string[] = [];
  const isCanary = (leak: string) => /leak\+.*\[canary\]/.test(leak);
  const reported = await until(() => {
    commit('leak');
    set(`${DEBUG}/kmemleak`, 'scan');
    leaks = readFileSync(`${DEBUG}/kmemleak`, 'utf8').split('unreferenced object').slice(1);
    return leaks.some(isCanary);
  });
  const others = leaks.filter((leak) => !isCanary(leak));
  part(
    'leaks',
    reported && others.length === 0,
    reported ? `${others.length} beside the canary's` : 'NOT EVEN THE CANARY’S',
    leaks.join('\n'),
  );

  for (const [bug, report] of Object.entries(all)) {
    readLog();
    commit(bug);
    const log = readLog();
    const line = log.split('\n').find((text) => report.test(text));
    part(
      `canary:${bug}`,
      Boolean(line),
      line?.replace(/^\[[^\]]*\] */, '') ?? 'NO REPORT: the run proves nothing',
      log,
    );
  }
}
