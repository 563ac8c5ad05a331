// SPDX-License-Identifier: GPL-2.0-only
// Opens captures: those of the user's choice, those that were opened last, and those that are dropped onto the window.
import { create } from 'zustand';
import { type Failure, MOST_CHUNK, type Result } from '../../contract/api.ts';
import { fragmentOf } from '../../contract/link.ts';
import { explorer, failure, IS_DESKTOP, pathOfFile } from '../lib/client.ts';
import { openSnapshot } from './compare.ts';
import { notify } from './notice.ts';
import { useView } from './view.ts';

interface CapturesState {
  /** Whether the dialog is open. */
  readonly open: boolean;
  readonly recent: Result<'captures'>['recent'];
  /** What is being done; "" if nothing is. */
  readonly busy: string;
  readonly error?: Failure | undefined;
}

export const useCaptures = create<CapturesState>(() => ({ open: false, recent: [], busy: '' }));
const set = useCaptures.setState;

export async function openCaptures(): Promise<void> {
  set({ open: true, error: undefined });
  set(await explorer().call('captures', {}));
}

export const closeCaptures = (): void => set({ open: false });

/** Shows a capture: the desktop in a window of its own, a browser in this tab, whose Back leads here again. */
export async function openCapture(path: string): Promise<void> {
  set({ busy: `Opening ${path}…`, error: undefined });
  try {
    const machine = await explorer().call('openCapture', { path });
    set({ open: false });
    if (machine) window.location.hash = fragmentOf({ machine });
  } catch (error) {
    set({ error: failure(error) });
    if (!useCaptures.getState().open) notify(error);
  } finally {
    set({ busy: '' });
  }
}

/** The path of a file for the other end; one that has none is sent there. */
async function pathFor(file: File): Promise<string> {
  const path = pathOfFile(file);
  if (path) return path;
  const id = crypto.randomUUID();
  for (let at = 0; ; at += MOST_CHUNK) {
    set({ busy: `Sending ${file.name}: ${Math.round((100 * at) / Math.max(1, file.size))} %` });
    const bytes = new Uint8Array(await file.slice(at, at + MOST_CHUNK).arrayBuffer());
    const sent = await explorer().call('upload', { id, name: file.name, bytes, last: at + MOST_CHUNK >= file.size });
    if (sent) return sent;
  }
}

/** The path of a capture that the user chooses; "" if they choose none. */
async function choosePath(): Promise<string> {
  if (IS_DESKTOP) return explorer().call('chooseCapture', {});
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = '.cr3scope';
  const file = await new Promise<File | undefined>((resolve) => {
    input.onchange = () => resolve(input.files?.[0]);
    input.oncancel = () => resolve(undefined);
    input.click();
  });
  return file ? pathFor(file) : '';
}

/** Lets the user choose a file, and gives it to `use`. */
async function choose(use: (path: string) => Promise<void>): Promise<void> {
  set({ error: undefined });
  try {
    const path = await choosePath();
    if (path) await use(path);
  } catch (error) {
    set({ error: failure(error) });
    if (!useCaptures.getState().open) notify(error);
  } finally {
    set({ busy: '' });
  }
}

export const chooseCapture = (): Promise<void> => choose(openCapture);
/** To compare with. */
export const chooseSnapshot = (): Promise<void> => choose(openSnapshot);

/** Files that were dropped onto the window: the view Compare takes them to compare with, any other one shows them. */
export async function dropCaptures(files: readonly File[]): Promise<void> {
  const use = useView.getState().view === 'compare' ? openSnapshot : openCapture;
  for (const file of files) {
    try {
      await use(await pathFor(file));
    } catch (error) {
      notify(error);
    } finally {
      set({ busy: '' });
    }
    // A page goes to the first one.
    if (!IS_DESKTOP && use === openCapture) return;
  }
}
