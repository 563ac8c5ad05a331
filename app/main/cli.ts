// SPDX-License-Identifier: GPL-2.0-only
// The command line face.

import { capturedSources, readCapture } from './capture/captured.ts';
import { imageOf } from './commands/image.ts';
import { runCommand } from './commands/index.ts';
import { complain, confirm, guardOutput } from './commands/output.ts';
import { Explorer } from './explorer/explorer.ts';
import { ADDON } from './files.ts';
import { Machine, openMachine } from './machine.ts';
import { Failed } from './sources/failed.ts';
import { findVm, type OpenedVm, openVm } from './sources/qemu.ts';
import { openSources } from './sources/sources.ts';

guardOutput();

/** What starts this program again. */
const COMMAND = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];

/** The machine for a command. The terminal may be asked whether the helper may be copied there. */
async function connect(host: string, privileges: boolean): Promise<Machine> {
  try {
    return await Machine.connect(host, { privileges, mayCopy: confirm });
  } catch (error) {
    const { message, remedy, code } = Failed.from(error);
    throw new Failed(message, code === 'EPERM' ? `${remedy} --no-privileges goes on without.` : remedy, code);
  }
}

runCommand(process.argv.slice(2), async (origin) => {
  const { capture, host, privileges = true } = origin;
  let vm: OpenedVm | undefined;
  const image = await imageOf(origin, async (name, freeze) => {
    vm = await openVm(findVm(name), freeze, COMMAND);
    return vm.memory;
  });
  if (image) {
    const close = async () => vm?.close();
    try {
      const explorer = new Explorer(await openSources(ADDON, image));
      const onHost = vm && { vm, explorer: async () => (await openMachine(privileges)).explorer };
      return { explorer, ...(onHost && { onHost }), close };
    } catch (error) {
      await close();
      throw error;
    }
  }
  if (capture === undefined) {
    const machine = await (host === undefined ? openMachine(privileges) : connect(host, privileges));
    return { explorer: machine.explorer, machine };
  }
  if (host !== undefined) throw new Failed('both --host and --capture are given', 'Give one of them.');
  const contents = readCapture(capture);
  if (contents.problem) complain(contents.problem);
  return { explorer: new Explorer(capturedSources(contents)) };
}).then((code) => {
  process.exitCode = code;
});
