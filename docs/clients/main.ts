/** Signs in, deploys, watches the deploy to its end and lists the tasks, by one of the clients. */

import WebSocket from 'ws';

import { multipart, subscribing } from './apollo/links';
import { apolloRollway } from './apollo/rollway';
import { plainRollway } from './plain/rollway';
import { relayRollway } from './relay/rollway';
import type { Rollway } from './rollway';
import { overEvents } from './transport/sse';
import { overWebSocket } from './transport/ws';
import { urqlRollway } from './urql/rollway';

Object.assign(globalThis, { WebSocket: globalThis.WebSocket ?? WebSocket }); // Node 20 has none

const [client = 'plain', transport = 'ws'] = process.argv.slice(2);
const { DEPLOYS_URL: url = '', DEPLOYS_APPLICATION: applicationId = '' } = process.env;
const { DEPLOYS_LOGIN = '', DEPLOYS_PASSWORD = '', DEPLOYS_REGISTERED } = process.env;
const registered = DEPLOYS_REGISTERED === 'yes';

const over = (token: () => string | undefined) =>
  transport === 'sse' ? overEvents(url, token) : overWebSocket(url, token);
const clients: Record<string, () => Rollway> = {
  plain: () => plainRollway(url, over),
  urql: () => urqlRollway(url, over, registered),
  relay: () => relayRollway(url, over),
  apollo: () => {
    const streaming = (token: () => string | undefined) =>
      transport === 'multipart' ? multipart(url) : subscribing(over(token));
    return apolloRollway(url, streaming, registered);
  },
};

const rollway = clients[client]!();
await rollway.signIn(DEPLOYS_LOGIN, DEPLOYS_PASSWORD);
const taskId = await rollway.deploy(applicationId);
await rollway.watch(taskId, (event) => console.log(JSON.stringify(event)));
console.log(JSON.stringify({ tasks: await rollway.tasks(applicationId, 2) }));
