// SPDX-License-Identifier: GPL-2.0-only
import type { ChildProcess, SpawnOptions } from 'node:child_process';

/** `env` is what their programs start with. */
export interface Account {
  uid: number;
  gid: number;
  env: NodeJS.ProcessEnv;
}
export function findUser(
  field: number,
  value: string,
): { name: string; uid: number; gid: number; home: string } | undefined;
export function invoker(environment: NodeJS.ProcessEnv): Account | undefined;
export function windowEnvironment(user: Account): NodeJS.ProcessEnv;
export function spawnAs(
  user: Account,
  helper: string | undefined,
  command: readonly string[],
  options?: SpawnOptions,
): ChildProcess;
