"""What a server of somebody's own may say of an account: it is kept and shown."""

import pytest
from starlette.responses import JSONResponse

from control.integrations import ask
from providers import Provider
from providers.api.refusals import Nonsense
from tests.providers.conftest import serving
from tests.providers.script import ANYWHERE, TOKEN, Script

ADA = {"id": 1, "login": "ada"}
LONG = "x" * 256


@pytest.mark.parametrize(
    ("picture", "kept"),
    [
        ("https://pictures.example/ada.png", "https://pictures.example/ada.png"),
        ("javascript:alert(document.domain)", ""),
        ("data:text/html,x", ""),
        ("https://pictures.example/" + "x" * 2_000, ""),
    ],
)
async def test_a_picture_is_an_address_of_the_web(picture, kept):
    """Whoever shows it need not look twice."""
    script = Script(JSONResponse({**ADA, "avatar_url": picture}))
    async with serving(script.app()) as url:
        assert (await ask(Provider.GITEE, TOKEN, url, ANYWHERE)).avatar == kept


@pytest.mark.parametrize(
    ("login", "scopes"),
    [
        (LONG, "repo"),
        ("ada", f"repo, {LONG}"),
        ("ada", ", ".join(["repo", *(f"s{number}" for number in range(100))])),
    ],
)
async def test_what_is_kept_has_bounds(login, scopes):
    """Every look at the team would read it, and the audit log keeps it for ever."""
    answer = JSONResponse({**ADA, "login": login}, headers={"x-oauth-scopes": scopes})
    async with serving(Script(answer).app()) as url:
        with pytest.raises(Nonsense):
            await ask(Provider.GITHUB, TOKEN, url, ANYWHERE)
