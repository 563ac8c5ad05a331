// The command line face.

import { runCommand } from './commands.ts';
import { Explorer } from './explorer/explorer.ts';
import { ADDON } from './files.ts';
import { openSources } from './sources/sources.ts';

runCommand(process.argv.slice(2), async () => new Explorer(await openSources(ADDON))).then((code) => {
  process.exitCode = code;
});
