// Mercurius with its just-in-time compiler; relations are its loaders.
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import mercurius from "mercurius";
import * as sets from "./sets.js";

const IMMEDIATELY = 1;

// Loads for all objects of a level at once; a document asks for them by the same arguments.
const each = (load, key, shaped = (found) => found) => ({
  async loader(queries) {
    const keys = queries.map(({ obj }) => obj[key]);
    return (await load(keys, queries[0].params)).map(shaped);
  },
  opts: { cache: false },
});
const page = (nodes) => ({ nodes });

const app = Fastify();
app.register(mercurius, {
  schema: readFileSync(new URL("schema.graphql", import.meta.url), "utf8"),
  jit: IMMEDIATELY,
  context: async (request) => ({ viewer: await sets.viewer(request) }),
  resolvers: {
    Query: {
      viewer: (_, __, { viewer }) => viewer,
      application: (_, { id }, { viewer }) => viewer && sets.application(id, viewer),
      task: (_, { id }, { viewer }) => viewer && sets.task(id, viewer),
    },
  },
  loaders: {
    User: {
      orgs: each(async (ids, { first }) =>
        (await sets.teams(ids)).map((teams) => page(teams.slice(0, first))), "id"),
    },
    Org: { applications: each((ids, { first }) => sets.applications(ids, first), "owner", page) },
    Application: {
      environments: each(sets.environments, "id"),
      tasks: each(sets.tasks, "id"),
    },
    Environment: { latestTask: each(sets.tasksById, "latest_task_id") },
    Task: {
      steps: each(sets.steps, "id"),
      application: each(sets.applicationNames, "app_id"),
    },
  },
});
await app.listen({ host: "127.0.0.1", port: 0 });
console.log(app.server.address().port);
