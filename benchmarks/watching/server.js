// The same stream by graphql-ws on Node: nothing is stored, and nobody is asked who they are.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const schema = buildSchema(`
  type Query { hello: String }
  interface TaskEvent { seq: Int! time: String! }
  type StepOutput implements TaskEvent {
    seq: Int! time: String! stepIndex: Int! firstLine: Int! text: String!
  }
  type Subscription { taskEvents(taskId: ID!, after: Int! = 0): TaskEvent! }
`);
const watching = new Set();

async function* taskEvents() {
  const waiting = [];
  let wake = () => {};
  const take = (event) => {
    waiting.push(event);
    wake();
  };
  watching.add(take);
  try {
    for (;;) {
      while (waiting.length) yield { taskEvents: waiting.shift() };
      await new Promise((resolve) => (wake = resolve));
    }
  } finally {
    watching.delete(take);
  }
}

schema.getSubscriptionType().getFields().taskEvents.subscribe = taskEvents;
schema.getType("TaskEvent").resolveType = () => "StepOutput";

const server = createServer();
const sockets = new WebSocketServer({ server, path: "/graphql", perMessageDeflate: false });
useServer({ schema }, sockets);
server.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ port: server.address().port, token: "", task: "t" }));
});

let seq = 0;
createInterface({ input: process.stdin }).on("line", (line) => {
  const { rate, seconds, padding } = JSON.parse(line);
  const began = performance.now();
  let said = 0;
  const say = () => {
    const due = Math.min(rate * seconds, ((performance.now() - began) * rate) / 1000);
    for (; said < due; said += 1) {
      seq += 1;
      const clock = Number(process.hrtime.bigint()) / 1e9;
      const text = `t=${clock.toFixed(6)} ${padding}\n`;
      const event = { seq, time: new Date().toISOString(), stepIndex: 1, firstLine: seq, text };
      for (const take of watching) take(event);
    }
    if (said < rate * seconds) setTimeout(say, 1000 / rate);
    else console.log("said");
  };
  say();
});
