// The transport of this page: the bridge of the desktop window where it is there, a WebSocket otherwise.
import type { Client, Failure } from '../../contract/api.ts';
import { type Channel, connect } from '../../contract/rpc.ts';

declare global {
  interface Window {
    /** Set by the desktop window's preload script. */
    cr3scope?: Channel;
  }
}

let client: Client;
/** The explorer at the other end of the transport; after `openClient`. */
export const explorer = (): Client => client;

/** What a failed call says. */
export const failure = (error: unknown): Failure => {
  const { message, code, remedy } = error as Partial<Failure>;
  return { message: message ?? String(error), code: code ?? 'ERROR', remedy: remedy ?? '' };
};

export const IS_DESKTOP = window.cr3scope !== undefined;

/** Connects; `onLost` is told once the other end is gone. */
export async function openClient(onLost: (why: string) => void): Promise<Client> {
  client = await openTransport(onLost);
  return client;
}

async function openTransport(onLost: (why: string) => void): Promise<Client> {
  if (window.cr3scope) return connect(window.cr3scope);
  // The token has done its work when the page is here; it should not stay in the address bar or the history.
  window.history.replaceState(null, '', window.location.pathname + window.location.hash);
  const socket = new WebSocket(window.location.origin.replace(/^http/, 'ws'));
  socket.binaryType = 'arraybuffer';
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () =>
      reject(new Error('The server refused the connection: open the link that `cr3scope serve` printed.'));
  });
  socket.onclose = () =>
    onLost('The connection to cr3scope was lost. Start `cr3scope serve` again and open its new link.');
  return connect({
    send: (bytes) => socket.send(bytes as Uint8Array<ArrayBuffer>),
    onMessage: (receive) => {
      socket.onmessage = (event) => receive(new Uint8Array(event.data as ArrayBuffer));
    },
  });
}
