// What the servers on Node read: each set of rows by one prepared statement, over one pool.
import { createHash } from "node:crypto";
import pg from "pg";

const CONNECTIONS = 10;
const TIMESTAMP = 1184;
// Text as it comes, in the form of ISO 8601: no Date is made of it.
pg.types.setTypeParser(TIMESTAMP, (text) => `${text.replace(" ", "T")}:00`);

const SHOWN = `x.id, upper(x.status) AS status, x.env_name AS "envName", x.ref, x.branch,
  x."commit", x.message, x.trigger_type AS "triggerType", x.created_time AS "createdTime",
  x.started_time AS "startedTime", x.finished_time AS "finishedTime", x.app_id,
  extract(epoch FROM x.finished_time - x.started_time)::float AS duration`;
const LATEST = "ORDER BY x.created_time DESC, x.id DESC LIMIT";
const APPLICATION = `a.id, a.name, a.description, upper(a.provider) AS provider,
  a.repo_url AS "repoUrl", a.updated_time AS "updatedTime", a.owner_org_id`;
const MEMBER = `JOIN org w ON w.id = a.owner_org_id
  JOIN org m ON m.name = w.name AND m.user_id = $2`;
const MAY = "m.role IN ('OWNER', 'ADMIN', 'MEMBER')";
const TEAM = `json_build_object('id', w.id, 'name', w.name, 'alias', w.alias) AS "ownerOrg"`;

const STATEMENTS = {
  viewer: `SELECT u.id, u.username, u.avatar FROM session s JOIN "user" u ON u.id = s.user_id
    WHERE s.token_hash = $1 AND s.expires_time > now()`,
  teams: `SELECT m.id, m.name, w.alias, m.role, w.id AS owner, m.user_id FROM org m
    JOIN org w ON w.name = m.name AND w.role = 'OWNER' WHERE m.user_id = any($1)
    ORDER BY m.name, m.id`,
  applications: `SELECT y.* FROM unnest($1::text[]) p(id) CROSS JOIN LATERAL
    (SELECT ${APPLICATION} FROM application a WHERE a.owner_org_id = p.id
    ORDER BY a.name, a.id LIMIT $2) y`,
  application: `SELECT ${APPLICATION}, ${TEAM}, ${MAY} AS may FROM application a ${MEMBER}
    WHERE a.id = $1`,
  applicationNames: `SELECT a.id, a.name FROM application a WHERE a.id = any($1)`,
  environments: `SELECT e.application_id, e.id, e.name, upper(e.type) AS type, e.version,
    e.latest_task_id FROM environment e WHERE e.application_id = any($1) ORDER BY e.name`,
  tasksById: `SELECT ${SHOWN} FROM task x WHERE x.id = any($1)`,
  tasks: `SELECT y.* FROM unnest($1::text[]) p(id) CROSS JOIN LATERAL
    (SELECT ${SHOWN} FROM task x WHERE x.app_id = p.id ${LATEST} $2) y`,
  filtered: `SELECT y.* FROM unnest($1::text[]) p(id) CROSS JOIN LATERAL
    (SELECT ${SHOWN} FROM task x WHERE x.app_id = p.id AND x.env_name = $3
    AND x.status = any($4) AND (x.created_time, x.id) < ($5, $6) ${LATEST} $2) y`,
  task: `SELECT ${SHOWN}, ${MAY} AS may FROM task x JOIN application a ON a.id = x.app_id ${MEMBER}
    WHERE x.id = $1`,
  steps: `SELECT s.task_id, s."index", s.name, upper(s.status) AS status,
    s.started_time AS "startedTime", s.finished_time AS "finishedTime" FROM step s
    WHERE s.task_id = any($1) ORDER BY s."index"`,
};

export const pool = new pg.Pool({ connectionString: process.argv[2], max: CONNECTIONS });

async function read(name, ...values) {
  return (await pool.query({ name, text: STATEMENTS[name], values })).rows;
}

// Returns the rows of each of `keys`, those whose `column` it is.
function grouped(keys, rows, column) {
  const found = new Map(keys.map((key) => [key, []]));
  for (const row of rows) found.get(row[column]).push(row);
  return keys.map((key) => found.get(key));
}

export async function viewer(request) {
  const token = (request.headers.authorization ?? "").split(" ")[1] ?? "";
  const [found] = await read("viewer", createHash("sha256").update(token).digest("hex"));
  return found;
}

export async function teams(users) {
  return grouped(users, await read("teams", users), "user_id");
}

export async function applications(owners, first) {
  return grouped(owners, await read("applications", owners, first), "owner_org_id");
}

export async function application(id, viewer) {
  const [found] = await read("application", id, viewer.id);
  if (found) found.viewerCan = { deploy: found.may, update: found.may };
  return found;
}

export async function applicationNames(ids) {
  const found = new Map((await read("applicationNames", ids)).map((row) => [row.id, row]));
  return ids.map((id) => found.get(id));
}

export async function environments(ids) {
  return grouped(ids, await read("environments", ids), "application_id");
}

export async function task(id, viewer) {
  const [found] = await read("task", id, viewer.id);
  if (found) found.viewerCan = { redeploy: found.may, cancel: found.may };
  return found;
}

export async function tasksById(ids) {
  const found = new Map((await read("tasksById", ids)).map((row) => [row.id, row]));
  return ids.map((id) => found.get(id));
}

// Returns a page for each of `ids`, all by the same arguments.
export async function tasks(ids, { first, after, where }) {
  const size = first + 1;
  const rows = where
    ? await read("filtered", ids, size, where.envName, where.statuses.map((each) => each.toLowerCase()),
        ...(after?.split(" ") ?? ["infinity", ""]))
    : await read("tasks", ids, size);
  return grouped(ids, rows, "app_id").map((mine) => {
    const nodes = mine.slice(0, first);
    const last = nodes.at(-1);
    return {
      pageInfo: {
        hasNextPage: mine.length > first,
        endCursor: last ? `${last.createdTime} ${last.id}` : null,
      },
      nodes,
    };
  });
}

export async function steps(ids) {
  return grouped(ids, await read("steps", ids), "task_id");
}
