/** Rollway without a client library: fetch, and a transport for what is watched. */

import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';

import { DeployDocument, SignInDocument, TasksDocument, WatchDocument } from '../generated/graphql';
import { Refused, type Rollway, type TaskEvent } from '../rollway';
import type { Answer, Subscribe } from '../transport/resuming';

export function plainRollway(
  url: string,
  subscribeWith: (token: () => string | undefined) => Subscribe,
): Rollway {
  let token: string | undefined;
  const subscribe = subscribeWith(() => token);

  async function ask<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data> {
    const headers = new Headers({ 'Content-Type': 'application/json' });
    if (token) headers.set('Authorization', `Bearer ${token}`);
    const body = JSON.stringify({ query: print(document), variables });
    const response = await fetch(url, { method: 'POST', headers, body });
    const { data, errors } = (await response.json()) as Answer;
    if (errors?.[0]) throw new Error(errors[0].message);
    return data as Data;
  }

  return {
    async signIn(login, password) {
      const { signIn } = await ask(SignInDocument, { input: { login, password } });
      if (signIn.__typename !== 'SignInPayload') throw new Refused(signIn.code, signIn.message);
      token = signIn.token ?? undefined;
    },

    async tasks(applicationId, pageSize) {
      const ids: string[] = [];
      let after: string | null | undefined;
      for (;;) {
        const { application } = await ask(TasksDocument, { applicationId, first: pageSize, after });
        if (!application) return ids; // not there, or not yours
        ids.push(...application.tasks.nodes.map((task) => task.id));
        if (!application.tasks.pageInfo.hasNextPage) return ids;
        after = application.tasks.pageInfo.endCursor;
      }
    },

    async deploy(applicationId) {
      const { deploy } = await ask(DeployDocument, { input: { applicationId } });
      if (deploy.__typename === 'DeployPayload') return deploy.task.id;
      throw new Refused(deploy.code, deploy.message, deploy.field ?? []);
    },

    watch(taskId, show) {
      const operation = { query: print(WatchDocument), variables: { taskId, after: 0 } };
      return new Promise((resolve, reject) => {
        subscribe(operation, {
          next: ({ data, errors }) => {
            if (errors?.[0]) reject(new Error(errors[0].message));
            else show(data?.taskEvents as TaskEvent);
          },
          error: reject,
          complete: resolve,
        });
      });
    },
  };
}
