"""A person's first minutes: the playground in a browser, without the internet."""

import asyncio
import json

import pytest
from playwright.async_api import expect

from tests.cutting import cutting
from tests.journeys.conftest import PASSWORD

WAITS = """
steps:
  - run: echo live
  - run: "%s"
  - run: echo resumed; sleep 1
"""


async def _open(page, label):
    await page.locator(".graphiql-tab-button", has_text=label).click()


async def _execute(page, operation=None):
    """Run the tab's operation, or one of several; GraphiQL needs a moment to know how many."""
    kind = "[aria-haspopup=menu]" if operation else ":not([aria-haspopup])"
    await page.locator(f".graphiql-execute-button{kind}").click()
    if operation:
        await page.get_by_role("menuitem", name=operation, exact=True).click()


async def _type(page, editor, text):
    await page.locator(f"{editor} .CodeMirror").first.click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text(text)


async def _sign_in(page, login, password):
    variables = json.dumps({"login": login, "password": password})
    await _type(page, ".graphiql-editor-tool", variables)
    await _execute(page)


async def _result(page):
    return await page.locator(".result-window .CodeMirror").evaluate(
        "element => element.CodeMirror.getValue()"
    )


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_first_minutes(rollway_up, browser, tmp_path, request):
    """Signing in, deploying and watching each take one click on what stands there already.

    The result shows the stream's end, the steps turn green, and no request leaves the machine.
    """
    page, demo = browser, rollway_up.demo
    expect.set_options(timeout=20_000)
    await page.goto(f"{rollway_up.url}/graphql")
    await expect(page.locator("#viewer")).to_have_text("Not signed in")
    await expect(page.locator(".graphiql-tab-button").first).to_have_text("1 Sign in")

    await _sign_in(page, demo["login"], demo["password"])
    await expect(page.locator("#viewer")).to_have_text("Signed in as demo")
    cookies = await page.context.cookies()
    assert [cookie["httpOnly"] for cookie in cookies] == [True]
    assert "token" not in await _result(page)

    await _open(page, "2 Deploy")
    await _execute(page, "Applications")
    await expect(page.locator(".result-window")).to_contain_text("hello")
    assert demo["application"] in await _result(page)
    await _execute(page, "Deploy")
    await expect(page.locator(".result-window")).to_contain_text("commit")

    await _open(page, "3 Watch")
    await _execute(page)
    await expect(page.locator("#task-status")).to_have_text("SUCCESS")
    steps = page.locator("#steps li")
    await expect(steps).to_have_count(5)
    for number in range(5):
        await expect(steps.nth(number)).to_have_attribute("data-status", "SUCCESS")
        colour = await steps.nth(number).evaluate(_GREEN)
        assert colour, "the step is not green"
    await expect(page.locator(".result-window")).to_contain_text("StreamEnd")
    end = json.loads(await _result(page))["data"]["taskEvents"]
    assert (end["__typename"], end["status"]) == ("StreamEnd", "SUCCESS")
    await expect(page.locator("#log")).to_contain_text("test 5 of 5 passed")

    picture = request.config.getoption("screenshot", None) or tmp_path / "playground.png"
    await page.screenshot(path=picture)

    stored = await page.evaluate("JSON.stringify(localStorage) + location.href")
    assert demo["password"] not in stored
    await page.locator("#sign-out").click()
    await expect(page.locator("#viewer")).to_have_text("Not signed in")
    assert page.requested
    assert page.left == []
    ours = [text for text in page.complaints if not text.startswith("react-remove-scroll-bar")]
    assert ours == []


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_subscription_that_is_typed_is_live(rollway_up, browser, member, repository, gate):
    """Its events come as they happen, and go on when the connection was cut."""
    page = browser
    login = (await member.query("{ viewer { username } }"))["viewer"]["username"]
    application = await member.create_application(repository(WAITS % gate.wait).url)
    async with cutting(rollway_up.url) as proxy:
        await page.goto(f"{proxy.url}/graphql")
        await _sign_in(page, login, PASSWORD)
        await expect(page.locator("#viewer")).to_have_text(f"Signed in as {login}")
        await page.get_by_label("Add tab").click()
        task = await member.deploy(application)
        events = f'taskEvents(taskId: "{task}") {{ __typename seq ... on StepOutput {{ text }} }}'
        await _type(page, ".graphiql-query-editor", f"subscription Live {{ {events} }}")
        await _open(page, "Live")  # its name shows once GraphiQL knows that it is a subscription
        await _execute(page)
        await expect(page.locator("#log")).to_contain_text("live")
        assert proxy.streams == 1
        proxy.cut()
        async with asyncio.timeout(30):
            while proxy.streams < 2:
                await asyncio.sleep(0.05)
        gate.open()
        await expect(page.locator(".result-window")).to_contain_text("StreamEnd")
        log = await page.locator("#log").text_content()
        assert [log.count(each) for each in ("live\n", "resumed\n")] == [1, 1]


# Whether any colour of an element and its markers is mostly green.
_GREEN = """
element => {
  const styles = [null, "::before", "::after"].map((each) => getComputedStyle(element, each));
  const names = ["color", "backgroundColor", "borderTopColor", "borderLeftColor"];
  const parsed = styles.flatMap((style) => names.map((name) => style[name].match(/[\\d.]+/g)));
  return parsed.some((rgb) => rgb && Number(rgb[1]) > 1.2 * Math.max(rgb[0], rgb[2]));
}
"""
