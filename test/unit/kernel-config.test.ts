// SPDX-License-Identifier: GPL-2.0-only
// The configurations of the sanitizer kernels: a checker that Kconfig leaves out must not go unnoticed.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { verifyConfig } from '../guest/source.ts';

test('what Kconfig did not take is named', () => {
  const wanted = 'CONFIG_SMP=y\nCONFIG_NR_CPUS=8\nCONFIG_LSM="lockdown"\n# CONFIG_PREEMPT is not set\n';
  expect(() => verifyConfig(wanted, `${wanted}CONFIG_64BIT=y\n`)).not.toThrow();
  expect(() => verifyConfig(wanted, 'CONFIG_SMP=y\nCONFIG_NR_CPUS=8\nCONFIG_LSM="lockdown"\n')).not.toThrow();
  expect(() =>
    verifyConfig(wanted, 'CONFIG_SMP=y\nCONFIG_NR_CPUS=64\nCONFIG_LSM="lockdown"\nCONFIG_PREEMPT=y\n'),
  ).toThrow(/not take:\nCONFIG_NR_CPUS: wanted 8, is 64\nCONFIG_PREEMPT: wanted off, is y\n/);
  expect(() => verifyConfig('CONFIG_KASAN=y\n', '# CONFIG_KASAN is not set\n')).toThrow(
    'CONFIG_KASAN: wanted y, is off',
  );
});

test('of two configurations in a row the last one decides', () => {
  const wanted = 'CONFIG_PREEMPT=y\n# CONFIG_PREEMPT is not set\nCONFIG_PREEMPT_RT=y\n';
  expect(() => verifyConfig(wanted, 'CONFIG_PREEMPT_RT=y\n')).not.toThrow();
  expect(() => verifyConfig(wanted, 'CONFIG_PREEMPT=y\n')).toThrow(/CONFIG_PREEMPT: .*\nCONFIG_PREEMPT_RT: /);
});

test('each configuration says a thing once', () => {
  for (const name of ['common', 'sanitizer', 'rt', 'kcsan']) {
    const text = readFileSync(`test/guest/sanitizer/${name}.config`, 'utf8');
    const named = [...text.matchAll(/^(?:# )?(CONFIG_\w+)(?:=| is not set)/gm)].map((m) => m[1]);
    expect(named.filter((symbol, at) => named.indexOf(symbol) !== at)).toEqual([]);
  }
});
