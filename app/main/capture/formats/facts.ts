// SPDX-License-Identifier: GPL-2.0-only
// What documents for people say of a capture as a whole.
import { sumCounts } from '../../../contract/verdicts.ts';
import { machineFacts } from '../../explorer/report.ts';
import type { CaptureContents } from '../captured.ts';

export const totals = (contents: CaptureContents) => sumCounts(contents.spaces.flatMap((s) => s.summary?.counts ?? []));

export const captureFacts = (contents: CaptureContents): [string, string][] => [
  ['Made', `${contents.begin.startedAt} to ${contents.end?.finishedAt ?? 'an end that is missing'}`],
  ['By', `cr3scope ${contents.begin.target.version}: ${contents.begin.arguments.join(' ')}`],
  ...machineFacts(contents.begin.target),
  ['Kernel command line', contents.begin.kernelCommandLine],
  ['Whole', contents.problem ? `NO: ${contents.problem.message}` : 'complete, and as it was written'],
  ['SHA-256', contents.digest],
];
