// SPDX-License-Identifier: GPL-2.0-only
// What each shell itself offers, with the completions that the packages install; and the man page as `man` shows it.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bash } from '../../scripts/reference/bash.ts';
import { reference } from '../../scripts/reference/commands.ts';
import { fish } from '../../scripts/reference/fish.ts';
import { manual } from '../../scripts/reference/manual.ts';
import { zsh } from '../../scripts/reference/zsh.ts';
import { ZSHRC } from '../zsh.ts';

const FACTS = reference();
const COMMANDS = FACTS.groups.flatMap((group) => group.commands);
const BASH_COMPLETION = '/usr/share/bash-completion/bash_completion';

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cr3scope-completion-'));
  mkdirSync(file('captures'));
  writeFileSync(file('before.cr3scope'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const lines = (text: string) => text.split('\n').filter((line) => line !== '');

/** What is offered for the last word of a command line. */
type Shell = (line: string) => string[];

const bashOffers: Shell = (line) => {
  // As readline splits it.
  const words = line.split(/(?=[=])|(?<=[=])| /).map((word) => `'${word}'`);
  const script = `source ${BASH_COMPLETION}; source ${file('bash')}; cd ${folder}
    COMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(${words.join(' ')}) COMP_CWORD=${words.length - 1}
    _cr3scope; printf '%s\\n' "\${COMPREPLY[@]}"`;
  writeFileSync(file('bash'), bash(FACTS));
  return lines(execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8' }));
};

const fishOffers: Shell = (line) => {
  writeFileSync(file('fish'), fish(FACTS));
  const script = `source ${file('fish')}; cd ${folder}; complete -C '${line}'`;
  const env = { ...process.env, HOME: folder };
  return lines(execFileSync('fish', ['--no-config', '-c', script], { encoding: 'utf8', env })).map(
    (offer) => (offer.split('\t')[0] ?? '').replace(/^--[\w-]+=/, ''), // with the option's name before its value
  );
};

const zshOffers: Shell = (line) => {
  writeFileSync(file('_cr3scope'), zsh(FACTS));
  writeFileSync(file('.zshrc'), ZSHRC);
  writeFileSync(file('offered'), '');
  const env = { ...process.env, LINE: line, OFFERED: file('offered'), ZDOTDIR: folder };
  execFileSync('script', ['-qec', 'zsh -di', '/dev/null'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  return lines(readFileSync(file('offered'), 'utf8')).map((offer) => offer.trim());
};

const SHELLS: [name: string, isHere: boolean, offers: Shell][] = [
  ['bash', existsSync(BASH_COMPLETION), bashOffers],
  ['fish', has('fish'), fishOffers],
  ['zsh', has('zsh') && has('script'), zshOffers],
];

for (const [name, isHere, offers] of SHELLS)
  describe.skipIf(!isHere)(name, () => {
    test('offers the commands', () => {
      expect(offers('cr3scope ')).toEqual(expect.arrayContaining(COMMANDS.map((c) => c.name)));
      expect(offers('cr3scope wa').sort()).toEqual(['walk', 'watch']);
    });

    // One command with each kind of definition; the others are made by the same code.
    test.each(['check', 'report'])('offers the options of %s', (command) => {
      const options = COMMANDS.find((c) => c.name === command)?.options.map((o) => o.long) ?? [];
      expect(options.length).toBeGreaterThan(3);
      expect(offers(`cr3scope ${command} --`)).toEqual(expect.arrayContaining(options));
    });

    test('offers the words that an option takes, after a blank and after =', () => {
      const levels = ['p4d', 'pgd', 'pmd', 'pte', 'pud'];
      expect(offers('cr3scope table --level ').sort()).toEqual(levels);
      expect(offers('cr3scope table 1 --level=').sort()).toEqual(levels);
      expect(offers('cr3scope lab c')).toEqual(['cow']);
      expect(offers('cr3scope export before.cr3scope --format ').sort()).not.toContain('cr3scope');
    });

    test('offers files where one is wanted, processes where one is wanted', () => {
      expect(offers('cr3scope show be')).toEqual(['before.cr3scope']);
      expect(offers('cr3scope check --capture be')).toEqual(['before.cr3scope']);
      expect(offers('cr3scope check ')).toEqual(expect.arrayContaining([String(process.pid)]));
      expect(offers('cr3scope trace --user roo')).toContain('root');
      expect(offers('cr3scope walk 1 ')).not.toContain('before.cr3scope');
    });

    test('offers what the program that is traced offers', () => {
      expect(offers('cr3scope trace --machine --fo')).toEqual(['--force']);
      expect(offers('cr3scope trace cat be')).toContain('before.cr3scope');
    });
  });

describe.skipIf(!has('man'))('the man page', () => {
  test('is shown without a warning, with every command and option', () => {
    writeFileSync(file('cr3scope.1'), manual(FACTS, '1.2.3', '2026-11-26'));
    const env = { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '2000', HOME: userInfo().homedir };
    const { stdout, stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', file('cr3scope.1')], {
      env,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const shown = stdout.replaceAll(/\s+/g, ' ');
    for (const command of COMMANDS) {
      expect(shown).toContain(`${command.usage} ${command.description}`);
      for (const { long, term, description } of command.options)
        if (long !== '--help' && long !== '--json')
          expect(shown).toContain(`${term} ${description.replaceAll(/\s+/g, ' ')}`);
      for (const line of command.examples) expect(shown).toContain(line.replaceAll(/\s+/g, ' '));
    }
  });
});
