// SPDX-License-Identifier: GPL-2.0-only
// The bridge between page and main process. It passes bytes; the other side checks them (contract/rpc.ts).
import { contextBridge, ipcRenderer, webUtils } from 'electron';

contextBridge.exposeInMainWorld('cr3scope', {
  /** Where a file is that was dropped onto the page. Electron has webUtils since 29. */
  pathOf: (file: File) => webUtils?.getPathForFile(file) ?? '',
  send: (bytes: Uint8Array) => ipcRenderer.send('cr3scope', bytes),
  onMessage: (receive: (bytes: Uint8Array) => void) => {
    ipcRenderer.removeAllListeners('cr3scope');
    ipcRenderer.on('cr3scope', (_event, bytes: Uint8Array) => receive(bytes));
  },
});
