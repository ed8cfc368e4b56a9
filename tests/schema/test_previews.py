"""Previews of a push of a branch or a tag, at services that are played."""

import asyncio

import pytest

from db.models import Application, Environment
from providers import Provider
from tests.hosting import HOSTED, hosting

PREVIEW = """query P($input: TriggerPreviewInput!) { triggerPreview(input: $input) { __typename
  ... on TriggerPreviewPayload { environments { envName matched reason rule task { id } } }
  ... on Problem { code message field retryable }
  ... on InvalidProblem { issues { field message } } } }"""
PUSH = {
    "branches": {"precise": ["main"]},
    "tags": {"include": ["v*"]},
    "paths": ["src/**"],
    "authors": ["ada@*"],
    "messages": ["feat*"],
}


@pytest.fixture
async def acme(world):
    """Return a world with a team's application and its OWNER."""
    owner = await world.api.user("owner")
    application = await world.application(await world.team("acme", owner), "web")
    return world, application, owner


@pytest.fixture
async def hosted(acme, tmp_path):
    """Its repository at GitHub, without an account."""
    async with hosting(Provider.GITHUB, tmp_path) as made:
        await made.connect(acme[1])
        await rule(acme, Provider.GITHUB)
        yield made


async def rule(acme, provider, **more):
    """Give the environment test rules, and live none."""
    rules = {provider.value: {"push": {**PUSH, **more}}}
    await Environment.filter(id=f"{acme[1].id}:test").update(trigger_spec=rules)


async def preview(acme, ref="main", *, viewer=None, language="en", **given):
    """Return what is answered about a push of a ref."""
    world, application, owner = acme
    asked = {"applicationId": application.id, "provider": "GITHUB", "ref": ref, **given}
    data = await world.api.execute(PREVIEW, viewer or owner, language, input=asked)
    return data["triggerPreview"]


async def verdict(acme, ref="main", **given):
    """Return what the environment says that has rules."""
    answer = await preview(acme, ref, **given)
    live, test = sorted(answer["environments"], key=lambda each: each["envName"])
    assert (live["envName"], test["envName"]) == ("live", "test")
    assert not live["matched"]
    assert live["reason"] == f"The environment has no rules for {given['provider'].lower()}."
    assert live["task"] is test["task"] is None
    return test["matched"], test["reason"], test["rule"]


@pytest.mark.parametrize("provider", HOSTED)
async def test_a_ref_is_judged_by_what_the_service_tells(acme, tmp_path, provider):
    """Message, author and files of its newest commit; of a tag nobody knows who would push it."""
    world, application, _ = acme
    name = provider.value
    async with hosting(provider, tmp_path) as hosted:
        await hosted.connect(application, world.api.server.services.vault)
        await rule(acme, provider)
        (hosted.work / "src").mkdir()
        given = {"provider": provider.name}
        await asyncio.to_thread(hosted.commit, "feat: pay", **{"src/pay.py": "1\n"})
        hosted.git("tag", "--annotate", "--message", "one", "v1")
        hosted.git("branch", "dev")
        files = " Not known: changed files; so not judged: paths."
        tells_files = provider is not Provider.CODEUP
        await asyncio.to_thread(hosted.bring)

        reason = 'The branch "main" matches.' + ("" if tells_files else files)
        rule_ = f"{name}.push.branches.precise[0]: main"
        assert await verdict(acme, **given) == (True, reason, rule_)
        assert await verdict(acme, "v1", **given) == (
            True,
            'The tag "v1" matches. Not known: author; so not judged: authors.',
            f"{name}.push.tags.include[0]: v*",
        )
        matched, reason, _ = await verdict(acme, "dev", **given)
        assert (matched, reason) == (False, 'The branch "dev" matches none of the branch rules.')
        await asyncio.to_thread(hosted.commit, "feat: readme", README="1\n")
        matched, reason, _ = await verdict(acme, **given)
        assert matched is not tells_files
        assert reason.startswith("None of the 1 changed files") is tells_files
        await asyncio.to_thread(hosted.commit, "feat: no [skip cd]", **{"src/pay.py": "2\n"})
        matched, reason, _ = await verdict(acme, **given)
        assert (matched, reason) == (False, "The commit message or title says [skip cd].")
        await asyncio.to_thread(hosted.commit, "fix: it", **{"src/pay.py": "3\n"})
        assert (await verdict(acme, **given))[1] == "The message is not asked for."


async def test_without_an_account_it_says_what_is_not_judged(acme, hosted):
    """The ref itself is known to git."""
    await asyncio.to_thread(hosted.commit, "fix: it [skip ci]")
    matched, reason, _ = await verdict(acme, provider="GITHUB")
    assert matched
    assert reason == (
        'The branch "main" matches. Not known: message, author, changed files;'
        " so not judged: skip-markers, messages, authors, paths."
    )


async def test_a_ref_that_is_not_there_is_a_problem(acme, hosted):
    """Of its field; also what is no branch and no tag, and an empty repository."""
    empty = await preview(acme)
    assert (empty["code"], empty["field"]) == ("INVALID", ["ref"])
    commit = await asyncio.to_thread(hosted.commit)
    hosted.git("update-ref", "refs/pull/7/head", "HEAD")
    await asyncio.to_thread(hosted.bring)
    for ref in ("nope", "refs/heads/v1", "refs/pull/7/head", commit, "f" * 40):
        for language in ("en", "zh"):
            answer = await preview(acme, ref, language=language)
            assert (answer["code"], answer["field"]) == ("INVALID", ["ref"]), ref
            assert ref in answer["message"]
    assert (await preview(acme, "a b"))["issues"]


async def test_a_repository_that_cannot_be_reached_is_a_problem(acme, hosted):
    """Which may pass."""
    _, application, _ = acme
    await Application.filter(id=application.id).update(repo_url="http://127.0.0.1:9/a/b.git")
    answer = await preview(acme)
    assert (answer["__typename"], answer["code"]) == ("UpstreamProblem", "UPSTREAM")
    assert answer["retryable"]
    assert "http://127.0.0.1:9/a/b.git" in answer["message"]


@pytest.mark.parametrize(
    "given",
    [
        {"headers": {"X-GitHub-Event": "push"}},
        {"headers": {}, "body": {}},
        {"body": None},
        {"ref": None},
        {"provider": "GIT"},
    ],
)
async def test_a_delivery_or_a_ref(acme, given):
    """One of them."""
    world, application, owner = acme
    asked = {"applicationId": application.id, "provider": "GITHUB", "ref": "main", **given}
    result = await world.api.result(PREVIEW, owner, input=asked)
    if asked.get("body", {}) is None:  # it is not nullable
        assert result.errors
        return
    answer = result.data["triggerPreview"]
    assert answer["code"] == "INVALID"
    (issue,) = answer["issues"]
    assert issue["field"] == (["provider"] if "provider" in given else ["ref"])


async def test_strangers_learn_nothing_of_refs(acme, hosted):
    """Neither whether the application is there nor what its repository has."""
    world, _, _ = acme
    stranger = await world.api.user("stranger")
    assert (await preview(acme, viewer=stranger))["code"] == "NOT_FOUND"
    assert (await preview(acme, viewer=stranger, applicationId="a_none"))["code"] == "NOT_FOUND"
