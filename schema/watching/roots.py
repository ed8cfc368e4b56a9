"""The root of what can be watched: one declared line each, naming the resolver."""

from collections.abc import AsyncGenerator

import strawberry

from resolvers.watching import dashboards, events
from schema.types import Task
from schema.watching.events import TaskEvent


@strawberry.type(description="What can be watched, over graphql-transport-ws.")
class Subscription:
    """What can be watched."""

    task_events = strawberry.subscription(
        events.task_events,
        graphql_type=AsyncGenerator[TaskEvent, None],
        description="Every event of one task, in order, from `after` on: first what is stored,"
        " then live; ends with StreamEnd.",
    )
    tasks_events = strawberry.subscription(
        events.tasks_events,
        graphql_type=AsyncGenerator[TaskEvent, None],
        description="The same of up to 50 tasks by one stream: each task's events in order, ended"
        " by its StreamEnd; the tasks take turns. It completes with the last of them. Who may no"
        " longer see one of them gets the error for all: subscribe again without it.",
    )
    application_tasks = strawberry.subscription(
        dashboards.application_tasks,
        graphql_type=AsyncGenerator[Task, None],
        description="Tasks of one application, or of one environment of it: first every unfinished"
        " one and those changed in the last 5 minutes, then each when its status or a step's"
        " changes.",
    )
    org_tasks = strawberry.subscription(
        dashboards.org_tasks,
        graphql_type=AsyncGenerator[Task, None],
        description="The same for all tasks of a team, for dashboards.",
    )
    viewer_tasks = strawberry.subscription(
        dashboards.viewer_tasks,
        graphql_type=AsyncGenerator[Task, None],
        description="The same for all teams that the caller is in, or for what their API token is"
        " bound to. It follows them into teams they join, and out of those they leave.",
    )
