/** Relay's environment: queries by fetch, subscriptions by one of the transports. */

import {
  Environment,
  Network,
  Observable,
  RecordSource,
  Store,
  type GraphQLResponse,
  type RequestParameters,
  type Variables,
} from 'relay-runtime';

import type { Operation, Subscribe } from '../transport/resuming';

export function environmentOf(
  url: string,
  token: () => string | undefined,
  subscribe: Subscribe,
): Environment {
  async function ask(request: RequestParameters, variables: Variables): Promise<GraphQLResponse> {
    const headers = new Headers({ 'Content-Type': 'application/json' });
    const bearer = token();
    if (bearer) headers.set('Authorization', `Bearer ${bearer}`);
    const body = JSON.stringify(operationOf(request, variables));
    const response = await fetch(url, { method: 'POST', headers, body });
    return response.json();
  }

  function watch(request: RequestParameters, variables: Variables): Observable<GraphQLResponse> {
    return Observable.create((sink) =>
      subscribe(operationOf(request, variables), {
        next: (answer) => sink.next(answer as GraphQLResponse),
        error: (fault) => sink.error(fault as Error),
        complete: () => sink.complete(),
      }),
    );
  }

  return new Environment({
    network: Network.create(ask, watch),
    store: new Store(new RecordSource()),
  });
}

/** By its text; with `persistConfig`, which leaves the text in the manifest, by its id there. */
function operationOf({ id, name, text }: RequestParameters, variables: Variables): Operation {
  if (text) return { query: text, operationName: name, variables };
  return { query: '', variables, extensions: { persistedQuery: { version: 1, sha256Hash: id } } };
}
