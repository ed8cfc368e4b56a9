// Apollo Server, standalone, with DataLoader.
import { readFileSync } from "node:fs";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import DataLoader from "dataloader";
import * as sets from "./sets.js";

class Loaders {
  #pages = new Map();
  teams = new DataLoader(sets.teams);
  environments = new DataLoader(sets.environments);
  steps = new DataLoader(sets.steps);
  task = new DataLoader(sets.tasksById);
  application = new DataLoader(sets.applicationNames);

  // One for each list of arguments: all that it loads at once share them.
  applications(first) {
    return this.#page(`applications ${first}`, (ids) => sets.applications(ids, first));
  }

  tasks(given) {
    return this.#page(`tasks ${JSON.stringify(given)}`, (ids) => sets.tasks(ids, given));
  }

  #page(name, load) {
    if (!this.#pages.has(name)) this.#pages.set(name, new DataLoader(load));
    return this.#pages.get(name);
  }
}

const server = new ApolloServer({
  typeDefs: readFileSync(new URL("schema.graphql", import.meta.url), "utf8"),
  includeStacktraceInErrorResponses: false,
  resolvers: {
    Query: {
      viewer: (_, __, { viewer }) => viewer,
      application: (_, { id }, { viewer }) => viewer && sets.application(id, viewer),
      task: (_, { id }, { viewer }) => viewer && sets.task(id, viewer),
    },
    User: {
      orgs: async ({ id }, { first }, { loaders }) => ({
        nodes: (await loaders.teams.load(id)).slice(0, first),
      }),
    },
    Org: {
      applications: async ({ owner }, { first }, { loaders }) => ({
        nodes: await loaders.applications(first).load(owner),
      }),
    },
    Application: {
      environments: ({ id }, _, { loaders }) => loaders.environments.load(id),
      tasks: ({ id }, given, { loaders }) => loaders.tasks(given).load(id),
    },
    Environment: {
      latestTask: ({ latest_task_id: id }, _, { loaders }) => id && loaders.task.load(id),
    },
    Task: {
      steps: ({ id }, _, { loaders }) => loaders.steps.load(id),
      application: ({ app_id: id }, _, { loaders }) => loaders.application.load(id),
    },
  },
});
const { url } = await startStandaloneServer(server, {
  listen: { host: "127.0.0.1", port: 0 },
  context: async ({ req }) => ({ viewer: await sets.viewer(req), loaders: new Loaders() }),
});
console.log(new URL(url).port);
