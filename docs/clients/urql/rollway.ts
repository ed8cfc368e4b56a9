/** Rollway with urql. */

import {
  Client,
  fetchExchange,
  subscriptionExchange,
  type AnyVariables,
  type OperationResult,
} from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { toAsyncIterable } from 'wonka';

import { DeployDocument, SignInDocument, TasksDocument, WatchDocument } from '../generated/graphql';
import { hashOf, manifestHash } from '../hash';
import { Refused, type Rollway } from '../rollway';
import type { Subscribe } from '../transport/resuming';

/** Where *registered*, the server runs the documents of the manifest alone. */
export function urqlRollway(
  url: string,
  subscribeWith: (token: () => string | undefined) => Subscribe,
  registered = false,
): Rollway {
  let token: string | undefined;
  const subscribe = subscribeWith(() => token);
  const client = new Client({
    url,
    fetchOptions: () => (token ? { headers: { Authorization: `Bearer ${token}` } } : {}),
    preferGetMethod: false,
    exchanges: [
      persistedExchange({
        generateHash: async (text, document) => (registered ? manifestHash(document) : hashOf(text)),
        enforcePersistedQueries: registered,
        enableForMutation: registered,
        enableForSubscriptions: registered,
      }),
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = '', variables, extensions }) => ({
          subscribe: (sink) => ({
            unsubscribe: subscribe({ query, variables, extensions }, sink),
          }),
        }),
      }),
    ],
  });

  return {
    async signIn(login, password) {
      const { signIn } = dataOf(await client.mutation(SignInDocument, { input: { login, password } }));
      if (signIn.__typename !== 'SignInPayload') throw new Refused(signIn.code, signIn.message);
      token = signIn.token ?? undefined;
    },

    async tasks(applicationId, pageSize) {
      const ids: string[] = [];
      let after: string | null | undefined;
      for (;;) {
        const variables = { applicationId, first: pageSize, after };
        const { application } = dataOf(await client.query(TasksDocument, variables));
        if (!application) return ids; // not there, or not yours
        ids.push(...application.tasks.nodes.map((task) => task.id));
        if (!application.tasks.pageInfo.hasNextPage) return ids;
        after = application.tasks.pageInfo.endCursor;
      }
    },

    async deploy(applicationId) {
      const { deploy } = dataOf(await client.mutation(DeployDocument, { input: { applicationId } }));
      if (deploy.__typename === 'DeployPayload') return deploy.task.id;
      throw new Refused(deploy.code, deploy.message, deploy.field ?? []);
    },

    async watch(taskId, show) {
      const results = toAsyncIterable(client.subscription(WatchDocument, { taskId, after: 0 }));
      for await (const result of results) {
        const { taskEvents } = dataOf(result);
        if (result.hasNext) show(taskEvents); // at the end urql says the last result again
      }
    },
  };
}

function dataOf<Data, Variables extends AnyVariables>(result: OperationResult<Data, Variables>): Data {
  if (result.error) throw result.error;
  return result.data as Data;
}
