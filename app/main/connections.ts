// SPDX-License-Identifier: GPL-2.0-only
// Connects a window to other machines.
import type { Args, Result } from '../contract/api.ts';
import { configuredHosts, recentHosts } from './hosts.ts';
import { Machine } from './machine.ts';
import type { Connections } from './service/service.ts';
import { Failed } from './sources/failed.ts';
import { parseHost, whereSshAsks } from './sources/ssh.ts';

const listHosts = (): Result<'hosts'> => ({
  recent: recentHosts.list(),
  configured: configuredHosts(),
  asks: whereSshAsks(),
});

async function connect({ host, mayCopy, privileges }: Args<'connect'>, notices: readonly string[]): Promise<Machine> {
  const consent = async (question: string) => {
    if (mayCopy) return true;
    throw new Failed(question, '', 'ENOHELPER');
  };
  const machine = await Machine.connect(host, { privileges, mayCopy: consent }, notices);
  recentHosts.remember(host);
  return machine;
}

/** What to ask before a page connects to a machine for the first time. The page may be controlled by an attacker. */
export const connectQuestion = (host: string) => ({
  message: `Connect to ${host}?`,
  detail: [
    'cr3scope logs in there with ssh and reads the memory of that machine, with the rights that you have there.',
    'If cr3scope is not installed there, its helper may be copied to your home there.',
    'You are asked this once for each machine.',
  ].join('\n\n'),
});

/**
 * `show` gets each machine that a page was connected to. `permit` is called for a machine that is not among those kept from
 * earlier connections, and throws if it is not wanted.
 */
export const connections = (
  show: (machine: Machine) => void,
  notices: readonly string[] = [],
  permit: (host: string) => Promise<void> = async () => undefined,
): Connections => {
  const permitted = new Set<string>();
  return {
    hosts: listHosts,
    async connect(wanted) {
      const host = parseHost(wanted.host);
      if (!recentHosts.list().includes(host) && !permitted.has(host)) await permit(host);
      permitted.add(host);
      show(await connect(wanted, notices));
    },
  };
};
