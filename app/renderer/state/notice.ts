// SPDX-License-Identifier: GPL-2.0-only
// The last failure of what the user wanted. It goes when something succeeds, by Esc, or when it is dismissed.
import { create } from 'zustand';
import type { Failure } from '../../contract/api.ts';
import { failure } from '../lib/client.ts';

export const useNotice = create<{ readonly notice?: Failure | undefined }>(() => ({}));

export const notify = (error: unknown): void => useNotice.setState({ notice: failure(error) });
export const dismissNotice = (): void => useNotice.setState({ notice: undefined });

/** Does what the user wants, and says whether it succeeded. A success ends the notice of an earlier failure. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    dismissNotice();
    return true;
  } catch (error) {
    notify(error);
    return false;
  }
}
