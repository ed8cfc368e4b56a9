// Runs the audits of GraphQL over HTTP against a server; prints each with its result as JSON.
import { serverAudits } from 'graphql-http';

const [url] = process.argv.slice(2);
const results = [];
for (const audit of serverAudits({ url, fetchFn: fetch })) {
  const { status, reason } = await audit.fn();
  results.push({ id: audit.id, name: audit.name, status, reason: String(reason ?? '') });
}
console.log(JSON.stringify(results));
