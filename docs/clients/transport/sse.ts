/** Subscriptions as server-sent events, with graphql-sse: where a WebSocket does not get through. */

import { createClient } from 'graphql-sse';

import { resuming, type Patience, type Subscribe } from './resuming';

/** *token* is asked for whenever a connection is made; a page with the cookie needs none. */
export function overEvents(
  url: string,
  token: () => string | undefined,
  patience: Patience = {},
): Subscribe {
  const { silenceMilliseconds = 40_000 } = patience; // the server says something every 15 seconds
  const client = createClient({
    url,
    headers: (): Record<string, string> => (token() ? { Authorization: `Bearer ${token()}` } : {}),
    retryAttempts: 0, // graphql-sse would ask again with the old variables
    fetchFn: watchedFetch(silenceMilliseconds),
  });
  return resuming((operation, sink) => client.subscribe(operation, sink), patience);
}

/** A fetch whose answer fails when it falls silent: the connection died without a word. */
function watchedFetch(silenceMilliseconds: number) {
  return async (url: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(url, init);
    const reader = response.body?.getReader();
    if (!reader) return response;
    const leave = () => void reader.cancel().catch(() => {});
    init.signal?.addEventListener('abort', leave);
    const watched = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const deadline = setTimeout(() => {
          controller.error(new Error('The stream fell silent'));
          leave();
        }, silenceMilliseconds);
        const { done, value } = await reader.read().finally(() => clearTimeout(deadline));
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: leave,
    });
    return new Response(watched, response);
  };
}
