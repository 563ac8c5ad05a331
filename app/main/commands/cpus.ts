// SPDX-License-Identifier: GPL-2.0-only
// Command about the CPUs: which root is in force on each.
import type { Cpus, Target } from '../../contract/api.ts';
import { capitalized, hex } from '../../contract/format.ts';
import { CR0_BITS, CR4_BITS, cr3Parts, EFER_BITS, setBits, WHY_CR3_CHANGES } from '../../contract/registers.ts';
import { cpusBy, sayRuns } from '../../contract/said.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { type Json, parseSeconds, print, say, table } from './output.ts';

export interface CpusOptions extends Json {
  watch?: string | true;
}

/** What every CPU runs; with --watch again and again until interrupted. */
export async function cpus(explorer: Explorer, { json, watch }: CpusOptions): Promise<number> {
  const target = await explorer.target();
  const seconds = watch === undefined ? 0 : watch === true ? 1 : parseSeconds(watch);
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  process.once('SIGINT', stop);
  for (let first = true; !stopped; first = false) {
    const now = await explorer.cpus({});
    if (json) printCpus(now, target.encryptionMask);
    else sayCpus(now, target, first);
    if (watch === undefined) break;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
  process.removeListener('SIGINT', stop);
  return 0;
}

const each = (c: Cpus, encryptionMask: bigint) =>
  Array.from(c.cpu, (cpu, i) => ({
    cpu,
    pid: c.pid[i] as number,
    name: c.name[i] as string,
    kernelThread: c.kernelThread[i] === 1,
    rootPa: c.rootPa[i] || null,
    borrowed: c.borrowed[i] === 1,
    owner: c.owner[i] || null,
    ...(c.registers && {
      cr0: c.cr0[i] as bigint,
      cr3: c.cr3[i] as bigint,
      cr4: c.cr4[i] as bigint,
      efer: c.efer[i] || null,
      pat: c.pat[i] || null,
      ...cr3Parts(c.cr3[i] as bigint, c.cr4[i] as bigint, encryptionMask),
    }),
  }));

function printCpus(c: Cpus, encryptionMask: bigint): void {
  for (const one of each(c, encryptionMask))
    print({ at: new Date(c.at).toISOString(), registers: c.registers, ...one });
}

function sayCpus(c: Cpus, target: Target, first: boolean): void {
  const list = each(c, target.encryptionMask);
  if (!first) say('', new Date(c.at).toISOString());
  table(
    ['CPU', ...(c.registers ? ['CR3', 'PCID', 'LAM'] : []), 'ROOT PA', 'WHOSE', 'RUNS'],
    list.map((x) => [
      String(x.cpu),
      ...(c.registers ? [hex(x.cr3 ?? 0n, 16), x.pcid === undefined ? 'off' : String(x.pcid), x.lam || '-'] : []),
      x.rootPa ? `0x${hex(x.rootPa)}` : 'not known',
      x.owner ? `${x.owner}${x.borrowed ? ', borrowed' : ''}` : x.rootPa ? 'no process: the kernel’s own' : '',
      sayRuns(x.pid, x.name, x.kernelThread),
    ]),
    new Set([0]),
  );
  if (!first) return;
  if (c.registers) {
    const names = (value: bigint, bits: Parameters<typeof setBits>[1]) =>
      setBits(value, bits)
        .map((b) => b.name)
        .join(' ');
    const [one] = list;
    if (one) {
      say('', `CPU ${one.cpu}`);
      say(`  CR0  ${hex(one.cr0 ?? 0n, 16)}  ${names(one.cr0 ?? 0n, CR0_BITS)}`);
      say(`  CR4  ${hex(one.cr4 ?? 0n, 16)}  ${names(one.cr4 ?? 0n, CR4_BITS)}`);
      say(one.efer ? `  EFER ${hex(one.efer, 16)}  ${names(one.efer, EFER_BITS)}` : '  EFER is not known');
    }
  }
  const by = cpusBy(target, c.registers);
  say('', `${capitalized(by)}.`);
  say('', 'Why CR3 changes:');
  for (const why of WHY_CR3_CHANGES) say(`- ${why}`);
}
