// SPDX-License-Identifier: GPL-2.0-only
// as-user.ts FOLDER PROGRAM [ARGUMENT...]: runs the program as the account of the tests, handing it a helper.
import { spawnInstalled } from './installed.ts';

const [folder = '', ...command] = process.argv.slice(2);
const child = spawnInstalled(folder, command);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 0)));
