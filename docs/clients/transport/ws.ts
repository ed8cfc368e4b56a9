/** Subscriptions by WebSocket, with graphql-ws. */

import { createClient } from 'graphql-ws';
import WebSocket from 'ws'; // in a browser, and on Node 22, leave this out

import { resuming, type Patience, type Subscribe } from './resuming';

const SILENCE_MILLISECONDS = 15_000;

/** *token* is asked for whenever a connection is made; a page with the cookie needs none. */
export function overWebSocket(
  url: string,
  token: () => string | undefined,
  patience?: Patience,
): Subscribe {
  let deadline: ReturnType<typeof setTimeout>;
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: () => (token() ? { Authorization: `Bearer ${token()}` } : {}),
    retryAttempts: 0, // graphql-ws would ask again with the old variables
    keepAlive: SILENCE_MILLISECONDS,
    on: {
      // A connection that died without a word is noticed by the pong that does not come.
      ping: (received) => {
        if (!received) deadline = setTimeout(() => client.terminate(), SILENCE_MILLISECONDS);
      },
      pong: (received) => {
        if (received) clearTimeout(deadline);
      },
      closed: () => clearTimeout(deadline),
    },
  });
  return resuming((operation, sink) => client.subscribe(operation, sink), patience);
}
