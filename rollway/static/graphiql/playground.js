// The playground: GraphiQL with four ready-made tabs, a bar that says who is signed in,
// and a strip that follows the task being watched.
//
// What is typed stays in this page: neither headers nor variables nor queries go into
// localStorage or the address. Whatever comes from the server is shown as text, never as HTML.

const { GraphiQL, GraphiQLPluginExplorer, React, ReactDOM } = window;

const api = new URL(location.pathname, location.origin);
const socket = new URL(api);
socket.protocol = api.protocol === "https:" ? "wss:" : "ws:";

const TABS = [
  {
    label: "1 Sign in",
    file: "sign-in",
    operations: ["SignIn"],
    variables: { login: "", password: "" },
  },
  {
    label: "2 Deploy",
    file: "deploy",
    operations: ["Applications", "Deploy"],
    variables: { applicationId: "", envName: "default", ref: null },
  },
  {
    label: "3 Watch",
    file: "watch",
    operations: ["Watch"],
    variables: { taskId: "", after: 0 },
  },
  { label: "4 Team and tasks", file: "team", operations: ["TeamAndTasks"] },
];

const LOG_LINES_MAX = 500;
const ENDED = new Set(["SUCCESS", "FAILURE", "CANCELLED", "SKIPPED", "LOST", "ERROR_WITH_CONTINUE"]);

const byId = (id) => document.getElementById(id);

// ---------------------------------------------------------------- what the page remembers

/** Storage for GraphiQL: the look outlives the page, what was typed does not. */
function pageStorage(initial) {
  const memory = new Map(Object.entries(initial));
  const outlives = (key) => /^graphiql:(theme|visiblePlugin|\w+Flex)$/.test(key);
  return {
    getItem: (key) => (outlives(key) ? localStorage.getItem(key) : (memory.get(key) ?? null)),
    setItem: (key, value) =>
      outlives(key) ? localStorage.setItem(key, value) : memory.set(key, value),
    removeItem: (key) => (outlives(key) ? localStorage.removeItem(key) : memory.delete(key)),
    clear: () => memory.clear(),
    get length() {
      return memory.size;
    },
  };
}

/** The application and the task that were seen last: they fill variables left empty. */
const seen = { applicationId: null, taskId: null };

function remember(data) {
  const org = data?.viewer?.orgs?.nodes?.find((node) => node.applications?.nodes?.length);
  seen.applicationId =
    data?.createApplication?.application?.id ??
    org?.applications.nodes[0].id ??
    seen.applicationId;
  for (const field of ["deploy", "redeploy", "rollback"]) {
    seen.taskId = data?.[field]?.task?.id ?? seen.taskId;
  }
}

function filled(variables) {
  const result = { ...variables };
  for (const [name, id] of Object.entries(seen)) {
    if (result[name] === "" && id !== null) result[name] = id;
  }
  return result;
}

// ---------------------------------------------------------------- the bar

async function ask(query) {
  const response = await fetch(api, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

async function showViewer() {
  let text = "The server does not answer";
  let user = null;
  try {
    user = (await ask("{ viewer { username } }")).data?.viewer ?? null;
    text = user ? `Signed in as ${user.username}` : "Not signed in";
  } catch (error) {
    console.warn(error);
  }
  byId("viewer").textContent = text;
  byId("sign-out").hidden = user === null;
}

async function signOut() {
  await ask("mutation { signOut(input: { everywhere: false }) { __typename } }");
  location.reload(); // nothing of theirs stays on the page
}

async function downloadSchema() {
  const { buildClientSchema, getIntrospectionQuery, printSchema } = GraphiQL.GraphQL;
  const { data } = await ask(getIntrospectionQuery({ inputValueDeprecation: true }));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([printSchema(buildClientSchema(data)), "\n"]));
  link.download = "schema.graphql";
  link.click();
  URL.revokeObjectURL(link.href);
}

// ---------------------------------------------------------------- the strip

const watched = { steps: new Map(), lines: [] };

function startWatching() {
  watched.steps.clear();
  watched.lines.length = 0;
  byId("steps").replaceChildren();
  byId("log").replaceChildren();
  byId("log").hidden = true;
  byId("task-status").textContent = "Waiting";
  byId("task-status").dataset.status = "PENDING";
  byId("watch").hidden = false;
  showProgress();
}

function chip(index, name) {
  if (!watched.steps.has(index)) {
    const item = document.createElement("li");
    item.dataset.status = "PENDING";
    watched.steps.set(index, item);
    const inOrder = [...watched.steps].sort(([left], [right]) => left - right);
    byId("steps").replaceChildren(...inOrder.map(([, each]) => each));
  }
  const item = watched.steps.get(index);
  item.textContent = name ?? (item.textContent || `step ${index}`);
  return item;
}

function showProgress() {
  const steps = [...watched.steps.values()];
  byId("progress").max = Math.max(steps.length, 1);
  byId("progress").value = steps.filter((item) => ENDED.has(item.dataset.status)).length;
}

function showStep(event) {
  const status = event.stepStatus ?? event.status;
  const item = chip(event.stepIndex, event.name);
  item.dataset.status = status ?? "PENDING";
  item.title = [status, event.error].filter(Boolean).join(": ");
  showProgress();
}

function showTask(event) {
  for (const step of event.task?.steps ?? []) chip(step.index, step.name);
  byId("task-status").textContent = event.status ?? "";
  byId("task-status").dataset.status = event.status ?? "";
  showProgress();
}

function showOutput(event) {
  watched.lines.push(...(event.lines?.map((line) => line.text) ?? [event.text ?? ""]));
  watched.lines.splice(0, watched.lines.length - LOG_LINES_MAX);
  const log = byId("log");
  const atEnd = log.hidden || log.scrollHeight - log.scrollTop - log.clientHeight < 8;
  log.hidden = false;
  log.textContent = watched.lines.join("\n");
  if (atEnd) log.scrollTop = log.scrollHeight;
}

const SHOW = {
  TaskStatusChanged: showTask,
  StepStatusChanged: showStep,
  StepOutput: showOutput,
  StreamEnd: showTask,
};

// ---------------------------------------------------------------- the fetcher

/** Pass on what a subscription yields; the strip sees it first.
 *  After a cut the client subscribes again and events repeat: the strip skips those. */
async function* followed(results) {
  let last = null;
  for await (const result of results) {
    const event = result.data?.taskEvents;
    if (event && last === null) startWatching();
    if (event && !(event.seq <= last)) SHOW[event.__typename]?.(event);
    if (event) last = Math.max(last ?? 0, event.seq ?? 0);
    yield result;
  }
}

/** POST for queries and mutations, graphql-transport-ws for subscriptions; the headers tab's
 *  JSON is sent as headers, or as the payload of connection_init. */
function makeFetcher() {
  const send = GraphiQL.createFetcher({
    url: api.href,
    subscriptionUrl: socket.href,
    enableIncrementalDelivery: false,
  });
  return async (params, options) => {
    const result = await send({ ...params, variables: filled(params.variables) }, options);
    if (result[Symbol.asyncIterator]) return followed(result);
    remember(result.data);
    const changesSession = ["signIn", "signUp", "signOut"].some((field) => result.data?.[field]);
    if (changesSession) showViewer();
    return result;
  };
}

// ---------------------------------------------------------------- the page

/** GraphiQL names a tab after its operation; ours carry a number and words. */
function labelTabs(root) {
  const labels = new Map(TABS.flatMap(({ label, operations }) => operations.map((o) => [o, label])));
  const relabel = () => {
    for (const button of root.querySelectorAll(".graphiql-tab-button")) {
      const label = labels.get(button.textContent);
      if (label) button.textContent = label;
    }
  };
  new MutationObserver(relabel).observe(root, {
    childList: true,
    characterData: true,
    subtree: true,
  });
}

async function loadTab({ file, variables }) {
  const response = await fetch(new URL(`operations/${file}.graphql`, import.meta.url));
  if (!response.ok) throw new Error(`operations/${file}.graphql: ${response.status}`);
  return {
    query: await response.text(),
    variables: variables ? JSON.stringify(variables, null, 2) : null,
  };
}

async function start() {
  byId("sign-out").addEventListener("click", signOut);
  byId("sdl").addEventListener("click", downloadSchema);
  byId("close-watch").addEventListener("click", () => {
    byId("watch").hidden = true;
  });
  const root = byId("graphiql");
  try {
    const [defaultTabs] = await Promise.all([Promise.all(TABS.map(loadTab)), showViewer()]);
    labelTabs(root);
    ReactDOM.createRoot(root).render(
      React.createElement(GraphiQL, {
        fetcher: makeFetcher(),
        plugins: [GraphiQLPluginExplorer.explorerPlugin()],
        defaultTabs,
        // GraphiQL takes the first tab's variables from here only.
        storage: pageStorage({ "graphiql:variables": defaultTabs[0].variables }),
        defaultEditorToolsVisibility: "variables",
        inputValueDeprecation: true,
        isHeadersEditorEnabled: true,
        shouldPersistHeaders: false,
      }),
    );
  } catch (error) {
    root.firstElementChild.textContent = `The playground could not start: ${error.message}`;
    throw error;
  }
}

await start();
