// SPDX-License-Identifier: GPL-2.0-only
// Command about exec and fork: the roots of a tree of processes over time.
import type { Traced } from '../../contract/api.ts';
import { filterOf, sayTraced } from '../../contract/trace.ts';
import type { Explorer } from '../explorer/explorer.ts';
import { Failed } from '../sources/failed.ts';
import { recordTime } from './capture.ts';
import { endGently, type Json, note, parsePid, print } from './output.ts';

export interface TraceOptions extends Json {
  attach?: string;
  machine?: boolean;
  follow: boolean;
  directory?: string;
  user?: string;
  env?: string[];
  output?: string;
  force?: boolean;
}

/** Starts a program or attaches, and prints each event on stderr, because stdout belongs to the program. */
export async function trace(
  explorer: Explorer,
  program: string | undefined,
  more: readonly string[],
  { json, attach, machine, follow, directory = '', user = '', env = [], output, force = false }: TraceOptions,
): Promise<number> {
  if ([program, attach, machine].filter((what) => what !== undefined).length !== 1)
    throw new Failed(
      'give a program to start, or --attach a PID, or --machine',
      'For example `cr3scope trace ls`, or `cr3scope trace --machine`.',
    );
  const bad = env.find((entry) => !/^[^=]+=/.test(entry));
  if (bad !== undefined) throw new Failed(`"${bad}" does not set a variable`, 'Give NAME=value.');
  const pid = attach === undefined ? 0 : parsePid(attach);
  let startNs = 0n;
  let events = 0;
  const file = output === undefined ? undefined : await recordTime(explorer, output, force);
  const show = (batch: readonly Traced[]) => {
    file?.write((recorder) => recorder.addTrace([...batch]), stopAll);
    for (const event of batch) {
      startNs ||= event.ns;
      events++;
      const seconds = Number(event.ns - startNs) / 1e9;
      if (json) print({ seconds, ...event, filter: filterOf(event) ?? null });
      else note(`${seconds.toFixed(4).padStart(9)}  ${event.pid}  ${sayTraced(event)}`);
    }
  };
  const launch = {
    arguments: program === undefined ? [] : [program, ...more],
    environment: env,
    directory,
    user,
    quiet: false,
  };
  const job = machine ? explorer.traceMachine(show) : explorer.trace(launch, pid, follow, show);
  // Ctrl-C also reaches a program that was started here, which decides what to do. A second Ctrl-C detaches from it.
  let interrupts = 0;
  const stopAll = () => job.cancel();
  endGently(stopAll); // the program runs on
  const stop = () => {
    if (++interrupts > (program === undefined ? 0 : 1)) job.cancel();
  };
  process.on('SIGINT', stop);
  process.once('SIGTERM', job.cancel);
  const ended = await (file?.during(job.promise) ?? job.promise).finally(() => {
    process.removeListener('SIGINT', stop);
    process.removeListener('SIGTERM', job.cancel);
  });
  if (json) print({ events, ended });
  return 0;
}
