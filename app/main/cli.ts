// SPDX-License-Identifier: GPL-2.0-only
// The command line face.

import { capturedSources, readCapture } from './capture/captured.ts';
import { runCommand } from './commands/index.ts';
import { complain, guardOutput } from './commands/output.ts';
import { Explorer } from './explorer/explorer.ts';
import { openMachine } from './machine.ts';

guardOutput();

runCommand(process.argv.slice(2), async ({ capture, privileges }) => {
  if (capture === undefined) {
    const machine = await openMachine(privileges !== false);
    return { explorer: machine.explorer, machine };
  }
  const contents = readCapture(capture);
  if (contents.problem) complain(contents.problem);
  return { explorer: new Explorer(capturedSources(contents)) };
}).then((code) => {
  process.exitCode = code;
});
