// SPDX-License-Identifier: GPL-2.0-only
// Structures over the bytes of a frame: the root page table of a process, and structures of the kernel.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hex } from '../../app/contract/format.ts';
import { startLabProgram } from '../lab.ts';
import { inOneFace, PAGE } from './window.ts';

let program: Awaited<ReturnType<typeof startLabProgram>>;
beforeAll(async () => {
  program = await startLabProgram('cow');
});
afterAll(() => program?.end());

inOneFace((window) => {
  const structure = () => window.pane('Structure');
  const lay = async (pattern: string) => {
    await structure().getByLabel('Type or pattern').fill(pattern);
    await structure().getByRole('button', { name: 'Lay it at the cursor' }).click();
  };
  const startAtStructure = async () => {
    await window.start(`cr3scope://address/${program.pid}/${hex(program.va)}`);
    await window.checked(program.pid);
    await window.frame.locator('.hex-line').first().waitFor();
    await window.page.getByRole('tab', { name: 'Structure', exact: true }).click();
  };

  test('fields have offset, size and value, and stand for their bytes in both directions', async () => {
    await startAtStructure();
    await lay('{ u8 first[4]; u32 after; u64 low : 12, high : 52; char text[8]; struct list_head list; }');
    const row = (name: string) => structure().getByRole('row', { name: new RegExp(name) });
    await row('high').getByText('52 bits').waitFor();
    await row('high').getByText('+009:4').waitFor();
    await row('text').getByText(/^"/).waitFor();
    await row('list').first().waitFor();
    await window.pictures('structure', PAGE);
    // A field selects its bytes.
    await structure().getByRole('button', { name: 'after', exact: true }).click();
    expect(await window.frame.locator('.hex .cursor, .hex .word').allInnerTexts()).toHaveLength(2);
    // The byte under the cursor marks its field.
    await window.page.locator('#hex-view').focus();
    for (let i = 0; i < 4; i++) await window.page.keyboard.press('ArrowRight');
    await expect.poll(() => structure().locator('.here').innerText()).toContain('low');
    await structure().getByRole('button', { name: 'Take it off' }).click();
    await structure().getByText('No structure is laid').waitFor();
  });

  test('an error names the character and the remedy; names of types are completed', async () => {
    await startAtStructure();
    await lay('{ u64 a; struct nobody_knows b; }');
    const alert = structure().getByRole('alert');
    await alert.getByText('At character 10: there is no type struct nobody_knows').waitFor();
    await alert.getByText(/completes names/).waitFor();
    await window.pictures('structure-error', PAGE);
    await structure().getByLabel('Type or pattern').fill('struct task_str');
    await expect
      .poll(() =>
        structure()
          .locator('datalist option')
          .evaluateAll((all) => all.map((o) => (o as HTMLOptionElement).value)),
      )
      .toContain('struct task_struct');
  });

  test('entries of a page table are decoded, lead to their frames, and a pattern is remembered', async () => {
    await startAtStructure();
    const { rootPa } = JSON.parse(
      execFileSync(
        'node_modules/.bin/node',
        ['out/main/cli.cjs', 'walk', String(program.pid), hex(program.va), '--json'],
        { encoding: 'utf8' },
      ).split('\n')[0] as string,
    ) as { rootPa: string };
    await window.go(`pa ${BigInt(rootPa).toString(16)}`);
    await lay('pgd_t[512]');
    const entry = structure()
      .getByRole('row')
      .nth(1 + Number((program.va >> 39n) & 511n))
      .getByRole('button')
      .last();
    const text = await entry.innerText();
    await entry.click();
    await expect
      .poll(async () => (await window.frame.getByRole('heading').innerText()).toLowerCase())
      .toContain(/^table 0*([0-9a-f]+) /.exec(text)?.[1] ?? 'no table');
    await window.page.reload();
    await window.page.locator('main[aria-busy=false]').waitFor();
    await expect
      .poll(() =>
        structure()
          .locator('datalist option')
          .evaluateAll((all) => all.map((o) => (o as HTMLOptionElement).value)),
      )
      .toContain('pgd_t[512]');
  });
});

test('the command line shows the same fields', () => {
  const cli = (...words: string[]) =>
    execFileSync('node_modules/.bin/node', ['out/main/cli.cjs', ...words], { encoding: 'utf8' });
  const [first = ''] = cli('walk', String(program.pid), hex(program.va), '--json').split('\n');
  const { rootPa } = JSON.parse(first) as { rootPa: string };
  const lines = cli('frame', '--pa', rootPa, '--as', 'pgd_t[512]', '--json').trim().split('\n');
  expect(lines).toHaveLength(512);
  const entry = JSON.parse(lines[Number((program.va >> 39n) & 511n)] as string) as { type: string; value: string };
  expect(entry.type).toBe('pgd_t');
  expect(entry.value).toMatch(/^table [0-9a-f]{7,} · [0-9a-f]{16}$/);
  expect(() => cli('frame', '--pa', rootPa, '--as', 'struct nobody_knows')).toThrow(
    /at character 1: there is no type struct nobody_knows/,
  );
});
