// SPDX-License-Identifier: GPL-2.0-only
// The processes of the tree whose children are not shown.
import { create } from 'zustand';

export const useFolded = create<{ readonly keys: ReadonlySet<string> }>(() => ({ keys: new Set() }));

export function setFolded(key: string, folded: boolean): void {
  const keys = new Set(useFolded.getState().keys);
  if (folded) keys.add(key);
  else keys.delete(key);
  useFolded.setState({ keys });
}

export const toggleFolded = (key: string): void => setFolded(key, !useFolded.getState().keys.has(key));
