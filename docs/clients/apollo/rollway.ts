/** Rollway with Apollo Client 4. */

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { OperationTypeNode } from 'graphql';

import { DeployDocument, SignInDocument, TasksDocument, WatchDocument } from '../generated/graphql';
import { hashOf, manifestHash } from '../hash';
import { Refused, type Rollway } from '../rollway';

/**
 * *streaming* makes what answers subscriptions, see `links.ts`. Where *registered*, the server runs
 * the documents of the manifest alone.
 */
export function apolloRollway(
  url: string,
  streaming: (token: () => string | undefined) => ApolloLink,
  registered = false,
): Rollway {
  let token: string | undefined;
  const signed = new SetContextLink(({ headers }) => ({
    headers: token ? { ...headers, Authorization: `Bearer ${token}` } : headers,
  }));
  const hashed = registered
    ? new PersistedQueryLink({ generateHash: manifestHash, retry: () => false })
    : new PersistedQueryLink({ sha256: hashOf, useGETForHashedQueries: true });
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      signed.concat(streaming(() => token)),
      ApolloLink.from([signed, hashed, new HttpLink({ uri: url })]),
    ),
  });

  return {
    async signIn(login, password) {
      const variables = { input: { login, password } };
      const { signIn } = await mutated(client.mutate({ mutation: SignInDocument, variables }));
      if (signIn.__typename !== 'SignInPayload') throw new Refused(signIn.code, signIn.message);
      token = signIn.token ?? undefined;
    },

    async tasks(applicationId, pageSize) {
      const ids: string[] = [];
      let after: string | null | undefined;
      for (;;) {
        const variables = { applicationId, first: pageSize, after };
        const { data } = await client.query({ query: TasksDocument, variables });
        const tasks = data?.application?.tasks;
        if (!tasks) return ids; // not there, or not yours
        ids.push(...tasks.nodes.map((task) => task.id));
        if (!tasks.pageInfo.hasNextPage) return ids;
        after = tasks.pageInfo.endCursor;
      }
    },

    async deploy(applicationId) {
      const variables = { input: { applicationId } };
      const { deploy } = await mutated(client.mutate({ mutation: DeployDocument, variables }));
      if (deploy.__typename === 'DeployPayload') return deploy.task.id;
      throw new Refused(deploy.code, deploy.message, deploy.field ?? []);
    },

    watch(taskId, show) {
      const variables = { taskId, after: 0 };
      const results = client.subscribe({ query: WatchDocument, variables, fetchPolicy: 'no-cache' });
      return new Promise((resolve, reject) => {
        results.subscribe({
          next: ({ data, error }) => {
            if (error) reject(error);
            else if (data) show(data.taskEvents);
          },
          error: reject,
          complete: resolve,
        });
      });
    },
  };
}

async function mutated<Data>(result: Promise<{ data?: Data; error?: Error }>): Promise<Data> {
  const { data, error } = await result;
  if (!data) throw error ?? new Error('There is no answer');
  return data;
}
