"""Deploys made elsewhere, as they are told of."""

from auth.permissions import Action, NotFound
from control.reports import Report
from db.models import Application, Task
from resolvers.arguments import Input
from resolvers.changing import still
from resolvers.context import Context, Info
from resolvers.trackers.inputs import ReportTaskInput


async def report_task(info: Info, input: Input[ReportTaskInput]) -> Task:  # noqa: A002 (the API's name)
    """Record a deploy made elsewhere, or how it went on; return its task."""
    context = info.context
    application = await _application(context, input)
    resource = input.check()
    team = (await context.owner(application)).name
    return await context.services.reports.report(
        Report(
            actor=context.actor,
            team=team,
            application=application,
            env_name=input.env_name,
            platform=input.platform,
            status=input.status,
            by=await context.membership(team),
            still=await still(context, application, Action.DEPLOY),
            resource=resource,
            message=input.message,
            external_id=input.external_id,
        )
    )


async def _application(context: Context, input: ReportTaskInput) -> Application:  # noqa: A002 (the API's name)
    """Return the application by its team's and its own name, if the caller may deploy it."""
    context.signed_in()
    named = Application.filter(owner_org__name=input.org_name, name=input.application_name)
    found = await named.first()
    if found is None:
        raise NotFound("application")
    return await context.application(found.id, Action.DEPLOY, input.env_name)
