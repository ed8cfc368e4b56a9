/** Subscriptions by WebSocket, with graphql-ws. */

import { createClient } from 'graphql-ws';

import { resuming, type Patience, type Subscribe } from './resuming';

/** *token* is asked for whenever a connection is made; a page with the cookie needs none. */
export function overWebSocket(
  url: string,
  token: () => string | undefined,
  patience: Patience = {},
): Subscribe {
  const { silenceMilliseconds = 30_000 } = patience;
  let deadline: ReturnType<typeof setTimeout>;
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    connectionParams: () => (token() ? { Authorization: `Bearer ${token()}` } : {}),
    retryAttempts: 0, // graphql-ws would ask again with the old variables
    keepAlive: silenceMilliseconds / 2,
    on: {
      // A connection that died without a word is noticed by the pong that does not come.
      ping: (received) => {
        if (!received) deadline = setTimeout(() => client.terminate(), silenceMilliseconds / 2);
      },
      pong: (received) => {
        if (received) clearTimeout(deadline);
      },
      closed: () => clearTimeout(deadline),
    },
  });
  return resuming((operation, sink) => client.subscribe(operation, sink), patience);
}
