"""What a delivery, or a push of a branch or a tag, would lead to; nothing is stored or deployed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from control.deliveries import Answer, asked
from control.deploys import fresh
from control.hosting.refs import Refs
from control.trigger_spec import read
from control.triggers import Fact, foresee, match
from db.models import Application
from engine.git import Resolved
from providers import Provider, webhooks
from providers.api import Commit
from providers.hooks import Commit as Pushed
from providers.hooks import HookRepository, Person, Push, Tag
from providers.refusal import Refusal


@dataclass(eq=False)
class NotPushed(Refusal):
    """Only a branch or a tag starts deploys when it is pushed, and '{ref}' is neither."""

    ref: str


async def preview(
    application: Application, provider: Provider, headers: Mapping[str, str], body: bytes
) -> list[Answer]:
    """Return what every environment would say to a delivery. Raises a Refusal of `providers`."""
    hook = await asyncio.to_thread(webhooks.parse, provider, headers, body)
    return [
        Answer(each.name, await asyncio.to_thread(match, hook, read(each.trigger_spec)))
        for each in await asked(application)
    ]


async def preview_ref(
    application: Application, provider: Provider, ref: str, refs: Refs
) -> list[Answer]:
    """Return what every environment would say if the newest commit of *ref* were pushed alone.

    Raises ApplicationGone, NotPushed, and what `Refs.resolve` refuses.
    """
    application = await fresh(application.id)
    found = await refs.resolve(application, ref)
    if found.branch is None and found.tag is None:
        raise NotPushed(ref)
    told = await refs.commit(application, found.commit)
    hook = _hook(application, provider, found, told)
    unknown = _unknown(hook, told)
    return [
        Answer(each.name, await asyncio.to_thread(foresee, hook, read(each.trigger_spec), unknown))
        for each in await asked(application)
    ]


def _hook(
    application: Application, provider: Provider, found: Resolved, told: Commit | None
) -> Push | Tag:
    repository = HookRepository(
        application.repo_id,
        application.repo_url,
        application.repo_owner,
        application.repo_name,
    )
    commit = Pushed(found.commit, told.message if told else "")
    if found.branch is None:
        return Tag(
            provider=provider,
            event="tag",
            repository=repository,
            ref=found.ref,
            tag=found.tag or "",
            commit=commit,
            pusher=Person(),
        )
    return Push(
        provider=provider,
        event="push",
        repository=repository,
        ref=found.ref,
        branch=found.branch,
        commit=commit,
        pusher=Person(),
        paths=told.paths if told else None,
        authors=(told.author,) if told else (),
    )


def _unknown(hook: Push | Tag, told: Commit | None) -> frozenset[Fact]:
    """Return what is not known: of a tag who pushes it, else what the service does not tell."""
    unknown = {Fact.MESSAGE} if told is None else set()
    if isinstance(hook, Tag) or not hook.authors:
        unknown.add(Fact.AUTHOR)
    if isinstance(hook, Push) and hook.paths is None:
        unknown.add(Fact.FILES)
    return frozenset(unknown)
