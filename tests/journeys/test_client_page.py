"""The page of docs/clients, made with react-relay, in a real browser."""

import asyncio
import random
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.async_api import expect

from tests.cutting import cutting
from tests.journeys.conftest import PASSWORD

CUTS = 3
WAITS = """
steps:
  - run: echo live
  - run: "%s"
  - run: for i in $(seq 60); do echo line $i; sleep 0.02; done
"""


@pytest.fixture
def origin(client_kit):
    """Yield where the page is served."""
    handler = partial(SimpleHTTPRequestHandler, directory=client_kit / "page")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_page_shows_a_deploy_live_over_lost_connections(
    rollway_of, origin, member_of, repository, gate, browser
):
    """It signs in from another origin, deploys, shows events as they come, each once, and pages."""
    server = rollway_of(settings={"ROLLWAY_CORS_ORIGINS": origin})
    await asyncio.to_thread(server.start)
    member = await member_of(server)
    login = (await member.query("{ viewer { username } }"))["viewer"]["username"]
    application = await member.create_application(repository(WAITS % gate.wait).url)
    earlier = [await member.deploy(application, envName="default") for _ in range(3)]
    for task in earlier:
        await member.done("cancelTask", "task { id }", taskId=task)

    chance = random.Random("page")
    cuts = [chance.randint(300, 900) for _ in range(CUTS)]
    async with cutting(server.url, cuts) as proxy:
        await browser.goto(f"{origin}/?url={proxy.url}/graphql")
        for field, text in (("login", login), ("password", "wrong"), ("application", application)):
            await browser.locator(f"[name={field}]").fill(text)
        await browser.get_by_role("button", name="Sign in").click()
        await expect(browser.get_by_role("alert")).to_contain_text("password")
        await browser.locator("[name=password]").fill(PASSWORD)
        await browser.get_by_role("button", name="Sign in").click()

        sections = browser.locator("section")
        await expect(sections).to_have_count(2)
        await browser.get_by_role("button", name="Earlier deploys").click()
        await expect(sections).to_have_count(3)
        await browser.get_by_role("button", name="Deploy", exact=True).click()
        await expect(sections).to_have_count(4)
        newest = sections.first
        await expect(newest.get_by_role("heading")).to_have_text("RUNNING")
        await expect(newest.get_by_text("live", exact=True)).to_be_visible()
        gate.open()
        await expect(newest.get_by_role("heading")).to_have_text("SUCCESS")
        await expect(newest.locator("li").last).to_contain_text("StreamEnd")
        shown = await newest.locator("li").all_text_contents()
    assert proxy.streams > CUTS
    journal = await member.pages(await newest.get_attribute("id"))
    wanted = [each.get("text", f"{each['__typename']} {each.get('name', '')}") for each in journal]
    assert shown == wanted
