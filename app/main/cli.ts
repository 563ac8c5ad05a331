// The command line face.

import { runCommand } from './commands/index.ts';
import { Explorer } from './explorer/explorer.ts';
import { ADDON, LABS_PROGRAM } from './files.ts';
import { openSources } from './sources/sources.ts';

// A reader that has seen enough (`| head`) closes the pipe: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 2));

runCommand(process.argv.slice(2), async () => new Explorer(await openSources(ADDON), [], LABS_PROGRAM)).then((code) => {
  process.exitCode = code;
});
