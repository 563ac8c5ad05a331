// SPDX-License-Identifier: GPL-2.0-only
// The transport of this page: the bridge of the desktop window where it is there, a WebSocket otherwise.
import type { Client, Failure } from '../../contract/api.ts';
import type { Greeting } from '../../contract/greeting.ts';
import { fragmentOf, parseFragment } from '../../contract/link.ts';
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

/** The secret of the session, as long as this tab lives: a reload needs it. Pages of other origins cannot read it. */
const SESSION = 'cr3scope.session';

/** What opens the connection. The token of the link leaves the address bar and the history. */
function takeGreeting(): Greeting {
  const { token, ...rest } = parseFragment(window.location.hash);
  if (token) window.history.replaceState(null, '', `${window.location.pathname}#${fragmentOf(rest)}`);
  const session = sessionStorage.getItem(SESSION);
  return { ...(token && { token }), ...(session && { session }) };
}

async function openTransport(onLost: (why: string) => void): Promise<Client> {
  if (window.cr3scope) return connect(window.cr3scope);
  // A new link that is opened in this tab changes nothing but the fragment.
  window.addEventListener('hashchange', () => {
    if (parseFragment(window.location.hash).token) window.location.reload();
  });
  const greeting = takeGreeting();
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
