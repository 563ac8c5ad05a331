// SPDX-License-Identifier: GPL-2.0-only
// The command line face.

import { capturedSources, readCapture } from './capture/captured.ts';
import { runCommand } from './commands/index.ts';
import { Explorer } from './explorer/explorer.ts';
import { ADDON } from './files.ts';
import { openSources } from './sources/sources.ts';

// A reader that has seen enough (`| head`) closes the pipe: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));

runCommand(process.argv.slice(2), async (capture) => {
  if (capture === undefined) return new Explorer(await openSources(ADDON));
  const contents = readCapture(capture);
  if (contents.problem) process.stderr.write(`cr3scope: ${contents.problem.message}. ${contents.problem.remedy}\n`);
  return new Explorer(capturedSources(contents));
}).then((code) => {
  process.exitCode = code;
});
