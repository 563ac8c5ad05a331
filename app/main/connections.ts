// SPDX-License-Identifier: GPL-2.0-only
// Connects a window to other machines.
import type { Args, Result } from '../contract/api.ts';
import { configuredHosts, recentHosts, rememberHost } from './hosts.ts';
import { Machine } from './machine.ts';
import type { Connections } from './service/service.ts';
import { Failed } from './sources/failed.ts';
import { whereSshAsks } from './sources/ssh.ts';

const listHosts = (): Result<'hosts'> => ({
  recent: recentHosts(),
  configured: configuredHosts(),
  asks: whereSshAsks(),
});

async function connect({ host, mayCopy, privileges }: Args<'connect'>, notices: readonly string[]): Promise<Machine> {
  const consent = async (question: string) => {
    if (mayCopy) return true;
    throw new Failed(question, '', 'ENOHELPER');
  };
  const machine = await Machine.connect(host, { privileges, mayCopy: consent }, notices);
  rememberHost(host);
  return machine;
}

/** `show` gets each machine that a page was connected to. */
export const connections = (show: (machine: Machine) => void, notices: readonly string[] = []): Connections => ({
  hosts: listHosts,
  connect: async (wanted) => show(await connect(wanted, notices)),
});
