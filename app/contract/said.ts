// SPDX-License-Identifier: GPL-2.0-only
// What each source says of one address that was translated.
import type { KernelPath, Path, Target, Translation } from './api.ts';
import { ACCESSED, DIRTY, levelName } from './paging.ts';
import { type PAGE_SOURCES, type Reading, SOURCE, type SourceName, type Words } from './sources.ts';

/** The highest level at which the kernel walk has another table or entry than the table walk; 0 if there is none. */
export function differingLevel(kernel: KernelPath, path: Path, levels: number): number {
  if (kernel.last === 0) return 0; // no region there: the kernel did not look
  for (let level = levels; level >= Math.min(kernel.last, path.last || levels); level--) {
    const entries = (kernel.entry[level] as bigint) ^ (path.entry[level] as bigint);
    // The CPU sets A and D by itself.
    if (kernel.table[level] !== path.table[level] || entries & ~(ACCESSED | DIRTY)) return level;
  }
  return 0;
}

function sayPath({ kernel, path }: Translation, levels: number): string {
  if (!kernel) return 'the capture has its word, not its levels';
  if (kernel.last === 0) return 'it looks into regions only';
  const differs = differingLevel(kernel, path, levels);
  return differs ? `another ${levelName(differs, levels)} than the table walk’s` : 'by the same tables and entries';
}

/** Whether a target of this kind has the source, ready or not. */
export const hasKind = ({ sources }: Pick<Target, 'sources'>, name: SourceName) => sources.some((s) => s.name === name);

/** What a CPU runs: a thread group by its PID, or 0 where none is known. */
export const sayRuns = (pid: number, name: string, kernelThread: boolean): string =>
  pid ? `${pid} ${kernelThread ? `[${name}]` : name}` : name || 'idle, or hidden from this PID namespace';

/** Where the registers of the CPUs are from, or the roots if no registers are known. */
export function cpusBy({ image }: Pick<Target, 'image'>, registers: boolean): string {
  if (image && !registers) return 'the image has no notes of the registers';
  if (image?.onHost) return 'registers as QEMU said them when the virtual machine was opened';
  if (image) return 'registers by the notes of the image, of the moment when it was taken';
  return registers
    ? 'registers read on each CPU by the module'
    : 'derived by bpf from the task on each CPU; reading the registers needs the module';
}

/** Where the kernel's record of a frame is read: its flags and its count of mappings. */
export const frameRecordOf = (target: Pick<Target, 'sources'>): { readonly flags: string; readonly count: string } =>
  hasKind(target, 'pagemap')
    ? { flags: 'kpageflags', count: 'kpagecount' }
    : { flags: 'struct page', count: 'struct page' };

/** The word of a source in columns of words; undefined if it was not asked. */
export function wordIn(words: Words<ArrayLike<bigint>>, i: number, name: SourceName): bigint | undefined {
  const word = words[name][i];
  return word || !SOURCE.word(name).absent ? word : undefined;
}

export interface Said extends Reading {
  readonly word: bigint;
  /** Of a source that walks tables: how its way compares with the table walk’s. */
  readonly way?: string;
}

/** What a source says of the address; undefined if it was not asked. */
export function said(t: Translation, name: (typeof PAGE_SOURCES)[number], levels: number): Said | undefined {
  const walked = name === 'kernelWalk';
  // In the kernel half there is no row, but the kernel walks there, too.
  const word = (walked ? t.kernel?.word : undefined) ?? (t.row ? wordIn(t.row.words, 0, name) : undefined);
  if (word === undefined) return undefined;
  return { word, ...SOURCE.word(name).read(word), ...(walked && { way: sayPath(t, levels) }) };
}
