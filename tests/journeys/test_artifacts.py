"""What a task keeps is downloaded by whoever sees the task, and by nobody else."""

import io
import tarfile

import httpx2

PIPELINE = """
steps:
  - run: mkdir dist && echo built > dist/app.js
    artifacts: {name: site, paths: dist}
"""
KEPT = "query K($id: ID!) { task(id: $id) { artifacts { name sizeBytes url } } }"


async def fetch(url, token=None, **headers):
    """Return the answer to a download."""
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx2.AsyncClient() as client:
        return await client.get(url, headers=headers)


async def test_an_artifact_is_listed_and_downloaded(member, repository):
    """Its address stands in the API; the file is a tar archive that no browser would show."""
    application = await member.create_application(repository(PIPELINE).url)
    task_id, events = await member.run(application)
    assert events[-1]["status"] == "SUCCESS", events
    (kept,) = (await member.query(KEPT, id=task_id))["task"]["artifacts"]
    assert kept["name"] == "site"
    answer = await fetch(kept["url"], member.token)
    assert answer.status_code == 200
    assert len(answer.content) == kept["sizeBytes"]
    assert answer.headers["content-disposition"] == 'attachment; filename="site.tar"'
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"] == "private, no-store"
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        assert archive.extractfile("source/dist/app.js").read() == b"built\n"


async def test_strangers_learn_nothing(member, member_of, rollway_up, repository):
    """To them an artifact is like one that was never there; guests are told to sign in."""
    application = await member.create_application(repository(PIPELINE).url)
    task_id, _ = await member.run(application)
    (kept,) = (await member.query(KEPT, id=task_id))["task"]["artifacts"]
    stranger = await member_of(rollway_up)
    nowhere = kept["url"].replace(task_id, "t_" + "0" * 32)
    answers = [await fetch(url, stranger.token) for url in (kept["url"], nowhere)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert (
        answers[0].text == answers[1].text == "There is no artifact 'site' of this task (any more)."
    )
    for token in (None, "not-a-token"):
        answers = [await fetch(url, token) for url in (kept["url"], nowhere)]
        assert [answer.status_code for answer in answers] == [401, 401]
    for path in ("../../secret.key", "..%2f..%2fsecret.key", "%2e%2e", "site.tar", "site%00"):
        url = kept["url"].removesuffix("site") + path
        assert (await fetch(url, member.token)).status_code == 404


async def test_another_sites_page_cannot_use_the_cookie(member, rollway_up):
    """A request that a browser sends for another origin is refused."""
    cookie = {"Cookie": f"rollway_session={member.token}", "Origin": "https://evil.example"}
    answer = await fetch(f"{rollway_up.url.removesuffix('/graphql')}/artifacts/t/x", **cookie)
    assert answer.status_code == 403
