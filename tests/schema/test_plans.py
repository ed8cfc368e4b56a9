"""How PostgreSQL finds rows among 50,000 tasks: by an index, and not many more than are shown."""

import json
import logging
import re
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from pathlib import Path

import asyncpg
import pytest
from tortoise import connections
from tortoise.transactions import in_transaction

import db
from auth import sessions, viewer
from control import retention
from control.hosting import statuses
from control.packing import PIECE, Packer
from control.port import Reach, Watched
from control.queue.presence import Stranded
from control.watching import changes
from db.models import User
from engine.events import Planned, StepChanged, TaskChanged, now
from engine.state import StepStatus, TaskStatus
from resolvers.operations.reads import Reads
from schema import schema
from tests import large
from tests.conftest import _api
from tests.oddities import cursor

PAGES = Path(__file__).parents[2] / "benchmarks" / "reading"
PAGE = 20
READ_MAX = 1_000  # rows of tables that grow: so few, the database may also sort
TEAM = (large.SMALL + 1) * 2 * (PAGE + 1)  # of two values a page of each application
WAITING = 2 * large.WAITING  # what looks at all that waits
GROWING = {"task", "step", "task_event", "log_chunk", "audit_entry", "delivery", "session"}
READING = {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan"}
NEVER_USED = set()
LOOKING = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH)\b")
# What is done by a function, or by a row of its own number, cannot be done twice.
CALLING = re.compile(r"procrastinate_\w+_v\d\(|INSERT INTO")

TASKS = "{ nodes { id status createdTime } pageInfo { hasNextPage } }"
INFORMED = "{ nodes { id status } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"
LISTED = """query ($where: TaskFilter, $first: Int, $last: Int, $after: String, $before: String) {
  %s { tasks(first: $first, last: $last, after: $after, before: $before, where: $where) %s } }"""
WHERE = {
    "envName": "live",
    "statuses": ["LOST", "CANCELLED"],
    "triggerTypes": ["rollback", "schedule"],
    "createdAfter": "2026-01-01T00:10:00Z",
    "createdBefore": "2026-01-30T00:00:00Z",
}
# Of these there is no index: what lies between the rows that are shown is read, of one environment,
# or of the values of one of the two.
BETWEEN = [{"envName", "triggerTypes"}, {"statuses", "triggerTypes"}]
# And of these there is one for each: nothing is read that is not shown.
OF_AN_INDEX = [
    (*names, *times)
    for names in ((), ("envName",), ("statuses",), ("envName", "statuses"))
    for times in ((), ("createdBefore",), ("createdAfter",))
]
PLACE = cursor("2026-01-15T00:00:00+00:00", "t_20160")
WINDOWS = (
    {"first": PAGE},
    {"last": PAGE},
    {"first": PAGE, "after": PLACE},
    {"last": PAGE, "before": PLACE},
)
AUDIT_PLACE = cursor("10000", "org:acme#0000010000")
ORG = '{ org(name: "acme") { %s } }'
APPLICATION = '{ application(id: "a_0") { %s } }'
OTHERS = {
    "environments": APPLICATION
    % f"environments {{ queue(first: 20) {TASKS} activeTask {{ id }} latestTask {{ id }} }}",
    "search": ORG
    % 'applications(first: 20, search: "pp19") { nodes { id tasks { nodes { id } } } }',
    "applications": ORG % "applications(last: 20) { nodes { name } }",
    "members": ORG % "members(first: 20) { nodes { user { orgs(first: 5) { nodes { name } } } } }",
    "around": ORG % "invitations { id } workers { running } offers { name } secrets { key }",
    "audit": ORG % "audit(first: 20) { nodes { seq } }",
    "audit back": ORG % "audit(last: 20) { nodes { seq } }",
    "audit behind": ORG % f'audit(first: 20, after: "{AUDIT_PLACE}") {{ nodes {{ seq }} }}',
    "acts": ORG % "audit(first: 20, acts: [ORG_DELETED, SECRETS_CHANGED]) { nodes { seq } }",
    "act": ORG % "audit(first: 20, acts: [ORG_DELETED]) { nodes { seq } }",
    "actor": ORG % 'audit(first: 20, actor: "user7") { nodes { seq } }',
    "deliveries": APPLICATION % "deliveries(first: 20) { nodes { id } }",
    "deliveries back": APPLICATION % "deliveries(last: 20) { nodes { id } }",
    "events": '{ task(id: "t_00100") { events(after: 2000, first: 20) { events { seq } } } }',
    "log": '{ task(id: "t_00101") { steps { log(first: 20) { lines { text } } } } }',
    "viewer": "{ viewer { sessions { id } apiTokens { id } audit { nodes { seq } } } }",
    "nodes": '{ a: node(id: "t_00100:1") { id } b: node(id: "d_9") { id } c: node(id: "") { id } }',
}


class Plans:
    """Collects statements with their values, and how the database runs each."""

    def __init__(self):
        self.sent = []
        self.used = set()  # indexes
        self.faults = []

    async def look(self, name, most):
        """Explain what was sent since the last look, and note what reads more than *most* rows."""
        sent, self.sent = self.sent, []
        for sql, values in sent:
            if not LOOKING.match(sql) or CALLING.search(sql):
                continue
            plan = await self._explained(sql, values)
            nodes = list(below(plan))
            self.used |= {each["Index Name"] for each in nodes if "Index Name" in each}
            read = sum(map(rows_read, nodes))
            whole = {each["Relation Name"] for each in nodes if each["Node Type"] == "Seq Scan"}
            if read > most or whole & GROWING:
                self.faults.append((name, int(read), whole, sql))
        self.sent.clear()

    async def _explained(self, sql, values):
        explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}"
        marks = {*re.findall(r"\$\d+", sql)}
        values = values if len(marks) == len(values or ()) else values[0]  # of many, the first
        async with in_transaction() as connection:
            rows = await connection.execute_query_dict(explained, values)
            await connection.rollback()
        plan = rows[0]["QUERY PLAN"]
        return (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]


def below(plan):
    """Yield the nodes of a plan."""
    yield plan
    for each in plan.get("Plans", ()):
        yield from below(each)


def rows_read(node):
    """Return how many rows a node of a plan took from a table that grows."""
    if node["Node Type"] not in READING or node["Relation Name"] not in GROWING:
        return 0
    found = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return node["Actual Loops"] * sum(node.get(each, 0) for each in found)


@pytest.fixture
async def filled(postgres_url, tmp_path):
    """The API on the large database."""
    connection = await asyncpg.connect(postgres_url)
    for statement in large.STATEMENTS:
        await connection.execute(statement)
    await connection.execute("ANALYZE")
    await connection.close()
    async with db.connect(postgres_url):
        yield _api(tmp_path, postgres_url)


@pytest.fixture
def plans():
    """Collect what is sent from now on."""
    found = Plans()

    class Collector(logging.Handler):
        def emit(self, record):
            if len(record.args) == 2 and isinstance(record.args[0], str):
                found.sent.append(record.args)

    logger, handler = logging.getLogger("tortoise.db_client"), Collector()
    before = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    logger.propagate = False
    yield found
    logger.propagate = True
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_no_statement_reads_much_more_than_is_shown(filled, plans):
    """Pages, lists, orders, filters, and what the server does by itself; each index is for one.

    In one test: it takes longer to fill the database than to look.
    """
    user = await User.get(id="u_0")
    await looked_at(filled, user, plans)
    await lists(filled, user, plans)
    await by_statements_of_ours(filled, user)
    await done_by_itself(filled, plans)
    await deployed(filled, plans)

    assert plans.faults == []
    assert await unused(plans.used) == NEVER_USED


async def looked_at(api, user, plans):
    """Look at the pages of a single-page application, and at all other lists."""
    for name, most in (("dashboard", 3_000), ("application", READ_MAX), ("task", READ_MAX)):
        page = (PAGES / f"{name}.graphql").read_text()
        given = {"first": 10, "id": "t_00100" if name == "task" else "a_0"}
        wanted = {key: value for key, value in given.items() if f"${key}:" in page}
        await api.execute(page, user, **wanted)
        await plans.look(name, most)
    for name, query in OTHERS.items():
        await api.execute(query, user)
        await plans.look(name, READ_MAX)


async def lists(api, user, plans):
    """Look at the tasks of the largest application, and of its team, by every filter."""
    filters = [each for size in range(4) for each in combinations(WHERE, size)]
    for names, window in product(filters, WINDOWS):
        where = {name: WHERE[name] for name in names}
        if any(each <= {*names} for each in BETWEEN):
            continue
        await api.execute(LISTED % ('application(id: "a_0")', TASKS), user, where=where, **window)
        await plans.look(f"application, {names}, {[*window]}", READ_MAX)
        if len(names) < 2:
            await api.execute(LISTED % ('org(name: "acme")', TASKS), user, where=where, **window)
            await plans.look(f"team, {names}, {[*window]}", TEAM)


async def by_statements_of_ours(api, user):
    """Look at what the database answers by itself: lists, by plans that are made for any values."""
    made = api.context(user)
    bounds = replace(made.services.bounds, reads=Reads.PLANNED)
    made.services = replace(made.services, bounds=bounds)
    query = LISTED % ('application(id: "a_0")', INFORMED)
    for names, window in product(OF_AN_INDEX, WINDOWS):
        where = {name: WHERE[name] for name in names}
        async with in_transaction() as connection:
            await connection.execute_script("SET LOCAL plan_cache_mode = force_generic_plan")
            before = await tasks_read(connection)
            assert await schema.planned(query, {"where": where, **window}, None, made)
            read = await tasks_read(connection) - before
        most = (PAGE + 2) * (len(WHERE["statuses"]) if "statuses" in names else 1)
        assert read <= most, (names, [*window], read)


async def tasks_read(connection):
    """Return how many rows of tasks this transaction has read."""
    sql = """SELECT seq_tup_read + idx_tup_fetch AS read FROM pg_stat_xact_user_tables
      WHERE relname = 'task'"""
    return (await connection.execute_query_dict(sql))[0]["read"]


async def done_by_itself(api, plans):
    """Have the server do once what it does again and again."""
    server = api.server
    _, token = await sessions.start(await User.get(id="u_5"))
    await viewer.find(token)
    await plans.look("sessions", READ_MAX)
    await server.services.deliveries._turns()
    await server.services.deliveries.prune()
    await server._schedules._soon()
    await statuses._due([])
    await retention.prune(100_000)
    await plans.look("what is due", READ_MAX)
    await Packer().pack()
    await plans.look("what is not packed", 2 * PIECE)
    await server.queue.reap()
    await Stranded(server.pubsub, server.workers).look()
    await server.metrics.page()
    await plans.look("what waits", WAITING)
    for watched in (
        Watched(application_id="a_0"),
        Watched(org_name="acme"),
        Watched(user_id="u_0"),
    ):
        for since in (None, datetime.now(UTC) - timedelta(seconds=2)):
            following = changes.follow(watched, since, server.pubsub, 1)
            async with aclosing(following):
                async for each in following:
                    if isinstance(each, changes.Shown):
                        break
            await plans.look(f"{watched} since {since}", WAITING)


async def deployed(api, plans):
    """Deploy, and run the task to its end."""
    given = {"applicationId": "a_o7", "envName": "test", "commit": "c" * 40}
    text = """mutation ($input: DeployInput!) { deploy(input: $input) {
      ... on DeployPayload { task { id } } ... on Problem { message } } }"""
    answer = await api.execute(text, await User.get(id="u_7"), input=given)
    assert "task" in answer["deploy"], answer
    await plans.look("deploy", READ_MAX)
    queue = api.server.queue
    given = await queue.claim("w_1", reach=Reach("team7"))
    assert given
    await plans.look("claim", WAITING)
    began = StepChanged(time=now(), index=0, status=StepStatus.RUNNING)
    planned = Planned(time=now(), steps=("a", "b"), pipeline="", commit="c" * 40)
    await queue.append(given.lease, 0, [began, planned])
    await queue.finish(given.lease, TaskChanged(time=now(), status=TaskStatus.FAILURE))
    await plans.look("run", READ_MAX)


async def unused(used):
    """Return the indexes of what grows that no plan used, but those that keep values apart."""
    sql = """SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      JOIN pg_class t ON t.oid = i.indrelid WHERE NOT i.indisunique AND t.relname = any($1)"""
    rows = await connections.get("default").execute_query_dict(sql, [sorted(GROWING)])
    return {row["name"] for row in rows} - used
