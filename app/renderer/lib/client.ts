// SPDX-License-Identifier: GPL-2.0-only
// The transport of this page: the bridge of the desktop window if there is one, else a WebSocket.
import type { Client, Failure } from '../../contract/api.ts';
import type { Greeting } from '../../contract/greeting.ts';
import { fragmentOf, parseFragment } from '../../contract/link.ts';
import { type Channel, connect } from '../../contract/rpc.ts';

declare global {
  interface Window {
    /** Set by the desktop window's preload script. */
    cr3scope?: Channel & { pathOf(file: File): string };
  }
}

let client: Client;
/** The explorer at the other end of the transport. Call `openClient` first. */
export const explorer = (): Client => client;

/** The failure that a call threw. */
export const failure = (error: unknown): Failure => {
  const { message, code, remedy } = error as Partial<Failure>;
  return { message: message ?? String(error), code: code ?? 'ERROR', remedy: remedy ?? '' };
};

export const IS_DESKTOP = window.cr3scope !== undefined;

/** Where a file is that the user gave the page; "" in a browser, which does not say. Electron 25 has it in the file itself. */
export const pathOfFile = (file: File & { path?: string }): string => window.cr3scope?.pathOf(file) || file.path || '';

/** Connects. `onLost` is called when the connection is lost. */
export async function openClient(onLost: (why: string) => void): Promise<Client> {
  client = await openTransport(onLost);
  return client;
}

/** The key of the session secret. The tab keeps it for a reload; pages of other origins cannot read it. */
const SESSION = 'cr3scope.session';

/** The first message of the connection. Removes the token from the address bar and the history. */
function takeGreeting(): Greeting {
  const { token, ...rest } = parseFragment(window.location.hash);
  const { machine } = rest;
  if (token) window.history.replaceState(null, '', `${window.location.pathname}#${fragmentOf(rest)}`);
  const session = sessionStorage.getItem(SESSION);
  return { ...(token && { token }), ...(session && { session }), ...(machine && { machine }) };
}

async function openTransport(onLost: (why: string) => void): Promise<Client> {
  if (window.cr3scope) return connect(window.cr3scope);
  const greeting = takeGreeting();
  // Opening a new link in this tab, or going to another machine, changes only the fragment.
  window.addEventListener('hashchange', () => {
    const { token, machine } = parseFragment(window.location.hash);
    if (token || machine !== greeting.machine) window.location.reload();
  });
  if (!greeting.token && !greeting.session)
    throw new Error('Open the link that `cr3scope serve` printed: it holds the token.');
  const socket = new WebSocket(window.location.origin.replace(/^http/, 'ws'));
  socket.binaryType = 'arraybuffer';
  const session = await new Promise<string>((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify(greeting));
    socket.onmessage = ({ data }) => resolve(String(data));
    socket.onclose = ({ reason }) =>
      reject(new Error(reason || 'There is no connection to cr3scope. Start `cr3scope serve` and open its link.'));
  });
  sessionStorage.setItem(SESSION, session);
  socket.onclose = () =>
    onLost('The connection to cr3scope was lost. Start `cr3scope serve` again and open its new link.');
  return connect({
    send: (bytes) => socket.send(bytes as Uint8Array<ArrayBuffer>),
    onMessage: (receive) => {
      socket.onmessage = (event) => receive(new Uint8Array(event.data as ArrayBuffer));
    },
  });
}
