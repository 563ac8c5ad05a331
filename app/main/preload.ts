// SPDX-License-Identifier: GPL-2.0-only
// The bridge between page and main process. It passes bytes; the other side checks them (contract/rpc.ts).
import { contextBridge, ipcRenderer } from 'electron';

contextBridge.exposeInMainWorld('cr3scope', {
  send: (bytes: Uint8Array) => ipcRenderer.send('cr3scope', bytes),
  onMessage: (receive: (bytes: Uint8Array) => void) => {
    ipcRenderer.removeAllListeners('cr3scope');
    ipcRenderer.on('cr3scope', (_event, bytes: Uint8Array) => receive(bytes));
  },
});
