// PostGraphile 5 as it makes its schema of the tables, with plans for where reading begins.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { makePgService } from "postgraphile/adaptors/pg";
import { context, object } from "postgraphile/grafast";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { addPgTableCondition, extendSchema } from "postgraphile/utils";
import { postgraphile } from "postgraphile";

const CONNECTIONS = 10;
const SESSION = {
  name: "session",
  text: "SELECT user_id FROM session WHERE token_hash = $1 AND expires_time > now()",
};

const service = makePgService({
  connectionString: process.argv[2],
  poolConfig: { max: CONNECTIONS },
  pubsub: false,
});

async function userOf(request) {
  const token = (request.headers.authorization ?? "").split(" ")[1] ?? "";
  const values = [createHash("sha256").update(token).digest("hex")];
  const { rows } = await service.adaptorSettings.pool.query({ ...SESSION, values });
  return rows[0]?.user_id ?? null;
}

// Whose row of a team `m` is the caller's, `w` the one of the team's owner, whose id is given.
const memberships = (sql, owner, viewer) =>
  sql`FROM org m JOIN org w ON w.name = m.name WHERE w.id = ${owner} AND m.user_id = ${viewer}`;

const reading = extendSchema(({ sql, pgResources, dataplanPg: { TYPES } }) => {
  const { user, application, task } = pgResources;
  // The caller in the statement of such rows, told where reading begins: below it is too late.
  const callers = new WeakMap();
  const caller = ($rows) => {
    if (!callers.has($rows)) {
      callers.set($rows, $rows.placeholder(context().get("userId"), TYPES.text));
    }
    return callers.get($rows);
  };
  const ownerOf = ($tasks) =>
    sql`(SELECT a.owner_org_id FROM application a WHERE a.id = ${$tasks.alias}.app_id)`;
  const owner = ($applications) => sql`${$applications.alias}.owner_org_id`;
  const reached = ($rows, owner) => {
    $rows.where(sql`EXISTS (SELECT 1 ${memberships(sql, owner($rows), caller($rows))})`);
    return $rows.single();
  };
  const may = ($row, owner) => {
    const $rows = $row.getClassStep();
    const found = memberships(sql, owner($rows), caller($rows));
    return $row.select(
      sql`(SELECT m.role IN ('OWNER', 'ADMIN', 'MEMBER') ${found})`,
      TYPES.boolean,
    );
  };
  return {
    typeDefs: `
      extend type Query {
        viewer: User
        reachedApplication(id: String!): Application
        reachedTask(id: String!): Task
      }
      extend type Application { viewerCan: ApplicationPermissions! }
      extend type Task { viewerCan: TaskPermissions! }
      type ApplicationPermissions { deploy: Boolean! update: Boolean! }
      type TaskPermissions { redeploy: Boolean! cancel: Boolean! }
    `,
    objects: {
      Query: {
        plans: {
          viewer: () => user.get({ id: context().get("userId") }),
          reachedApplication: (_, { $id }) => reached(application.find({ id: $id }), owner),
          reachedTask: (_, { $id }) => reached(task.find({ id: $id }), ownerOf),
        },
      },
      Application: {
        plans: {
          viewerCan($row) {
            const $may = may($row, owner);
            return object({ deploy: $may, update: $may });
          },
        },
      },
      Task: {
        plans: {
          viewerCan($row) {
            const $may = may($row, ownerOf);
            return object({ redeploy: $may, cancel: $may });
          },
        },
      },
    },
  };
});

// One of the statuses: of themselves, conditions compare with one value.
const statuses = addPgTableCondition(
  { schemaName: "public", tableName: "task" },
  "statuses",
  ({ graphql: { GraphQLList, GraphQLNonNull, GraphQLString } }) => ({
    type: new GraphQLList(new GraphQLNonNull(GraphQLString)),
  }),
  (words, { sql, sqlTableAlias, sqlValueWithCodec, build }) => {
    const { TYPES, listOfCodec } = build.dataplanPg;
    const wanted = words.map((each) => each.toLowerCase());
    return sql`${sqlTableAlias}.status = any(${sqlValueWithCodec(wanted, listOfCodec(TYPES.text))})`;
  },
);

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [reading, statuses],
  disablePlugins: ["PgIndexBehaviorsPlugin"], // lists are sorted by what an index has second
  schema: { defaultBehavior: "+list" },
  pgServices: [service],
  grafserv: { graphiql: false, watch: false },
  grafast: { context: async ({ node }) => ({ userId: await userOf(node.req) }) },
});
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
