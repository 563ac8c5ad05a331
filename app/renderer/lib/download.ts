// SPDX-License-Identifier: GPL-2.0-only
// Downloads of files that the other end has written.

/** Saves the file at `path` under this name. */
export function download(path: string, file: string): void {
  const link = document.createElement('a');
  link.href = path;
  link.download = file;
  link.click();
}
