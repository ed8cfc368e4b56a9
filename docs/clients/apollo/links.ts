/** What answers Apollo's subscriptions. */

import { ApolloLink, HttpLink, Observable } from '@apollo/client';
import { graphQLResultHasProtocolErrors, PROTOCOL_ERRORS_SYMBOL } from '@apollo/client/errors';
import { print } from 'graphql';

import { resuming, type Patience, type Subscribe } from '../transport/resuming';

/** By one of the transports: a WebSocket, or server-sent events. */
export function subscribing(subscribe: Subscribe): ApolloLink {
  return new ApolloLink(
    ({ query, operationName, variables, extensions }) =>
      new Observable<ApolloLink.Result>((observer) =>
        subscribe({ query: print(query), operationName, variables, extensions }, observer),
      ),
  );
}

/** As Apollo's multipart over HTTP, with nothing but HttpLink. */
export function multipart(uri: string, patience?: Patience): ApolloLink {
  const resume = new ApolloLink((operation, forward) => {
    const subscribe = resuming(({ variables = {} }, sink) => {
      operation.variables = variables;
      const subscription = forward(operation).subscribe({
        next: (result) => {
          if (!graphQLResultHasProtocolErrors(result)) return sink.next(result);
          sink.error(result.extensions[PROTOCOL_ERRORS_SYMBOL].errors);
        },
        error: (fault) => sink.error(fault),
        complete: () => sink.complete(),
      });
      return () => subscription.unsubscribe();
    }, patience);
    const { variables } = operation;
    return new Observable<ApolloLink.Result>((observer) =>
      subscribe({ query: print(operation.query), variables }, observer),
    );
  });
  return resume.concat(new HttpLink({ uri }));
}
