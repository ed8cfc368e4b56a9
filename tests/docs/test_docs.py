"""The documentation is true: its examples run, its tables equal the code's."""

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
import time
import tomllib
import urllib.request
from contextlib import closing
from dataclasses import fields
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from gql import Client, GraphQLRequest
from gql.transport.websockets import WebsocketsTransport
from graphql import OperationDefinitionNode, OperationType, parse, validate
from graphql.execution.values import get_variable_values

import rollway  # first: it puts the rooms on the path
from auth.permissions import MAY, SCOPE_MAY, Action, Role
from db.sealed import SEALED
from engine import plan
from engine.executors.isolation import Isolation, Level
from engine.language import document, keys, reader, syntax
from engine.language import plugin_names as plugins
from engine.language.names import CONTEXTS
from engine.plan import InvalidPipeline
from rollway.api.refusals import STATUSES
from rollway.hooks.deploy_hooks import STATUSES as HOOK_STATUSES
from rollway.keyfile import KeyFile
from rollway.settings import Settings, load
from schema import schema
from schema.catalogue import CATALOGUE
from schema.prices import ENTRY, LIST_SIZE, LIST_SIZES, PRICES, TEXT_CHARACTERS, WRITE, Price

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
INSTALLED = "node_modules"  # whoever tries docs/clients has one there
DOCS = [page for page in ROOT.glob("docs/**/*.md") if INSTALLED not in page.parts]
PAGES = sorted([ROOT / "README.md", ROOT / "README.zh.md", *DOCS])
TRANSLATED = (("README.md", "README.zh.md"), ("docs/api.md", "docs/api.zh.md"))
LANGUAGES = {"sh", "python", "graphql", "json", "yaml", "text"}
NOT_RUN = {"make", "pip", "pipx", "rollway", "export"}  # installs or serves: checked word by word
ADDRESS = "http://127.0.0.1:8000"
WAIT_SECONDS = 30

assert rollway


def names(page: Path) -> str:
    """Return how a page is called in the test's name."""
    return str(page.relative_to(ROOT))


def blocks(text: str) -> list[tuple[str, str]]:
    """Return language and text of the fenced examples."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def read(page: str) -> str:
    """Return the text of a page."""
    return (ROOT / page).read_text()


def anchor_of(head: str) -> str:
    """Return what a link calls a heading."""
    return head.lower().replace(" ", "-")


def table(text: str, name: str) -> list[list[str]]:
    """Return the cells of the table that stands between the marks *name*, without its head."""
    match = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", text, re.DOTALL)
    assert match, f"there is no table {name}"
    return rows(match[1])


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables in *text*, without head and ruler."""
    found = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in found]
    rulers = {index for index, row in enumerate(cells) if set("".join(row)) <= {"-"}}
    heads = {index - 1 for index in rulers}
    return [row for index, row in enumerate(cells) if index not in rulers | heads]


def section(text: str, heading: str) -> str:
    """Return the text below a heading, up to the next one of any level."""
    match = re.search(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, re.DOTALL | re.MULTILINE
    )
    assert match, f"there is no heading {heading}"
    return match[1]


def bash(script: str, folder: Path) -> str:
    """Run *script*; return its output."""
    script = f"set -euo pipefail\nexport PATH={BIN}:$PATH\n{script}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


# ---------------------------------------------------------------- every page


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_example_is_of_a_kind_that_is_checked(page: Path):
    """An example in a language that no test knows would be an example that nobody runs."""
    text = page.read_text()
    assert text.count("\n```") == 2 * len(blocks(text))
    assert {language for language, _ in blocks(text)} <= LANGUAGES


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_lead_somewhere(page: Path):
    """A link within the repository names a file that is there, and a heading that is in it."""
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            heads = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
            assert anchor in map(anchor_of, heads), link


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_files_named_in_text_exist(page: Path):
    """`engine/run.py` in a text is a file of the checkout."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for name in re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", prose):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize(("english", "chinese"), TRANSLATED)
def test_a_translation_has_the_same_examples(english: str, chinese: str):
    """What runs in one language runs in the other."""
    assert blocks(read(english)) == blocks(read(chinese))


@pytest.mark.parametrize(("english", "chinese"), TRANSLATED)
def test_a_translation_has_the_same_headings(english: str, chinese: str):
    """A section that was added to one page is missing in the other."""
    levels = [re.findall(r"^(#+) ", read(page), re.MULTILINE) for page in (english, chinese)]
    assert levels[0] == levels[1]


@pytest.mark.parametrize("page", TRANSLATED[1])
def test_a_long_page_lists_its_headings(page: str):
    """The list at its top leads to each of them, sections of sections indented."""
    text = read(page)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    heads = re.findall(r"^##(#*) (.*)$", prose, re.MULTILINE)
    lines = [f"{'  ' * len(level)}- [{head}](#{anchor_of(head)})" for level, head in heads]
    assert "\n".join(["<!-- contents -->", *lines, "<!-- /contents -->"]) in text


# ---------------------------------------------------------------- examples that are read


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_operations_fit_the_schema(page: Path):
    """A graphql example is valid, and the json behind it are its variables."""
    found = blocks(page.read_text())
    for (language, text), (following, variables) in pairwise([*found, ("", "")]):
        if language != "graphql":
            continue
        tree = parse(text)
        assert validate(schema._schema, tree) == []
        (operation,) = tree.definitions
        assert isinstance(operation, OperationDefinitionNode)
        given = json.loads(variables) if following == "json" else {}
        definitions = operation.variable_definitions or ()
        errors = get_variable_values(schema._schema, definitions, given)
        assert not isinstance(errors, list), errors


def test_every_json_example_follows_an_operation():
    """Variables on their own would not be checked."""
    for page in PAGES:
        found = blocks(page.read_text())
        for (before, _), (language, _) in pairwise(found):
            assert language != "json" or before == "graphql", page


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_pipelines_are_taken_or_refused_as_said(page: Path):
    """A yaml example is a pipeline; one that begins with `# refused:` is refused with that text."""
    for language, text in blocks(page.read_text()):
        if language != "yaml":
            continue
        refused = re.match(r"# refused: (.*)\n", text)
        if refused is None:
            plan.parse(text, path="serverless-pipeline.yaml")
            continue
        with pytest.raises(InvalidPipeline) as caught:
            plan.parse(text, path="serverless-pipeline.yaml")
        assert refused[1] in str(caught.value)


def words_of(block: str) -> list[list[str]]:
    """Return the words of each command."""
    return [line.split() for line in block.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("page", PAGES, ids=names)
def test_commands_that_install_or_serve_exist(page: Path):
    """`make x` is a target, `rollway x --y` a command with that option, `ROLLWAY_X=` a setting."""
    for language, text in blocks(page.read_text()):
        if language != "sh" or words_of(text)[0][0] not in NOT_RUN:
            continue
        for words in words_of(text):
            while "=" in words[0] or words[0] == "export":
                name, _, value = words.pop(0).partition("=")
                if value:
                    known = {"ROLLWAY_DATABASE_URL": "postgres://somebody@127.0.0.1/rollway"}
                    if "CLIENT" in name:  # its other half stands on another line
                        stem = name.rpartition("_")[0]
                        known |= {f"{stem}_ID": "x", f"{stem}_SECRET": "x"}
                    load("serve", {name: value}, {**known, name: value})
                if not words:
                    break
            if words:
                check_command(words)


@cache
def help_of(command: str) -> str:
    """Return what a command says of itself."""
    return bash(f"rollway {command} --help", ROOT)


def check_command(words: list[str]) -> None:
    """Check one command without running it."""
    project = tomllib.loads(read("pyproject.toml"))["project"]
    match words:
        case ["make", target]:
            assert re.search(rf"^{target}:", read("Makefile"), re.MULTILINE), target
        case ["pip" | "pipx", "install", what] if what.endswith(".whl"):
            assert what == f"dist/{project['name']}-{project['version']}-py3-none-any.whl"
        case ["pip", "install", what]:
            name, extra = what.strip("']").split("[")
            assert name == f"dist/{project['name']}-{project['version']}-py3-none-any.whl"
            assert extra in project["optional-dependencies"]
        case ["rollway", command, *rest]:
            text = help_of(command)
            for word in rest:
                assert not word.startswith("--") or f"{word} " in text, word
        case _:
            pytest.fail(f"nobody checks {' '.join(words)}")


# ---------------------------------------------------------------- examples that run


def script_of(page: str, server: Any, folder: Path) -> str:
    """Return the shell examples of *page* as one script for *server*; saves its watch.py."""
    (folder / "backup").mkdir()
    lines = []
    for language, text in blocks(read(page)):
        if language == "python":
            watch = text.replace(ADDRESS.removeprefix("http"), server.url.removeprefix("http"))
            (folder / "watch.py").write_text(watch)
        if language == "sh" and words_of(text)[0][0] not in NOT_RUN:
            lines.append(text)
    script = "".join(lines)
    for documented, real in {
        ADDRESS: server.url,
        "the printed password": server.password,
        "the printed id": server.application,
        "/srv/rollway": str(server.data),
        "/backup": str(folder / "backup"),
    }.items():
        script = script.replace(documented, real)
    return script


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_readme_deploys_and_watches(server, tmp_path: Path):
    """What a newcomer copies from the README ends in a successful deploy that was watched."""
    output = bash(script_of("README.md", server, tmp_path), tmp_path)

    assert re.search(r"^t_\w+$", output, re.MULTILINE)
    assert "Hello from hello" in output
    assert output.endswith("{'status': 'SUCCESS'}\n")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_printed_lines_are_those_in_the_readme(server):
    """`make up` prints what the README shows, but for address, password, id and folder."""
    (shown,) = [text for language, text in blocks(read("README.md")) if language == "text"]
    printed = server.printed[server.printed.index("  Rollway is up.") :].rstrip() + "\n"
    for real, documented in {
        server.url.removeprefix("http"): ADDRESS.removeprefix("http"),
        server.password: "Zk3v9QpLw2aB",
        server.application: "a_18eb2311aa0c286dda42260dfc392b49",
        str(server.data): "/home/you/rollway/data",
    }.items():
        printed = printed.replace(real, documented)

    for level in Level:
        printed = printed.replace(Isolation(level).summary, Isolation(Level.BWRAP).summary)

    assert printed == shown


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_operations_page_runs(server, tmp_path: Path):
    """The health check answers, and the backup is a database with the sample and its key."""
    output = bash(script_of("docs/operations.md", server, tmp_path), tmp_path)

    assert '{"status":"ok"}' in output
    with closing(sqlite3.connect(tmp_path / "backup" / "rollway.sqlite3")) as copy:
        assert ("hello",) in copy.execute("SELECT name FROM application").fetchall()
    assert len(KeyFile(tmp_path / "backup").read()) == 1


def test_a_master_key_as_in_the_settings_page_is_accepted(tmp_path: Path):
    """The command for a key of one's own makes one that the setting takes."""
    (command,) = [text for language, text in blocks(read("docs/settings.md")) if language == "sh"]
    key = bash(command, tmp_path).strip()

    assert load("serve", {"ROLLWAY_MASTER_KEY": key}, {}).master_keys


BY_GRACE = {"Accept", "DeleteTeam"}  # as the page says
SIGN_UP = """mutation($input: SignUpInput!) { signUp(input: $input) {
  ... on SignUpPayload { token } ... on Problem { code message } } }"""
CREATE_TEAM = """mutation($input: CreateOrgInput!) { createOrg(input: $input) {
  ... on CreateOrgPayload { org { id } } ... on Problem { code message } } }"""
INVITE = """mutation($input: InviteMemberInput!) { inviteMember(input: $input) {
  ... on InviteMemberPayload { link } ... on Problem { code message } } }"""
ACCEPT = """mutation($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
  ... on AcceptInvitationPayload { org { id } } ... on Problem { code message } } }"""


class Caller:
    """Ada, who tries the operations of the API page, one after the other, and Grace beside her."""

    def __init__(self, url: str, repository: str) -> None:
        self.url = url
        self.token = ""
        self.api_token = ""
        self.known = {"https://git.example.com/engines/analytical.git": repository}
        self.grace = self.ask(SIGN_UP, username="grace", password="correct horse")["token"]
        self.ask(CREATE_TEAM, self.grace, name="workshop")
        self.invitation = self.ask(INVITE, self.grace, orgName="workshop", role="ADMIN")["link"]

    def ask(self, query: str, token: str = "", /, **given: Any) -> dict[str, Any]:
        """Return what a mutation answers that is not refused."""
        (answer,) = self.send(query, {"input": given}, token).values()
        assert "code" not in answer, answer
        return answer

    def join_the_workshop(self) -> None:
        """Let Ada into Grace's team, as somebody who may take applications."""
        self.ask(ACCEPT, self.token, token=self.invitation.partition("#")[2])

    def send(self, query: str, variables: dict[str, Any], token: str) -> dict[str, Any]:
        """Return the data of an answer without errors."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, headers)
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = json.load(response)
        assert "errors" not in answer, (query, answer)
        return answer["data"]

    def variables(self, text: str) -> dict[str, Any]:
        """Return the variables with real ids in them."""
        for name in sorted(self.known, key=len, reverse=True):
            text = text.replace(f'"{name}"', json.dumps(self.known[name]))
        return json.loads(text)

    def learn(self, data: dict[str, Any]) -> None:
        """Remember the ids of an answer."""
        (answer,) = data.values()
        assert answer, data
        assert "code" not in answer, answer
        self.token = answer.get("token") or self.token
        self.api_token = answer.get("value") or self.api_token
        for session in answer.get("sessions", []):
            if not session["current"]:
                self.known["SESSION_ID"] = session["id"]
        for name, place in {"INVITATION_ID": "invitation", "API_TOKEN_ID": "apiToken"}.items():
            if "id" in answer.get(place, {}):
                self.known[name] = answer[place]["id"]
        if "application" in answer and "id" in answer["application"]:
            self.known["APPLICATION_ID"] = answer["application"]["id"]
        if "task" in answer:
            self.known["TASK_ID"] = answer["task"]["id"]
            self.known.setdefault("EARLIER_TASK_ID", answer["task"]["id"])

    def wait(self) -> None:
        """Return when the last task has ended, or is deleted."""
        end = time.monotonic() + WAIT_SECONDS
        query = "query($id: ID!) { task(id: $id) { completed } }"
        while "TASK_ID" in self.known and time.monotonic() < end:
            task = self.send(query, {"id": self.known["TASK_ID"]}, self.token)["task"]
            if task is None or task["completed"]:
                return
            time.sleep(0.1)
        assert "TASK_ID" not in self.known

    async def subscribe(self, query: str, variables: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the events up to StreamEnd; of a subscription without one only the first."""
        transport = WebsocketsTransport(
            url=f"{self.url.replace('http', 'ws')}/graphql",
            init_payload={"Authorization": f"Bearer {self.token}"},
        )
        events = []
        async with asyncio.timeout(WAIT_SECONDS), Client(transport=transport) as session:
            async for data in session.subscribe(GraphQLRequest(query, variable_values=variables)):
                (event,) = data.values()
                events.append(event)
                if event.get("__typename", "StreamEnd") == "StreamEnd":
                    break
        return events


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_examples_of_the_api_page_succeed_one_after_the_other(server, tmp_path):
    """A new user goes from signing up to leaving a team by what the page says alone."""
    caller = Caller(server.url, (server.data / "sample").as_uri())
    found = blocks(read("docs/api.md"))
    ran, printed = [], []
    for (language, text), (_, variables) in pairwise([*found, ("", "")]):
        if language == "graphql":
            ran.append(try_operation(caller, text, variables))
        if language == "sh":
            caller.wait()
            printed.append(try_script(caller, text, tmp_path))

    written = re.findall(
        r"^(?:query|mutation|subscription) (\w+)", read("docs/api.md"), re.MULTILINE
    )
    assert ran == written
    assert len(set(ran)) == len(ran) > 30
    assert "ada" in printed[-1]
    assert "workshop" in printed[-1]
    assert "engines" not in printed[-1]
    deploying = next(text for _, text in found if "$API_TOKEN" in text)
    with pytest.raises(AssertionError, match="UNAUTHENTICATED"):
        try_script(caller, deploying, tmp_path)  # the token was revoked: the build fails


def try_operation(caller: Caller, text: str, given: str) -> str:
    """Run an operation of the page as whom the page says; return its name."""
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert operation.name
    name = operation.name.value
    variables = caller.variables(given) if operation.variable_definitions else {}
    if name == "Offer":
        caller.join_the_workshop()
    if name not in {"Cancel", "Watch"}:
        caller.wait()
    if operation.operation is OperationType.SUBSCRIPTION:
        events = asyncio.run(caller.subscribe(text, variables))
        if name == "Watch":
            assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
            assert events[-1]["status"] == "CANCELLED"
        return name
    data = caller.send(text, variables, caller.grace if name in BY_GRACE else caller.token)
    if operation.operation is OperationType.MUTATION or name == "Sessions":
        caller.learn(data)
    if name == "Audit":
        actions = {entry["action"] for entry in data["org"]["audit"]["nodes"]}
        assert actions == {
            "MEMBER_JOINED",
            "MEMBER_ROLE_CHANGED",
            "SECRETS_CHANGED",
            "TASK_DISPATCHED",
        }
    return name


def try_script(caller: Caller, text: str, folder: Path) -> str:
    """Run a shell example of the page; return what it prints."""
    given = {
        "TOKEN": caller.token,
        "API_TOKEN": caller.api_token,
        "APPLICATION": caller.known["APPLICATION_ID"],
        "TASK": caller.known["TASK_ID"],
        "BUILD": "42",
    }
    assigned = "".join(f"{name}={value}\n" for name, value in given.items())
    printed = bash(assigned + text.replace(ADDRESS, caller.url), folder)
    if task := re.search(r"t_\w+", printed):
        caller.known["TASK_ID"] = task[0]
    return printed


# ---------------------------------------------------------------- tables


def test_the_settings_table_is_that_of_the_code():
    """Every setting stands in the table once, with both defaults and its help text."""

    def cell(value: str | None) -> str:
        return "none" if value is None else f"`{value}`"

    settings = [each.metadata for each in fields(Settings)]
    expected = [
        [f"`{each['env']}`", cell(each["up"]), cell(each["default"]), each["help"]]
        for each in settings
    ]

    assert table(read("docs/settings.md"), "settings") == expected


@pytest.mark.parametrize("page", ["docs/api.md", "docs/api.zh.md"])
def test_the_permissions_table_is_that_of_the_code(page: str):
    """Role by action, every cell."""
    roles = [Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.OWNER]
    assert f"| | {' | '.join(roles)} |" in read(page)
    expected = [
        [action.value, *("yes" if action in MAY[role] else "" for role in roles)]
        for action in Action
    ]

    assert sorted(table(read(page), "permissions")) == sorted(expected)


@pytest.mark.parametrize("page", ["docs/api.md", "docs/api.zh.md"])
def test_the_scopes_table_is_that_of_the_code(page: str):
    """What an API token may be used for."""
    expected = [
        [f"`{scope}`", "all" if {*may} == {*Action} else ", ".join(a for a in Action if a in may)]
        for scope, may in SCOPE_MAY.items()
    ]

    assert table(read(page), "scopes") == expected


def told(refusal: type[Exception], *, chinese: bool) -> list[str]:
    """Return the cells on a refusal that every table has, behind its code."""
    entry = CATALOGUE[refusal]
    return [
        "" if not entry.retryable else "是" if chinese else "yes",
        entry.chinese if chinese else (refusal.__doc__ or "").strip(),
        entry.remedy.chinese if chinese else entry.remedy.english,
    ]


def problems(*, chinese: bool) -> list[list[str]]:
    """Return the rows of the table of problems."""
    return [
        [f"`{entry.code}`", f"`{entry.problem.__name__}`", *told(refusal, chinese=chinese)]
        for refusal, entry in CATALOGUE.items()
        if entry.problem is not None
    ]


def requests(*, chinese: bool) -> list[list[str]]:
    """Return the rows of the table of refused requests."""
    return [
        [str(STATUSES.get(refusal, "")), f"`{entry.code}`", *told(refusal, chinese=chinese)]
        for refusal, entry in CATALOGUE.items()
        if entry.problem is None and (refusal in STATUSES or refusal not in HOOK_STATUSES)
    ]


def calls() -> list[list[str]]:
    """Return the rows of the table of refused calls of deploy hooks."""
    return [
        [str(status), f"`{CATALOGUE[refusal].code}`", *told(refusal, chinese=False)]
        for refusal, status in HOOK_STATUSES.items()
    ]


@pytest.mark.parametrize("page", ["docs/api.md", "docs/api.zh.md"])
def test_the_problems_table_is_that_of_the_code(page: str):
    """Every refusal with its code, its type, whether to retry, its message and its remedy."""
    assert table(read(page), "problems") == problems(chinese=page.endswith(".zh.md"))


@pytest.mark.parametrize("page", ["docs/api.md", "docs/api.zh.md"])
def test_the_table_of_refused_requests_is_that_of_the_code(page: str):
    """Every refusal that is no problem, with its status where it is an answer of its own."""
    assert table(read(page), "requests") == requests(chinese=page.endswith(".zh.md"))


def test_the_table_of_refused_calls_is_that_of_the_code():
    """Every refusal of a deploy hook."""
    assert table(read("docs/deploy-hooks.md"), "hook refusals") == calls()


def test_every_row_of_the_catalogue_stands_in_a_table():
    """With its code; in one table at least."""
    written = [*problems(chinese=False), *requests(chinese=False), *calls()]

    assert {tuple(told(each, chinese=False)) for each in CATALOGUE} == {
        tuple(row[2:]) for row in written
    }


def prices(*, chinese: bool) -> list[list[str]]:
    """Return the rows of the price table: the fields of one price stand together."""
    fields = {
        Price(): ["其他字段" if chinese else "any other"],
        WRITE: ["其他变更" if chinese else "any other mutation"],
    }
    for name, price in PRICES.items():
        fields.setdefault(price, []).append(f"`{name}`")
    return [
        [f"{price.units:,}", ", ".join(named), besides(price, chinese=chinese)]
        for price, named in sorted(fields.items(), key=lambda each: each[0].units)
    ]


def besides(price: Price, *, chinese: bool) -> str:
    """Return what a price has beside its units."""
    if price.text:
        each = f"1 for each {TEXT_CHARACTERS} characters of `{price.text}`"
        return f"`{price.text}` 每 {TEXT_CHARACTERS} 个字符为 1" if chinese else each
    if price.whole:
        return "其中所选的内容免费" if chinese else "what is selected in it is free"
    if price.entry != ENTRY:
        each = f"{price.entry} for each entry of its page"
        return f"其分页每一项为 {price.entry}" if chinese else each
    return ""


@pytest.mark.parametrize("page", ["docs/api.md", "docs/api.zh.md"])
def test_the_price_tables_are_those_of_the_code(page: str):
    """What each field costs, and how long a list is taken for."""
    chinese = page.endswith(".zh.md")
    sizes = [[f"`{name}`", f"{size}"] for name, size in LIST_SIZES.items()]
    any_other = "其他列表" if chinese else "any other"

    assert table(read(page), "prices") == prices(chinese=chinese)
    assert table(read(page), "list-sizes") == [*sizes, [any_other, f"{LIST_SIZE}"]]


def test_the_table_of_what_is_sealed_is_that_of_the_code():
    """Every column with sealed values, what is in it and what they are bound to."""
    expected = [
        [f"`{each}`", each.shape.value, f"`{each.place(f'<{each.owner}>')}`"] for each in SEALED
    ]

    assert table(read("docs/decisions/0006-sealed-values.md"), "sealed") == expected


def test_the_commands_table_is_that_of_the_program(tmp_path: Path):
    """Every command with what it says of itself; the Chinese page has the same commands."""
    text = bash("COLUMNS=200 rollway --help", tmp_path)
    expected = [list(row) for row in re.findall(r"^    ([a-z-]+)\s+(\S.*)$", text, re.MULTILINE)]
    english = rows(section(read("README.md"), "Install without a checkout"))
    chinese = rows(section(read("README.zh.md"), "不用源码目录安装"))

    assert [[name.removeprefix("`rollway ").strip("`"), said] for name, said in english] == expected
    assert [name for name, _ in chinese] == [name for name, _ in english]


def test_the_pipeline_keys_are_those_of_the_engine():
    """Keys that are taken, ignored and refused, and the plugins: no more and no fewer."""
    text = section(read("docs/pipelines.md"), "Keys")
    cells = [row[0] for row in rows(text)]
    prose = re.sub(r"^```.*?^```$|^\|[^\n]*$", "", text, flags=re.DOTALL | re.MULTILINE)
    named = dict(rows(text))

    assert sorted(cells) == sorted(f"`{key.name}`" for key in (*keys.PIPELINE, *keys.STEP))
    for name in (*keys.LATER, *keys.PIPELINE_FOREIGN, *keys.STEP_FOREIGN):
        assert f"`{name}`" in prose
    assert {f"`{each}`" in named["`plugin`"] for each in plugins.BUILTIN} == {True}


def test_the_functions_are_those_of_the_language():
    """Every function, method and context has a row."""
    text = section(read("docs/pipelines.md"), "Expressions: `${{ }}`")
    called = set(re.findall(r"([A-Za-z]+)\(", "".join(row[0] for row in rows(text))))
    contexts = set(re.findall(r"`([A-Za-z]+)(?:[.`])", text))

    assert called == {*syntax.FUNCTIONS, *syntax.METHODS} - syntax.STATUS_WORDS
    assert contexts >= CONTEXTS
    conditions = section(read("docs/pipelines.md"), "Conditions")
    assert all(f"`{word}()`" in conditions for word in syntax.STATUS_WORDS)


def test_the_pipeline_limits_are_those_of_the_engine():
    """The numbers of the limits table."""
    limits = dict(rows(section(read("docs/pipelines.md"), "Limits")))

    assert limits["the file"].startswith(
        f"{document.DOCUMENT_BYTES_MAX // 1024} KiB, {document.DEPTH_MAX} levels,"
        f" {document.NODES_MAX:,} nodes, {reader.TEXT_CHARACTERS_MAX // 1024**2} Mi"
    )
    assert limits["steps"].startswith(f"{keys.STEPS_MAX}, ")
    assert limits["names in one `env`"] == str(keys.ENV_NAMES_MAX)
    assert limits["a command"].startswith(f"{keys.RUN_BYTES_MAX // 1024} KiB")
    assert limits["`name`, `id`, `working-directory`"].startswith(f"{keys.LABEL_CHARACTERS_MAX:,} ")
