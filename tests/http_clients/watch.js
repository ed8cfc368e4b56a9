// Watches a task to its end by a client of others: sse, urql or apollo. Whenever the stream breaks
// off it subscribes again behind the last event it saw. Prints what it saw, and how often it began.
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { Client, fetchExchange } from '@urql/core';
import { createClient } from 'graphql-sse';
import { pipe, toAsyncIterable } from 'wonka';

const [kind, url, token, taskId] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${token}` };
const query = `subscription Watch($taskId: ID!, $after: Int!) {
  taskEvents(taskId: $taskId, after: $after) { __typename seq ... on StepOutput { text } }
}`;

async function* bySse(variables) {
  const client = createClient({ url, headers, retryAttempts: 0 });
  yield* client.iterate({ query, variables });
}

async function* byUrql(variables) {
  const client = new Client({
    url,
    exchanges: [fetchExchange],
    fetchOptions: { headers },
    fetchSubscriptions: true,
    preferGetMethod: false,
  });
  for await (const result of toAsyncIterable(client.subscription(query, variables))) {
    if (result.error) throw result.error;
    if (!result.hasNext) return; // urql says the last result again when the stream ends
    yield result;
  }
}

async function* byApollo(variables) {
  const client = new ApolloClient({
    link: new HttpLink({ uri: url, headers }),
    cache: new InMemoryCache(),
  });
  const waiting = [];
  let wake = () => {};
  const put = (item) => {
    waiting.push(item);
    wake();
  };
  client.subscribe({ query: gql(query), variables, fetchPolicy: 'no-cache' }).subscribe({
    next: (result) => put(result.error ? { thrown: result.error } : { result }),
    error: (error) => put({ thrown: error }),
    complete: () => put({ end: true }),
  });
  for (;;) {
    while (waiting.length === 0) await new Promise((resolve) => (wake = resolve));
    const item = waiting.shift();
    if (item.end) return;
    if (item.thrown) throw item.thrown;
    yield item.result;
  }
}

const watch = { sse: bySse, urql: byUrql, apollo: byApollo }[kind];
const seen = [];
const faults = [];
let begun = 0;
while (seen.at(-1)?.__typename !== 'StreamEnd' && begun < 100) {
  begun += 1;
  try {
    for await (const { data, errors } of watch({ taskId, after: seen.at(-1)?.seq ?? 0 })) {
      if (errors) throw new Error(JSON.stringify(errors));
      seen.push(data.taskEvents);
    }
  } catch (error) {
    faults.push(String(error?.message ?? error));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
console.log(JSON.stringify({ seen, begun, faults }));
process.exit(0);
