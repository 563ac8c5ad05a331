// SPDX-License-Identifier: GPL-2.0-only
// The lab that is shown, and its step.
import { create } from 'zustand';
import type { Failure, LabStep } from '../../contract/api.ts';
import type { LabName } from '../../contract/labs.ts';
import { explorer, failure } from '../lib/client.ts';

interface Lab {
  /** Undefined until the lab is started. */
  readonly id?: string;
  readonly name: LabName;
  readonly at?: LabStep;
  readonly error?: Failure;
}

export const useLab = create<{ readonly lab?: Lab | undefined }>(() => ({}));
const set = useLab.setState;
const get = useLab.getState;

async function takeStep(id: string, name: LabName, step: Promise<LabStep>): Promise<void> {
  const result = await step.then(
    (at) => ({ at }),
    (error) => ({ error: failure(error) }),
  );
  if (get().lab?.id === id) set({ lab: { id, name, ...result } });
}

/** Shows a lab without starting it: a link must not start programs. */
export function showLab(name: LabName): void {
  if (get().lab?.name === name) return;
  endLab();
  set({ lab: { name } });
}

export async function startLab(name: LabName): Promise<void> {
  endLab();
  const id = crypto.randomUUID();
  set({ lab: { id, name } });
  await takeStep(id, name, explorer().call('startLab', { id, name }));
}

export async function nextLabStep(): Promise<void> {
  const { lab } = get();
  if (!lab?.id || !lab.at || lab.at.step === null) return;
  await takeStep(lab.id, lab.name, explorer().call('nextLab', { id: lab.id }));
}

export function endLab(): void {
  const { lab } = get();
  if (lab?.id) void explorer().call('endLab', { id: lab.id });
  set({ lab: undefined });
}
