// SPDX-License-Identifier: GPL-2.0-only
// What the installed command line does wherever it is installed: tests for a fresh root, and for a guest's.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reference } from '../../scripts/reference/commands.ts';
import { ZSHRC } from '../zsh.ts';
import { version } from './built.ts';
import type { Root } from './root.ts';

/** Declares the tests. `findRoot` is called in each; `sources` is how many of them cr3scope must find there. */
export function testCommands(findRoot: () => Root, sources: number): void {
  test(`doctor finds ${sources} sources`, () => {
    const { status, stdout } = findRoot().run('cr3scope', 'doctor');
    expect(stdout).toMatch(new RegExp(`^cr3scope ${version.replaceAll('.', '\\.')} on .*\\n`));
    expect(stdout).toContain(`${sources} sources: pages can be cross-checked.`);
    expect(status).toBe(0);
  });

  test('check --all finds no mismatch', () => {
    const { status, stdout, stderr } = findRoot().run('cr3scope', 'check', '--all', '--json');
    expect(stderr).toBe('');
    const all = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    console.log(`${all.processes} processes, ${all.pages} pages, sources ${all.sources.join(' + ')}`);
    expect(all.sources.length).toBe(sources);
    expect(all.verdicts.mismatch).toBe(0);
    expect(all.processes).toBeGreaterThan(3);
    expect(all.pages).toBeGreaterThan(1000);
    expect(status).toBe(0);
  });

  test('man shows the page', () => {
    const shown = findRoot().must('sh', '-c', 'MANWIDTH=2000 man cr3scope');
    for (const { commands } of reference().groups)
      for (const { usage } of commands) expect(shown.replaceAll(/\s+/g, ' ')).toContain(usage);
  });

  // Each shell finds the completions where the package has put them.
  test('bash completes', () => {
    const complete = `. /usr/share/bash-completion/bash_completion; _completion_loader cr3scope
      COMP_LINE='cr3scope wa' COMP_POINT=11 COMP_WORDS=(cr3scope wa) COMP_CWORD=1
      _cr3scope; echo "\${COMPREPLY[@]}"`;
    expect(findRoot().must('bash', '-c', complete)).toBe('walk watch\n');
  });

  test('fish completes', () => {
    const offered = findRoot().must('env', 'HOME=/tmp', 'fish', '-c', "complete -C 'cr3scope wa'").trim().split('\n');
    expect(offered.map((line) => line.split('\t')[0])).toEqual(['walk', 'watch']);
  });

  test('zsh completes', () => {
    const root = findRoot();
    mkdirSync(join(root.folder, 'tmp/zsh'), { recursive: true });
    writeFileSync(join(root.folder, 'tmp/zsh/.zshrc'), ZSHRC);
    const settings = "ZDOTDIR=/tmp/zsh OFFERED=/tmp/zsh/offered LINE='cr3scope wa'";
    root.must('script', '-qec', `env ${settings} zsh -di`, '/dev/null');
    const offered = readFileSync(join(root.folder, 'tmp/zsh/offered'), 'utf8');
    expect(offered.trim().split(/\s+/).sort()).toEqual(['walk', 'watch']);
  });
}
