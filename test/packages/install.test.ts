// SPDX-License-Identifier: GPL-2.0-only
// The command line package in fresh roots of Debian: installed, used and removed as a person does it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { built, version } from './built.ts';
import { testCommands } from './commands.ts';
import { Root } from './root.ts';

const SUITES = process.env.CR3SCOPE_PACKAGES === 'short' ? ['bookworm'] : ['bookworm', 'trixie'];
const HELPER = '/usr/lib/cr3scope/cr3scope-helper';

describe.each(SUITES)('in a fresh root of %s', (suite) => {
  let root: Root;
  let before: string[];
  const asVera = (command: string) => root.run('runuser', '-u', 'vera', '--', 'script', '-qec', command, '/dev/null');

  beforeAll(() => {
    root = Root.fresh(suite);
    root.apt('update');
    root.must('useradd', '--create-home', 'vera');
    writeFileSync(join(root.folder, 'etc/sudoers.d/vera'), `vera ALL=(root) NOPASSWD: ${HELPER}\n`, { mode: 0o440 });
    before = root.files();
  });
  afterAll(() => root?.close());

  test('apt installs it, without GTK and X', () => {
    root.apt('install', root.give(built('cr3scope')));
    const installed = root
      .must('dpkg-query', '--show')
      .split('\n')
      .map((line) => line.split('\t')[0]);
    expect(installed).toContain('cr3scope');
    expect(installed.filter((name = '') => /gtk|^libx11|wayland/.test(name))).toEqual([]);
    expect(root.must('cr3scope', '--version').trim()).toBe(version);
  });

  testCommands(() => root, 2);

  test('a user without privileges gets them by sudo for the helper alone', () => {
    const checked = asVera(`cr3scope check ${process.pid} --json`);
    expect(JSON.parse(checked.stdout.trim().split('\n').at(-1) ?? '').verdicts.mismatch).toBe(0);
    // It is started by the launcher, and traced from its first instruction.
    const traced = asVera('cr3scope trace true');
    expect(`${traced.status} ${traced.stdout}`).toMatch(/^0 .*exec.*\/bin\/true/s);
    expect(asVera('cr3scope lab cow --no-wait').status).toBe(0);
  });

  test('serve serves the window', async () => {
    const [program, args] = root.command('cr3scope', 'serve', '--json');
    const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: root.environment });
    try {
      const [line] = await once(createInterface({ input: server.stdout }), 'line');
      const { url } = JSON.parse(line);
      const page = await fetch(url);
      const text = await page.text();
      expect([page.status, text]).toEqual([200, expect.stringContaining('<title>cr3scope</title>')]);
      const script = /src="([^"]+\.js)"/.exec(text)?.[1] ?? '';
      expect((await fetch(new URL(script, url))).headers.get('content-type')).toMatch(/javascript/);
    } finally {
      server.kill();
      await once(server, 'exit');
    }
  });

  test('purge leaves nothing', () => {
    // What a user has is the user's.
    root.must('rm', '-rf', '/home/vera/.config', '/home/vera/.cache');
    root.apt('purge', 'cr3scope');
    root.apt('autopurge');
    const after = new Set(root.files());
    const was = new Set(before);
    expect({ left: [...after].filter((f) => !was.has(f)), gone: before.filter((f) => !after.has(f)) }).toEqual({
      left: [],
      gone: [],
    });
  });
});
