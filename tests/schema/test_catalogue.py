"""The catalogue: of all that clients are refused, in both languages, with a remedy for each."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
import strawberry

from control.deploys import Blocked, Blocker, BlockerKind, Obstacle
from engine import refusal as engine
from engine.git import RepositoryUnreachable
from engine.repository.source import Cause
from providers import headers, payloads, proofs, refusal, webhooks
from resolvers.operations import documents
from resolvers.refusals import NoDelivery, VersionConflict
from rollway.api.refusals import STATUSES
from rollway.hooks.deploy_hooks import STATUSES as HOOK_STATUSES
from schema import requests
from schema.catalogue import CATALOGUE, message
from schema.catalogue.entry import ErrorCode
from schema.errors import Masking
from schema.mutations import mutation
from schema.problems import CODES, Problem, ProblemCode, UnauthenticatedProblem
from schema.reasons import INNER, REASONS
from schema.requests import Misfit
from schema.words import WORDED, WORDS, told

ROOT = Path(__file__).parents[2]
ROOMS = ("auth", "control", "db", "engine", "providers", "resolvers", "schema", "rollway")
FOREIGN = ("engine.", "providers.webhooks", "providers.proofs", "providers.payloads")

# What clients of persisted documents compare, in any language.
COMPARED = (documents.NotKept, documents.NotSupported)

# What may be raised and the catalogue does not name, and why no client meets it.
WITHIN = {
    "auth.remembered.Unproven": "the caller is looked up",
    "auth.identities.LoginTaken": "a page of /oauth answers it",
    "auth.identities.SessionEnded": "a page of /oauth answers it",
    "auth.logins.NotThisTrip": "a page of /oauth answers it",
    "auth.machines.MachineUnknown": "POST /worker answers it",
    "auth.machines.RegistrationRefused": "POST /worker answers it",
    "auth.machines.SessionGone": "POST /worker answers it",
    "control.port.LogFull": "POST /worker answers it",
    "auth.oauth.CodeRefused": "a page of /oauth answers it",
    "auth.oauth.LoginDenied": "a page of /oauth answers it",
    "auth.oauth.LoginRefused": "a page of /oauth answers it",
    "auth.oauth.ServiceDown": "a page of /oauth answers it",
    "auth.oauth.ServiceNonsense": "a page of /oauth answers it",
    "auth.oauth._NoAnswer": "ServiceDown takes its place",
    "control.deliveries.DeliveryGone": "the work on deliveries ends with it",
    "control.deliveries.WebhookChanged": "POST /webhooks answers it",
    "control.deliveries.WebhookUnknown": "POST /webhooks answers it",
    "control.deliveries.WebhookWithoutSecret": "POST /webhooks answers it",
    "control.globs.classes.InvalidClass": "InvalidGlob takes its place",
    "control.globs.reader.InvalidGlob": "an issue of the trigger spec takes its place",
    "control.port.Dismissed": "a worker ends with it",
    "control.queue.submission._OtherWay": "the task is stored the other way",
    "control.port.EventsRefused": "a worker ends its task with it",
    "control.port.LeaseLost": "a worker ends with it",
    "control.port.QueueAway": "a worker tries again",
    "control.port.StoreAway": "a worker tries again",
    "control.remote.wire.Unreadable": "POST /worker answers it",
    "control.schedules.cron.InvalidCron": "an issue of the trigger spec takes its place",
    "control.schedules.due.ScheduleMoved": "the schedules' own work meets it",
    "control.schedules.due.TooManyWaiting": "the schedules' own work meets it",
    "db.moving.Miscounted": "the command ends with it",
    "db.moving.NotEmpty": "the command ends with it",
    "db.vault.NotSealedHere": "whoever opens a value catches it",
    "providers.api.client._NoAnswer": "ServiceDown takes its place",
    "providers.api.refusals.ApiRefusal": "only its kinds are raised",
    "resolvers.integrations.arrivals.AccountDenied": "a page of /oauth answers it",
    "resolvers.operations.documents.DocumentRefused": "only its kinds are raised",
    "rollway.api.streams._Interrupted": "the stream says its last words",
    "rollway.body.BodiesFull": "POST /webhooks and POST /worker answer it",
    "rollway.connections.listening.CannotListen": "the command ends with it",
    "rollway.connections.seats.Full": "TooManyStreams takes its place, or a socket closes with it",
    "rollway.forge.dialect.Absent": "`rollway forge` answers it",
    "rollway.forge.dialect.Unfit": "`rollway forge` answers it",
    "rollway.forge.repositories.GitFailed": "`rollway forge` meets it",
    "rollway.heads.Unreadable": "the command ends with it",
    "rollway.keyfile.BadKeyFile": "the command ends with it",
    "rollway.oauth.NextElsewhere": "a page of /oauth answers it",
    "rollway.pipeline.Unreadable": "the command ends with it",
    "rollway.remote.enrolment.NotEnrolled": "a worker ends with it",
    "rollway.remote.line.Unreachable": "a worker tries again",
    "rollway.remote.refusals.NotYours": "POST /worker answers it",
    "rollway.remote.sending.NotSent": "a step's error says it",
    "rollway.sample.NoGit": "the command ends with it",
    "rollway.setting.BadSetting": "the command ends with it",
    "rollway.sockets.along.NotShared": "who watches is answered alone",
    "rollway.sockets.messages.Malformed": "a socket closes with it",
    "rollway.refused.Refused": "the command ends with it",
    "schema.compiling.run.Uncompiled": "the GraphQL library answers instead",
    "rollway.connections.heads.BadHead": "the connection says so, and ends",
    "schema.planning.declared.Unplanned": "functions answer instead",
}


def full(kind: type) -> str:
    """Return a class's whole name."""
    return f"{kind.__module__}.{kind.__qualname__}"


def exceptions() -> Iterator[type[Exception]]:
    """Yield every exception that the rooms below the API define."""
    for room in ROOMS:
        package = importlib.import_module(room)
        for found in pkgutil.walk_packages(package.__path__, f"{room}."):
            if ".migrations" in found.name or found.name == "engine.executors.container":
                continue
            for kind in vars(importlib.import_module(found.name)).values():
                ours = isinstance(kind, type) and kind.__module__ == found.name
                if ours and issubclass(kind, Exception):
                    yield kind


def test_every_refusal_is_catalogued_or_said_to_stay_within():
    """A new one is either a row of the catalogue, or has a reason here why no client meets it.

    Those of a running task end in its log; those of a delivery within NoDelivery, or its answer.
    """
    found = {kind for kind in exceptions() if not full(kind).startswith(FOREIGN)}
    found -= {refusal.Refusal, headers.HeaderMissing, headers.HeaderUnusable}

    assert {full(kind) for kind in found - CATALOGUE.keys()} == WITHIN.keys()


def test_no_kind_of_a_refusal_is_forgotten():
    """A refusal of another one's kind has its own row: it is looked up by its exact type."""
    kinds = {kind for kind in exceptions() for base in kind.__mro__[1:] if base in CATALOGUE}

    assert kinds <= CATALOGUE.keys()


def test_every_problem_has_its_code():
    """One code for a type, and no type without; no code that no refusal has."""
    assert set(CODES) == set(Problem.__subclasses__())
    assert len(set(CODES.values())) == len(CODES)
    assert {each.code for each in CATALOGUE.values()} == {*ProblemCode, *ErrorCode}


def test_what_has_a_status_or_a_time_is_catalogued():
    """The tables of the doors have no refusal of their own; who is told when tries again."""
    assert {*STATUSES, *HOOK_STATUSES} <= CATALOGUE.keys()
    timed = {kind for kind in CATALOGUE if "retry_after" in facts_of(kind)}
    assert timed >= {requests.Leaving, requests.TooManyStreams}
    assert all(CATALOGUE[kind].retryable for kind in timed)


def placeholders(text: str) -> set[str]:
    """Return the names that a text is filled with."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def is_chinese(text: str) -> bool:
    """Tell whether there is Chinese in it."""
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def facts_of(kind: type) -> set[str]:
    """Return what a refusal's texts can be filled with."""
    derived = {name for name, value in vars(kind).items() if isinstance(value, property)}
    return set(getattr(kind, "__dataclass_fields__", ())) | derived


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.__name__)
def test_every_refusal_speaks_both_languages(kind):
    """English is the docstring, Chinese stands in the catalogue; what to do stands beside."""
    entry, english = CATALOGUE[kind], (kind.__doc__ or "").strip()
    remedy = entry.remedy

    assert is_chinese(entry.chinese) or (kind in COMPARED and entry.chinese == english)
    assert is_chinese(remedy.chinese)
    assert not is_chinese(english + remedy.english)
    assert placeholders(remedy.english) == placeholders(remedy.chinese)
    assert placeholders(english + remedy.english) <= facts_of(kind)
    assert placeholders(english) == placeholders(entry.chinese)
    assert english.endswith(".") or kind in {*COMPARED, Misfit}
    assert remedy.english.endswith(".")


@pytest.mark.parametrize("kind", INNER, ids=lambda kind: kind.__name__)
def test_what_is_told_within_another_refusal_is_chinese(kind):
    """As in NoDelivery: the same facts in both languages."""
    assert is_chinese(INNER[kind])
    assert placeholders(INNER[kind]) == placeholders(kind.__doc__)


def test_every_refusal_of_a_delivery_can_be_told():
    """Those of reading it and of proving it."""
    found = {
        kind
        for room in (headers, payloads, proofs, webhooks)
        for kind in vars(room).values()
        if isinstance(kind, type) and issubclass(kind, refusal.Refusal)
    } - {refusal.Refusal, proofs.Unproven}

    assert found == INNER.keys()


def reasons() -> list[engine.Reason | refusal.Reason]:
    """Return every reason of ours."""
    list(exceptions())  # has every module been imported
    return [
        member
        for base in (engine.Reason, refusal.Reason)
        for kind in base.__subclasses__()
        if not kind.__module__.startswith("rollway")
        for member in kind
    ]


@pytest.mark.parametrize("reason", reasons(), ids=repr)
def test_every_reason_speaks_both_languages(reason):
    """With the same facts; what has no English word needs no Chinese."""
    assert placeholders(REASONS[reason]) == placeholders(reason)
    words = re.sub("{.*?}", "", reason).removeprefix("its content-type")
    assert is_chinese(REASONS[reason]) or not re.search("[a-z]{2}", words)


SENTENCE = re.compile("[a-z]{2,} [a-z]{2,}")


def inner() -> Iterator[Exception]:
    """Yield every refusal that is told within another."""
    for kind in INNER:
        made = kind.__new__(kind)
        vars(made).update(dict.fromkeys(kind.__dict__.get("__dataclass_fields__", ()), 1))
        yield made


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.__name__)
def test_no_chinese_message_holds_an_english_sentence(kind):
    """Filled with every reason and every word of ours; names and numbers are 1 here."""
    filled_in = [each.of(**dict.fromkeys(placeholders(each), 1)) for each in reasons()]
    texts = (CATALOGUE[kind].chinese, CATALOGUE[kind].remedy.chinese)
    for names, facts in (({"reason", "what"}, (*filled_in, *inner())), (WORDED, WORDS)):
        for fact in facts:
            given = {
                name: told(name, fact, "zh") if name in names else 1 for name in facts_of(kind)
            }
            shown = re.sub("`[^`]*`", "", "".join(texts).format(**given))
            assert not SENTENCE.search(shown), shown


def calls() -> Iterator[tuple[str, str, ast.expr]]:
    """Yield where a catalogued refusal is made, which, and each argument."""
    names = {kind.__name__ for kind in (*CATALOGUE, *INNER)}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    name = ast.unparse(node.func).rpartition(".")[2]
                    for argument in (*node.args, *(each.value for each in node.keywords)):
                        if name in names:
                            yield f"{path.relative_to(ROOT)}:{node.lineno}", name, argument


def test_refusals_are_made_of_words_that_can_be_told():
    """A reason is one of an enumeration: a text would be English in a Chinese message."""
    loose = [
        f"{place} {name}({ast.unparse(argument)})"
        for place, name, argument in calls()
        if isinstance(argument, ast.JoinedStr)
        or (
            isinstance(argument, ast.Constant)
            and isinstance(argument.value, str)
            and argument.value not in WORDS
            and name != "Entry"
        )
    ]

    assert loose == []


def is_made_by_hand(node: ast.AST) -> bool:
    """Tell whether it is an entry of `errors` with words of its own."""
    match node:
        case ast.Call(func=func, keywords=given) if ast.unparse(func).endswith("GraphQLError"):
            return "extensions" in {each.arg for each in given}
        case ast.Dict(keys=keys):
            return {"message", "extensions"} <= {getattr(each, "value", None) for each in keys}
    return False


def test_no_error_is_made_by_hand():
    """All entries of `errors` come from the one function that knows the catalogue."""
    made = [
        f"{path.relative_to(ROOT)}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if is_made_by_hand(node)
    ]

    assert made == ["schema/catalogue/__init__.py"]


def test_what_is_not_ours_is_quoted():
    """Git's words, or a service's, stand in quotation marks in Chinese."""
    assert told("reason", "no such thing", "zh") == "“no such thing”"
    assert told("reason", "no such thing", "en") == "no such thing"
    assert told("username", "team", "zh") == "team"


NO_JSON = payloads.PayloadFlaw.NO_JSON.of(line=1, column=2)
BLOCKED = Blocked(
    (
        Blocker(BlockerKind.EXPIRED_PLAN, Obstacle.NO_PLAN),
        Blocker(BlockerKind.MISSING_SECRET, Obstacle.NO_SECRETS.of(names="A, B")),
    )
)


@pytest.mark.parametrize(
    ("met", "english", "chinese"),
    [
        (
            NoDelivery(payloads.InvalidPayload(payloads.Part.BODY, NO_JSON)),
            (
                "That is no delivery of this service: The delivery cannot be read: its body is"
                " no JSON (line 1, column 2)."
            ),
            "这不是该服务发送的推送:无法读取:正文 不是 JSON(第 1 行,第 2 列)。",
        ),
        (
            BLOCKED,
            (
                "The task cannot be rolled back to exactly as it was (The task has no sealed plan;"
                " Secrets it used are gone: A, B)."
            ),
            "无法按原样回滚到该任务(该任务没有封存的计划;它用过的密钥已不存在:A, B)。",
        ),
        (
            RepositoryUnreachable("https://example.com/a", Cause.SLOW.of(seconds=5.0)),
            "The repository https://example.com/a could not be reached: no answer within 5 s.",
            "无法访问仓库 https://example.com/a:5 秒内没有回答。",
        ),
        (
            RepositoryUnreachable("https://example.com/a", "not found"),
            "The repository https://example.com/a could not be reached: not found.",
            "无法访问仓库 https://example.com/a:“not found”。",
        ),
    ],
    ids=["delivery", "blocked", "ours", "git's"],
)
def test_reasons_are_told_in_the_language_of_the_message(met, english, chinese):
    """Those within another refusal, those in a row, those with numbers; git's own are quoted."""
    assert message(met, "en") == english
    assert message(met, "zh") == chinese


async def _refuse() -> None:
    raise VersionConflict(3)


async def test_a_problem_that_is_not_declared_is_no_fault(sqlite_api, caplog):
    """It is an error with its code and remedy, and the log says what the schema lacks."""

    @strawberry.type
    class MadePayload:
        done: bool

    field = mutation(
        _refuse, MadePayload, MadePayload, UnauthenticatedProblem, description="Refuses."
    )
    kind = strawberry.type(type("Mutation", (), {"__annotations__": {}, "make": field}))
    query = strawberry.type(type("Query", (), {"__annotations__": {"a": int}, "a": 1}))
    built = strawberry.Schema(query=query, mutation=kind, extensions=[Masking])
    result = await built.execute(
        "mutation { make { __typename } }", context_value=sqlite_api.context(None)
    )
    (error,) = result.errors

    assert error.message == message(VersionConflict(3), "en")
    assert error.extensions["code"] == "CONFLICT"
    assert error.extensions["remedy"].startswith("Read it again")
    record, *_ = caplog.records
    assert record.levelname == "ERROR"  # which tests look for in the logs of their servers
    assert record.getMessage() == "make does not declare the problem of VersionConflict"
    caplog.clear()
