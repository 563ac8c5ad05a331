// SPDX-License-Identifier: GPL-2.0-only
// What reaches the terminal: names of strangers come as text, and a reader that goes away is not a failure.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'cr3scope-output-'));
afterAll(() => rmSync(folder, { recursive: true }));
const cr3scope = (...words: string[]) =>
  spawnSync(process.execPath, ['out/main/cli.cjs', ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });

/** ESC, C1, bidi, and a line of its own. */
const EVIL = 'evil\x1b[31m\u009b2J\u202e\ncr3scope: forged';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const ACTING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const expectInert = (text: string) => {
  expect(text).not.toMatch(ACTING);
  expect(text).not.toMatch(/^cr3scope: forged/m);
};

test('trace: the path of a program, and its arguments', () => {
  const program = join(folder, EVIL);
  copyFileSync('/bin/true', program);
  const { status, stderr } = cr3scope('trace', program, EVIL);
  expect(status).toBe(0);
  expect(stderr).toMatch(/exec .*evil\\u001b\[31m\\u009b2J\\u202e\\u000acr3scope: forged/);
  expectInert(stderr);
  const { stdout } = cr3scope('trace', '--json', program);
  expectInert(stdout);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.find((event) => event.kind === 'exec').name).toBe(program);
  expectInert(cr3scope('trace', join(folder, `none-${EVIL}`)).stderr);
});

test('names of processes and of files, in lists, messages and captures', async () => {
  const ready = join(folder, 'ready');
  const script = `printf 'e\\033\\233\\nx' > /proc/$$/comm; echo > ${ready}; while :; do sleep 1; done`;
  const child = spawn('sh', ['-c', script], { stdio: 'ignore' });
  await expect.poll(() => existsSync(ready)).toBe(true);
  const lists = [cr3scope('ps'), cr3scope('check', String(child.pid)), cr3scope('ps', '--json')];
  for (const { stdout } of lists) {
    expectInert(stdout);
    expect(stdout).toMatch(/e\\u001b.*(\\u000a|\\n)x/);
  }
  const file = join(folder, `${EVIL}.cr3scope`);
  for (const words of [
    ['report', String(child.pid), '-o', file],
    ['show', file],
    ['show', file, '--json'],
    ['verify', file],
  ]) {
    const { status, stdout, stderr } = cr3scope(...words);
    expect(status).toBe(0);
    expectInert(stdout + stderr);
  }
  child.kill();
  for (const words of [['show', `${file}.none`], [EVIL], ['check', EVIL], ['export', file, '-o', `x.${EVIL}`]]) {
    const { status, stdout, stderr } = cr3scope(...words);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^cr3scope: .*\\u001b/);
    expectInert(stderr);
  }
});

describe('a reader that has seen enough', () => {
  const piped = (command: string) =>
    spawnSync('bash', ['-c', `${command}; exit \${PIPESTATUS[0]}`], { encoding: 'utf8' });
  const cli = `${process.execPath} out/main/cli.cjs`;

  test('of stdout or of stderr: exit code 0, and nothing is said of it', () => {
    expect(piped(`${cli} ps | head -n 1`)).toMatchObject({ status: 0, stderr: '' });
    expect(piped(`${cli} trace --json sh -c 'for i in 1 2 3 4 5 6 7 8; do /bin/true; done' | head -n 1`)).toMatchObject(
      {
        status: 0,
        stderr: '',
      },
    );
  });

  test('of a trace: the program runs on, and a recording is finished', async () => {
    const [file, capture] = [join(folder, 'done'), join(folder, 'trace.cr3scope')];
    const program = join(folder, 'program');
    writeFileSync(program, `#!/bin/sh\nfor i in $(seq 200); do /bin/true; done\necho done > ${file}\n`, {
      mode: 0o755,
    });
    const { status, stdout } = piped(`${cli} trace -o ${capture} ${program} 2>&1 | head -n 1`);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/start/)]);
    await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8')).toBe('done\n');
    expect(cr3scope('verify', capture).status).toBe(0);
  });
});
