"""An invitation's link in a browser: whoever is invited signs in on its page and joins."""

import pytest
from playwright.async_api import expect

PASSWORD = "correct horse battery"
INVITE = "invitation { id } link"


@pytest.fixture
def sent(browser):
    """Return the requests of the browser's page, as they come."""
    requests = []
    browser.on("request", lambda request: requests.append(request))  # noqa: PLW0108 (it is given an attribute)
    expect.set_options(timeout=15_000)
    return requests


async def sign_in(page, login, password=PASSWORD):
    """Fill in the page's form and send it."""
    await page.locator("input[name=login]").fill(login)
    await page.locator("input[name=password]").fill(password)
    await page.locator("#sign-in button").click()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_who_is_invited_signs_in_and_joins(rollway_up, member, connect, browser, sent):
    """By a link for one person, which another one cannot use; its token is in no address sent."""
    page, team = browser, member.team
    guest, other = connect(rollway_up), connect(rollway_up)
    name, wrong = await guest.sign_up(), await other.sign_up()
    invited = await member.done("inviteMember", INVITE, orgName=team, username=name, role="VIEWER")
    token = invited["link"].partition("#")[2]
    assert invited["link"] == f"{rollway_up.url}/invitation#{token}"

    response = await page.goto(invited["link"])
    assert (await response.all_headers()).items() >= {
        "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex",
    }.items()
    await expect(page.locator("#said")).to_have_text("Two steps:")
    await expect(page.locator("#join")).to_be_hidden()
    await sign_in(page, wrong, "not the password")
    await expect(page.locator("#problem")).to_contain_text("The name or the password is wrong.")
    await sign_in(page, wrong)
    await expect(page.locator("#said")).to_have_text(f"You are signed in as {wrong}.")
    await page.locator("#accept").click()
    await expect(page.locator("#problem")).to_contain_text("This invitation does not exist")
    await page.locator("#sign-out").click()
    await sign_in(page, name)
    await expect(page.locator("#said")).to_have_text(f"You are signed in as {name}.")
    await expect(page.locator("#problem")).to_be_hidden()
    await page.locator("#accept").click()
    joined = f"You are in the team {team} now, as VIEWER."
    await expect(page.locator("#said")).to_have_text(joined)

    orgs = await guest.query("{ viewer { orgs { nodes { name role } } } }")
    assert orgs["viewer"]["orgs"]["nodes"] == [{"name": team, "role": "VIEWER"}]
    assert page.url == f"{rollway_up.url}/invitation"
    bodies = [request.post_data or "" for request in sent]
    assert [token in body for body in bodies].count(True) == 2
    assert [token in str(await request.all_headers()) for request in sent].count(True) == 0
    assert token not in rollway_up.log
    stored = await page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert stored == '[{},{},""]'
    assert page.left == []
    assert page.complaints == []


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_link_that_is_good_for_nothing_says_so(rollway_up, member, connect, browser):
    """A wrong token, one that was used, none at all; in Chinese for who reads it."""
    expect.set_options(timeout=15_000)
    guest = connect(rollway_up)
    name = await guest.sign_up()
    invited = await member.done("inviteMember", INVITE, orgName=member.team)
    context = await browser.context.browser.new_context(locale="zh-CN")
    page = await context.new_page()

    await page.goto(f"{rollway_up.url}/invitation#rwi_wrong<img src=x>")
    await expect(page.locator("h1")).to_have_text("您被邀请加入一个团队")
    assert await page.locator("html").get_attribute("lang") == "zh"
    await sign_in(page, name)
    await page.locator("#accept").click()
    await expect(page.locator("#problem")).to_contain_text("该邀请不存在")

    await page.goto(invited["link"])  # the same page, behind another #
    await expect(page.locator("#said")).to_contain_text(name)
    await expect(page.locator("#problem")).to_be_hidden()
    await page.locator("#accept").click()
    await expect(page.locator("#said")).to_contain_text(f"{member.team} 的成员,角色为 MEMBER")
    await page.goto(invited["link"])
    await page.locator("#accept").click()
    await expect(page.locator("#problem")).to_contain_text("该邀请不存在")

    await page.goto(f"{rollway_up.url}/invitation#")
    await expect(page.locator("#said")).to_contain_text("此地址中没有邀请")
    await expect(page.locator("#sign-in")).to_be_hidden()
    await context.close()
