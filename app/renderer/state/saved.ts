// SPDX-License-Identifier: GPL-2.0-only
// The file that was written last: what it is called, where it is, and how its bytes can be recognised.
import { create } from 'zustand';
import type { Download, Events } from '../../contract/api.ts';
import { explorer, IS_DESKTOP } from '../lib/client.ts';
import { attempt } from './notice.ts';

interface SavedFile extends Omit<Download, 'path'> {
  /** Where the desktop has saved it; in a browser, which tells no place, its name. */
  readonly file: string;
}

interface SavedState {
  readonly last?: SavedFile | undefined;
  /** What the desktop is saving, by the path that it is offered at. */
  readonly saving: ReadonlyMap<string, Download>;
}

export const useSaved = create<SavedState>(() => ({ saving: new Map() }));
const set = useSaved.setState;

export const forgetSaved = (): void => set({ last: undefined });

/** Saves what the other end has written under this name. */
export function save(download: Download, name: string): void {
  const link = document.createElement('a');
  link.href = download.path;
  link.download = name;
  link.click();
  if (IS_DESKTOP) set(({ saving }) => ({ last: undefined, saving: new Map(saving).set(download.path, download) }));
  else set({ last: { file: name, bytes: download.bytes, sha256: download.sha256 } });
}

/** Handles what the desktop says of a file. */
export function followSaved({ path, file }: Events['saved']): void {
  set(({ saving, last }) => {
    const download = saving.get(path);
    const others = new Map(saving);
    others.delete(path);
    if (!download || file === null) return { saving: others };
    const { bytes, sha256 } = download;
    return { saving: others, last: download ? { file, bytes, sha256 } : last };
  });
}

export const showInFolder = (path: string): Promise<boolean> => attempt(() => explorer().call('showSaved', { path }));
