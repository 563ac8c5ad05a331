// SPDX-License-Identifier: GPL-2.0-only
// What the shells offer as the value of an option or argument: what its definition calls it says what kind it is.
import { EXPORT_FORMATS } from '../../app/contract/formats.ts';
import { LAB_NAMES } from '../../app/contract/labs.ts';
import { REPORT_FORMATS } from '../../app/main/commands/capture.ts';
import type { CommandFacts } from './commands.ts';

export type Values = 'file' | 'directory' | 'pid' | 'host' | 'user' | 'program' | readonly string[];

const KINDS: Readonly<Record<string, Values>> = {
  file: 'file',
  capture: 'file',
  before: 'file',
  after: 'file',
  path: 'directory',
  pid: 'pid',
  pids: 'pid',
  other: 'pid',
  machine: 'host',
  user: 'user',
  program: 'program',
  level: ['pte', 'pmd', 'pud', 'p4d', 'pgd'],
  kind: ['hex', 'text', 'u64', 'u32'],
  what: ['bytes', 'digests'],
  lab: LAB_NAMES,
};

/** Of the value that a command's definition calls `name`; undefined for numbers, addresses and whatever is free text. */
export function valuesOf(command: CommandFacts, name: string): Values | undefined {
  if (name === 'format') return command.name === 'report' ? REPORT_FORMATS : EXPORT_FORMATS;
  return KINDS[name];
}
