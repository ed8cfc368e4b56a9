// Watches a task to its end by urql's own fetch. Whenever the stream breaks off it subscribes again
// behind the last event it saw. Prints what it saw, and how often it began.
import { Client, fetchExchange } from '@urql/core';
import { toAsyncIterable } from 'wonka';

const [url, token, taskId] = process.argv.slice(2);
const query = `subscription Watch($taskId: ID!, $after: Int!) {
  taskEvents(taskId: $taskId, after: $after) { __typename seq ... on StepOutput { text } }
}`;
const client = new Client({
  url,
  exchanges: [fetchExchange],
  fetchOptions: { headers: { Authorization: `Bearer ${token}` } },
  fetchSubscriptions: true,
  preferGetMethod: false,
});
const seen = [];
const faults = [];
let begun = 0;
while (seen.at(-1)?.__typename !== 'StreamEnd' && begun < 100) {
  begun += 1;
  try {
    const variables = { taskId, after: seen.at(-1)?.seq ?? 0 };
    for await (const result of toAsyncIterable(client.subscription(query, variables))) {
      if (result.error) throw result.error;
      if (!result.hasNext) break; // urql says the last result again when the stream ends
      seen.push(result.data.taskEvents);
    }
  } catch (error) {
    faults.push(String(error?.message ?? error));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
console.log(JSON.stringify({ seen, begun, faults }));
process.exit(0);
