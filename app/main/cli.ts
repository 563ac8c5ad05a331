// SPDX-License-Identifier: GPL-2.0-only
// The command line face.

import { capturedSources, readCapture } from './capture/captured.ts';
import { runCommand } from './commands/index.ts';
import { complain, confirm, guardOutput } from './commands/output.ts';
import { Explorer } from './explorer/explorer.ts';
import { Machine, openMachine } from './machine.ts';
import { Failed } from './sources/failed.ts';

guardOutput();

runCommand(process.argv.slice(2), async ({ capture, host, privileges = true }) => {
  if (capture === undefined) {
    const machine = await (host === undefined
      ? openMachine(privileges)
      : Machine.connect(host, { privileges, mayCopy: confirm }));
    return { explorer: machine.explorer, machine };
  }
  if (host !== undefined) throw new Failed('both --host and --capture are given', 'Give one of them.');
  const contents = readCapture(capture);
  if (contents.problem) complain(contents.problem);
  return { explorer: new Explorer(capturedSources(contents)) };
}).then((code) => {
  process.exitCode = code;
});
