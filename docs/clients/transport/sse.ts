/** Subscriptions as server-sent events, with graphql-sse: where a WebSocket does not get through. */

import { createClient } from 'graphql-sse';

import { resuming, type Patience, type Subscribe } from './resuming';

const SILENCE_MILLISECONDS = 40_000; // the server says something every 15 seconds

/** *token* is asked for whenever a connection is made; a page with the cookie needs none. */
export function overEvents(
  url: string,
  token: () => string | undefined,
  patience?: Patience,
): Subscribe {
  const client = createClient({
    url,
    headers: (): Record<string, string> => (token() ? { Authorization: `Bearer ${token()}` } : {}),
    retryAttempts: 0, // graphql-sse would ask again with the old variables
    fetchFn: watchedFetch,
  });
  return resuming((operation, sink) => client.subscribe(operation, sink), patience);
}

/**
 * A fetch whose answer fails when it falls silent, and ends a moment after its last bytes:
 * graphql-sse does not notice an end that comes while it is busy with the events before it.
 */
async function watchedFetch(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const reader = response.body?.getReader();
  if (!reader) return response;
  init.signal?.addEventListener('abort', () => reader.cancel().catch(() => {}));
  const watched = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const fallSilent = () => controller.error(new Error('The stream fell silent'));
      const deadline = setTimeout(fallSilent, SILENCE_MILLISECONDS);
      const { done, value } = await reader.read().finally(() => clearTimeout(deadline));
      if (!done) return controller.enqueue(value);
      await new Promise((resolve) => setTimeout(resolve));
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(watched, response);
}
