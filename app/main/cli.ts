// SPDX-License-Identifier: GPL-2.0-only
// The command line face.

import { capturedSources, readCapture } from './capture/captured.ts';
import { runCommand } from './commands/index.ts';
import { complain, guardOutput } from './commands/output.ts';
import { Explorer } from './explorer/explorer.ts';
import { ADDON } from './files.ts';
import { openSources } from './sources/sources.ts';

guardOutput();

runCommand(process.argv.slice(2), async (capture) => {
  if (capture === undefined) return new Explorer(await openSources(ADDON));
  const contents = readCapture(capture);
  if (contents.problem) complain(contents.problem);
  return new Explorer(capturedSources(contents));
}).then((code) => {
  process.exitCode = code;
});
