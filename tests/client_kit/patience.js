// What the transports of docs/clients do when nothing comes, when a stream ends in a burst, and when
// a connection dies without a word.
// Prints what was tried and told, as JSON.
import { createServer } from 'node:http';
import WebSocket, { WebSocketServer } from 'ws';

import { resuming } from './resuming.js';
import { overEvents } from './sse.js';
import { overWebSocket } from './ws.js';

globalThis.WebSocket ??= WebSocket;
const patience = { triesMax: 3, waitMilliseconds: 1, silenceMilliseconds: 200 };
const operation = { query: 'subscription ($after: Int!) { a }', variables: { after: 0 } };

/** Subscribes to the end; returns what came, and why it ended. */
function told(subscribe) {
  return new Promise((resolve) => {
    const seen = [];
    subscribe(operation, {
      next: ({ data, errors }) => seen.push(data?.a.seq ?? errors[0].message),
      error: ({ message }) => resolve({ seen, ended: message }),
      complete: () => resolve({ seen, ended: 'complete' }),
    });
  });
}

/** Plays a script: a list of events and, last, a fault, for each time that is asked. */
async function played(...scripts) {
  const asked = [];
  const subscribe = resuming((given, sink) => {
    const script = scripts[Math.min(asked.length, scripts.length - 1)];
    asked.push(given.variables.after);
    queueMicrotask(() => {
      for (const step of script) {
        if (typeof step === 'number') sink.next({ data: { a: { seq: step } } });
        else if (step === 'complete') sink.complete();
        else sink.error(step);
      }
    });
    return () => {};
  }, patience);
  return { ...(await told(subscribe)), asked };
}

/** Plays two tasks on one stream that is lost once; returns what came of each, and what was asked. */
async function playedMany() {
  const asked = [];
  const seen = [];
  const event = (taskId, seq) => ({ data: { a: { taskId, seq } } });
  const scripts = [
    [event('x', 1), event('x', 2), event('y', 1), { code: 1006, reason: '' }],
    [event('x', 2), event('y', 1), event('y', 2)],
  ];
  const subscribe = resuming((given, sink) => {
    const script = scripts[asked.length];
    asked.push(given.variables.tasks.map(({ after }) => after));
    queueMicrotask(() => {
      for (const step of script) step.data ? sink.next(step) : sink.error(step);
      if (asked.length === scripts.length) sink.complete();
    });
    return () => {};
  }, patience);
  const tasks = ['x', 'y', 'z'].map((taskId) => ({ taskId, after: 0 }));
  await new Promise((complete, error) => {
    const next = ({ data }) => seen.push(`${data.a.taskId}${data.a.seq}`);
    subscribe({ query: '', variables: { tasks } }, { next, error, complete });
  });
  return { seen, asked };
}

const lost = { code: 1006, reason: '' };
const failure = (extensions) => [{ message: 'said', extensions }];
const results = {
  gone: await played([lost]),
  progress: await played([1, 2, lost], [lost], [lost], [3, lost], [lost], [lost], [4, 'complete']),
  repeated: await played([1, 2, lost], [1, 2, 3, 'complete']),
  signedOut: await played([1, { code: 4403, reason: 'Forbidden' }]),
  unavailable: await played([1, failure({ code: 'UNAVAILABLE' })], [2, 'complete']),
  tooMuch: await played([1, failure({ retryAfter: 0.01 })], [2, 'complete']),
  notFound: await played([failure({ code: 'NOT_FOUND' })]),
  many: await playedMany(),
};

/** Serves streams: each time the next of *endings*; a silent one leaves the connection open. */
async function serving(...endings) {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const { first, count, ending } = endings.shift();
    const event = (_, index) => `event: next\ndata: {"data":{"a":{"seq":${first + index}}}}\n\n`;
    response.write(Array.from({ length: count }, event).join(''));
    if (ending === 'complete') response.write('event: complete\ndata:\n\n');
    if (ending !== 'silent') response.end();
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (text) => {
      const { type, id } = JSON.parse(text);
      const say = (said) => socket.send(JSON.stringify(said));
      if (type === 'connection_init') say({ type: 'connection_ack' });
      if (type !== 'subscribe') return; // no pong either
      const { first, ending } = endings.shift();
      say({ id, type: 'next', payload: { data: { a: { seq: first } } } });
      if (ending === 'complete') say({ id, type: 'complete' });
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

const token = () => undefined;
const bursts = await serving(
  { first: 1, count: 50 },
  { first: 51, count: 50 },
  { first: 101, count: 50, ending: 'complete' },
);
results.burst = await told(overEvents(bursts, token, patience));
const silent = [
  { first: 1, count: 1, ending: 'silent' },
  { first: 2, count: 1, ending: 'complete' },
];
results.silentStream = await told(overEvents(await serving(...silent), token, patience));
results.silentSocket = await told(overWebSocket(await serving(...silent), token, patience));
console.log(JSON.stringify(results));
process.exit(0);
